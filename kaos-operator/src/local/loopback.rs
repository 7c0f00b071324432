//! Where components find each other on one machine: each at a port of the loopback of its own.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, Socket, Type};

use crate::addresses::Addresses;
use crate::reading::Resources;
use crate::resources::Identity;

/// Ports of the loopback, one for each resource, which nobody else is given for as long as this is there: it is kept as long
/// as their team.
///
/// A socket is bound to each and never listens. On Linux a program that sets `SO_REUSEADDR`, as servers do, listens beside
/// it, and the system gives the port to nobody who asks for any, between a program's end and its next start either. Whoever
/// asks for this port, with that option, may have it while nobody listens; a program without it cannot listen. On
/// other systems two such sockets exclude each other: there a port was free when it was chosen, and no more.
#[derive(Debug)]
pub struct Loopback {
    ports: BTreeMap<Identity, u16>,
    _held: Vec<Socket>,
}

impl Loopback {
    /// A free port for each of these resources, each another one.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn free(resources: &Resources) -> io::Result<Self> {
        let all = resources.all().map(|it| &it.identity);
        // All are held until all are known.
        let (mut ports, mut held) = (BTreeMap::new(), Vec::new());
        for identity in all {
            let (socket, port) = any_port()?;
            ports.insert(identity.clone(), port);
            held.push(socket);
        }
        if cfg!(not(target_os = "linux")) {
            held.clear();
        }
        Ok(Self { ports, _held: held })
    }
}

/// A port that the system gives, and what holds it.
fn any_port() -> io::Result<(Socket, u16)> {
    let socket = bound(0)?;
    let at = socket.local_addr()?.as_socket();
    let at = at.ok_or(ErrorKind::AddrNotAvailable)?;
    Ok((socket, at.port()))
}

/// Whether somebody listens at a port, so that nobody else can.
pub(super) fn is_taken(port: u16) -> bool {
    bound(port).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// A socket that does not listen.
fn bound(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

impl Addresses for Loopback {
    fn url(&self, of: &Identity, port: u16) -> String {
        format!("http://127.0.0.1:{}", self.port(of, port))
    }

    fn port(&self, of: &Identity, port: u16) -> u16 {
        self.ports.get(of).copied().unwrap_or(port)
    }

    fn finds_unexposed(&self) -> bool {
        true
    }
}
