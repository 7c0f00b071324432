//! Under which addresses browsers reach the page, and under which it lets them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use kaos_runner::server::Access;

use crate::output;

/// Where a page is that listens at an address.
pub(super) struct Reached<'r> {
    at: SocketAddr,
    /// What browsers call it besides.
    names: &'r [String],
}

impl<'r> Reached<'r> {
    pub(super) fn new(at: SocketAddr, names: &'r [String]) -> Self {
        Self { at, names }
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.at.ip().to_canonical().is_loopback()
    }

    /// Lets in whoever asks an address that is printed, and nobody who asks another name.
    pub(super) fn access(&self) -> Access {
        let access = Access::new().hosts(self.names.to_vec()).at(self.at);
        if self.is_loopback() {
            return access;
        }
        access.addresses().hosts(["localhost"])
    }

    /// The address for a browser on this machine.
    pub(super) fn here(&self) -> SocketAddr {
        let ip = match self.at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.at.port())
    }

    /// Says where it is for others, where they reach it.
    pub(super) fn say_elsewhere(&self, token: &str) {
        if self.is_loopback() {
            return;
        }
        let port = self.at.port();
        let named = self.names.iter().filter(|it| *it != "*");
        let mut others: Vec<String> = named.map(|it| with_port(it, port)).collect();
        if others.is_empty() && self.at.ip().is_unspecified() {
            match outward(self.at.ip()) {
                Some(ip) => others.push(SocketAddr::new(ip, port).to_string()),
                None => output::say(&format!(
                    "kaos: from elsewhere it is at each address of this machine, port {port}"
                )),
            }
        }
        for other in others {
            output::say(&format!(
                "kaos: from elsewhere: http://{other}/#token={token}"
            ));
        }
    }
}

/// A name with its own port, or else with ours.
fn with_port(name: &str, port: u16) -> String {
    // What stands in brackets is an address of IPv6.
    let after = name.rsplit(']').next().unwrap_or(name);
    if after.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:{port}")
    }
}

/// The address from which this machine would ask others. Nothing is sent: that a socket is connected is this machine's affair.
fn outward(of: IpAddr) -> Option<IpAddr> {
    // Addresses for documentation (RFC 5737, RFC 3849), whose way out is everybody's.
    let there: SocketAddr = match of {
        IpAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        IpAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    };
    let socket = UdpSocket::bind((of, 0)).ok()?;
    socket.connect(there).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}
