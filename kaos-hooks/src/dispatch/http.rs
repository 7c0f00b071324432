//! Requests over HTTP to other processes, for those who trace them one by one.

use std::fmt;

use kaos_events::Incoming;

use super::isolate::{drop_isolated, isolated};

/// A request over HTTP that is about to be sent: to a model, to a server of tools, to another agent.
///
/// # Example
///
/// ```
/// use kaos_hooks::{HttpRequest, Hooks};
///
/// let request = HttpRequest {
///     method: "POST",
///     url: "http://localhost:11434/v1/chat/completions",
///     address: "localhost",
///     port: Some(11434),
///     ..HttpRequest::default()
/// };
/// let mut exchange = Hooks::default().exchange(&request);
/// for (name, value) in exchange.headers() {
///     println!("{name}: {value}"); // goes with the request
/// }
/// exchange.answered(200);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpRequest<'a> {
    /// `POST`, …
    pub method: &'a str,
    /// Where it goes, without user, password and query: it is shown.
    pub url: &'a str,
    /// The server's host.
    pub address: &'a str,
    /// The server's port.
    pub port: Option<u16>,
    /// How often the same was sent before.
    pub resend: u32,
    /// The span that it is made for, where that is not the current one.
    pub parent: Option<&'a Incoming>,
}

/// A request that a [`Propagator`](crate::Propagator) traces, until it is dropped.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Exchange, HttpExchange, HttpRequest, Hooks, Propagator};
///
/// /// Gives each request a number, which the other side's log has, too.
/// struct Numbered;
/// struct Sent(u64);
///
/// impl Propagator for Numbered {
///     fn exchange(&self, request: &HttpRequest<'_>) -> Option<Box<dyn HttpExchange>> {
///         println!("{} {}", request.method, request.url);
///         Some(Box::new(Sent(7)))
///     }
/// }
///
/// impl HttpExchange for Sent {
///     fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
///         header("x-request-id", &self.0.to_string());
///     }
///
///     fn answered(&mut self, status: u16) {
///         println!("{}: {status}", self.0);
///     }
///
///     fn failed(&mut self, kind: &str) {
///         println!("{}: {kind}", self.0);
///     }
/// }
/// ```
pub trait HttpExchange: Send {
    /// Hands on the name and value of each header that goes with the request.
    fn inject(&self, header: &mut dyn FnMut(&str, &str));

    /// The answer has begun, with this status.
    fn answered(&mut self, status: u16);

    /// There is no answer, or not all of it: the kind of failure.
    fn failed(&mut self, kind: &str);
}

/// A request on its way. It is over when this is dropped: when its answer was read, or nobody waits for it
/// any more.
#[must_use = "it is over when it is dropped"]
pub struct Exchange {
    traced: Option<Box<dyn HttpExchange>>,
    headers: Vec<(String, String)>,
}

impl Exchange {
    pub(super) fn of(
        traced: Option<Box<dyn HttpExchange>>,
        headers: Vec<(String, String)>,
    ) -> Self {
        Self { traced, headers }
    }

    /// Name and value of each header that goes with the request.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The answer has begun, with this status.
    pub fn answered(&mut self, status: u16) {
        self.tell(|traced| traced.answered(status));
    }

    /// There is no answer, or not all of it: the kind of failure.
    pub fn failed(&mut self, kind: &str) {
        self.tell(|traced| traced.failed(kind));
    }

    /// One that panics is told nothing more.
    fn tell(&mut self, tell: impl FnOnce(&mut dyn HttpExchange)) {
        let Some(mut traced) = self.traced.take() else {
            return;
        };
        match isolated(|| tell(&mut *traced)) {
            Ok(()) => self.traced = Some(traced),
            Err(_panicked) => {
                let _gone = drop_isolated(traced).is_ok();
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _gone = drop_isolated(self.traced.take()).is_ok();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("traced", &self.traced.is_some())
            .finish_non_exhaustive()
    }
}
