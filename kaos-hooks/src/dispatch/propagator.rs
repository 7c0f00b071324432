use kaos_events::{Incoming, SpanContext};

use crate::{HttpExchange, HttpRequest};

/// Carries traces into and out of runs: what a hook that belongs to a tracing system knows besides
/// listening ([`Hook::propagator`](crate::Hook::propagator)).
///
/// A set's propagators are asked in the order of their hooks, and the first answer counts. One that
/// panics is passed over, and its hook's panics are counted.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use kaos_hooks::{Hook, Hooks, Incoming, Observer, Propagator, Run};
///
/// /// Hands on the name of this service, and knows no traces.
/// struct Named(&'static str);
///
/// impl Propagator for Named {
///     fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
///         header("x-from", self.0);
///     }
/// }
///
/// struct Names;
///
/// impl Hook for Names {
///     fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
///         None
///     }
///
///     fn propagator(&self) -> Option<Arc<dyn Propagator>> {
///         Some(Arc::new(Named("leases")))
///     }
/// }
///
/// let mut sent = Vec::new();
/// Hooks::new(Names).inject(|name, value| sent.push(format!("{name}: {value}")));
/// assert_eq!(sent, ["x-from: leases"]);
/// ```
pub trait Propagator: Send + Sync + 'static {
    /// The caller's own span, if one is current: the parent of a run without a given parent.
    fn ambient_parent(&self) -> Option<SpanContext> {
        None
    }

    /// Hands on the name and value of each header that names the current span, for a request to
    /// another process.
    fn inject(&self, _header: &mut dyn FnMut(&str, &str)) {}

    /// The caller's span in another process, or its baggage, read from a request's headers (name in
    /// any case, and value): the parent of a run. Malformed headers are no answer.
    fn extract(&self, _headers: &[(&str, &[u8])]) -> Option<Incoming> {
        None
    }

    /// Begins to trace a request over HTTP by itself. Default: it is not, and carries the headers of what it
    /// is made for.
    fn exchange(&self, _request: &HttpRequest<'_>) -> Option<Box<dyn HttpExchange>> {
        None
    }
}
