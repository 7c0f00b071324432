//! The authority of a request or an origin: a host, and perhaps a port.

use std::net::{IpAddr, Ipv6Addr};

/// A host in its usual writing, and the port where one was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; `None` where it is none of them. Case and one
    /// dot at the end make no difference.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = match after {
                    "" => None,
                    after => Some(after.strip_prefix(':')?),
                };
                (address.to_string(), port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (name(host)?, Some(port)),
                None => (name(text)?, None),
            },
        };
        let port = match port {
            // As in `http://host:/`.
            None | Some("") => None,
            Some(port) if port.bytes().all(|it| it.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
        };
        Some(Self { host, port })
    }

    /// Whether it is this machine, however it is written (RFC 6761, 6.3).
    pub(super) fn is_loopback(&self) -> bool {
        let address: Result<IpAddr, _> = self.host.parse();
        address.is_ok_and(|it| it.to_canonical().is_loopback())
            || self.host == "localhost"
            || self.host.ends_with(".localhost")
    }

    /// Whether it is an address and no name.
    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether it is that one, whose port matters only if it has one.
    pub(super) fn is(&self, listed: &Self) -> bool {
        self.host == listed.host && (listed.port.is_none() || listed.port == self.port)
    }
}

fn name(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let legal = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_');
    (!host.is_empty() && host.bytes().all(legal)).then(|| host.to_ascii_lowercase())
}

/// Where a web page comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    at: Authority,
}

impl Origin {
    /// Reads `scheme://authority`; `None` for everything else, `null` included.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            at: Authority::read(authority)?,
        })
    }

    /// Whether browsers can send it.
    pub(super) fn is_of_the_web(&self) -> bool {
        usual(&self.scheme).is_some()
    }

    /// Whether the page is of the host that was asked. Who terminates TLS in front of this server makes
    /// the scheme unknown here, so a port that is the scheme's own is as none.
    pub(super) fn is_of(&self, asked: &Authority) -> bool {
        self.at.host == asked.host && self.port() == asked.port.or_else(|| usual(&self.scheme))
    }

    pub(super) fn is(&self, listed: &Self) -> bool {
        self.scheme == listed.scheme
            && self.at.host == listed.at.host
            && self.port() == listed.port()
    }

    fn port(&self) -> Option<u16> {
        self.at.port.or_else(|| usual(&self.scheme))
    }
}

fn usual(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}
