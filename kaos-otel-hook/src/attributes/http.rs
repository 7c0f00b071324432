//! What spans of HTTP say: the stable names of the conventions for HTTP (semantic conventions 1.43), and
//! on request those of before 1.23 beside them.

use opentelemetry::{KeyValue, Value};

/// A name, and the one it had.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    now: &'static str,
    before: Option<&'static str>,
}

const fn name(now: &'static str, before: &'static str) -> Name {
    Name {
        now,
        before: Some(before),
    }
}

const fn new(now: &'static str) -> Name {
    Name { now, before: None }
}

pub(crate) const METHOD: Name = name("http.request.method", "http.method");
pub(crate) const METHOD_ORIGINAL: Name = new("http.request.method_original");
pub(crate) const STATUS: Name = name("http.response.status_code", "http.status_code");
pub(crate) const RESEND: Name = name("http.request.resend_count", "http.resend_count");
pub(crate) const URL: Name = name("url.full", "http.url");
pub(crate) const ERROR_TYPE: Name = new("error.type");
/// The host and port of a CLIENT span.
pub(crate) const PEER: (Name, Name) = (
    name("server.address", "net.peer.name"),
    name("server.port", "net.peer.port"),
);

#[cfg(feature = "http-server")]
mod of_servers {
    use super::{Name, name};

    pub(crate) const ROUTE: Name = name("http.route", "http.route");
    pub(crate) const PATH: Name = name("url.path", "http.target");
    pub(crate) const SCHEME: Name = name("url.scheme", "http.scheme");
    pub(crate) const VERSION: Name = name("network.protocol.version", "http.flavor");
    pub(crate) const USER_AGENT: Name = name("user_agent.original", "http.user_agent");
    /// The host and port of a SERVER span.
    pub(crate) const HOST: (Name, Name) = (
        name("server.address", "net.host.name"),
        name("server.port", "net.host.port"),
    );
}
#[cfg(feature = "http-server")]
pub(crate) use of_servers::{HOST, PATH, ROUTE, SCHEME, USER_AGENT, VERSION};

/// The attributes of a span.
#[derive(Debug)]
pub(crate) struct Attributes {
    pub(crate) all: Vec<KeyValue>,
    old_names: bool,
}

impl Attributes {
    pub(crate) fn new(old_names: bool) -> Self {
        Self {
            all: Vec::new(),
            old_names,
        }
    }

    pub(crate) fn add(&mut self, name: Name, value: impl Into<Value>) {
        let value = value.into();
        let before = name
            .before
            .filter(|before| self.old_names && *before != name.now);
        if let Some(before) = before {
            self.all.push(KeyValue::new(before, value.clone()));
        }
        self.all.push(KeyValue::new(name.now, value));
    }
}

/// The method as spans are called by it: one that is known, else `HTTP`, whatever a client makes up.
pub(crate) fn method(method: &str) -> Option<&'static str> {
    [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY",
    ]
    .into_iter()
    .find(|known| *known == method)
}

/// As far as it is shown.
pub(crate) fn bounded(text: &str) -> String {
    crate::text::bounded(text, Some(256)).into_owned()
}
