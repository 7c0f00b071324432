//! Where components find each other on one machine: each at a port of the loopback of its own.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::addresses::Addresses;
use crate::reading::Resources;
use crate::resources::Identity;

/// Ports of the loopback, one for each resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loopback(BTreeMap<Identity, u16>);

impl Loopback {
    /// A port that is free now for each of these resources, each another one.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn free(resources: &Resources) -> io::Result<Self> {
        let all = resources.all().map(|it| &it.identity);
        // All are held until all are known.
        let held = all.map(|it| Ok((it.clone(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)));
        let held = held.collect::<io::Result<Vec<_>>>()?;
        let ports = held
            .iter()
            .map(|(it, at)| Ok((it.clone(), at.local_addr()?.port())));
        Ok(Self(ports.collect::<io::Result<_>>()?))
    }
}

impl Addresses for Loopback {
    fn url(&self, of: &Identity, port: u16) -> String {
        format!("http://127.0.0.1:{}", self.port(of, port))
    }

    fn port(&self, of: &Identity, port: u16) -> u16 {
        self.0.get(of).copied().unwrap_or(port)
    }

    fn finds_unexposed(&self) -> bool {
        true
    }
}
