use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Enter, Event, SpanId};

/// A wait for slow listeners, given out by [`Sink::ready`].
pub type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the events of one run go.
///
/// A sink is owned by the run's stream and called under its lock: one event at a time, in order.
/// It must be quick, must not block, and must not panic; `kaos-hooks` puts an isolating sink in
/// front of users' hooks. It is dropped after the root span's end, outside the lock.
pub trait Sink: Send + 'static {
    /// Takes the next event.
    fn on_event(&mut self, event: &Event<'_>);

    /// How to make an open span current while a future is polled; asked once per future.
    fn entry(&mut self, span: SpanId) -> Option<Arc<dyn Enter>> {
        let _ = span;
        None
    }

    /// A wait until the listeners can take more, or `None` when they can now.
    fn ready(&mut self) -> Option<Ready> {
        None
    }
}
