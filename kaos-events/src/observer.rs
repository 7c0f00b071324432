use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Enter, Event, SpanId};

/// A wait for an observer that is behind, given out by [`Observer::ready`].
pub type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sees the events of one run, and owns what it keeps about that run.
///
/// An observer belongs to the run's stream and is called under its lock: one event at a time, in
/// order. It must be quick and must not block, and one given to an [`Emitter`](crate::Emitter)
/// directly must not panic; `kaos-hooks` isolates those of many hooks from each other behind one.
/// It may emit into the stream: what it emits is delivered right after the current event. It is
/// dropped after the root span's end, outside the lock.
///
/// A closure `FnMut(&Event<'_>)` is an observer.
pub trait Observer: Send + 'static {
    /// Takes the next event.
    fn on_event(&mut self, event: &Event<'_>);

    /// How to make an open span current while a future is polled; asked once per future.
    fn entry(&mut self, span: SpanId) -> Option<Arc<dyn Enter>> {
        let _ = span;
        None
    }

    /// A wait until all that the observer has been told by the time the wait is first polled is
    /// where it belongs, or `None` when there is nothing to wait for. It may outlive the observer.
    fn settled(&mut self) -> Option<Ready> {
        None
    }

    /// A wait until the observer can take more, or `None` when they can now.
    fn ready(&mut self) -> Option<Ready> {
        None
    }
}

impl<F: FnMut(&Event<'_>) + Send + 'static> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
