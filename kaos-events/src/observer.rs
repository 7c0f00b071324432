use std::future::Future;
use std::pin::Pin;

use crate::{Entry, Event, Settled, SpanId};

/// A wait for an observer that is behind, given out by [`Observer::ready`].
pub type Ready = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sees the events of one run, and owns what it keeps about that run.
///
/// An observer belongs to the run's stream and is called under its lock: one event at a time, in
/// order. It must be quick and must not block, and one given to an [`Emitter`](crate::Emitter)
/// directly must not panic; `kaos-hooks` isolates those of many hooks from each other behind one.
/// It may emit into the stream: what it emits is delivered right after the current event. What it
/// emits into another run is delivered once this run's lock is released. To whatever it asks a scope
/// meanwhile (`is_open`, `ready`, `settled`, `entered`), the answer is as of one that is not open. It
/// is dropped after the root span's end, outside the lock.
///
/// A closure `FnMut(&Event<'_>)` is an observer.
///
/// # Example
///
/// An observer that keeps something about each open span, in a list that stays short:
///
/// ```
/// use kaos_events::{Body, Event, Observer, Phase, Slot, Span, Time};
///
/// /// Says how long a tool, a model or a step was silent before it went on.
/// #[derive(Default)]
/// struct Silence(Vec<Time>); // by slot
///
/// impl Observer for Silence {
///     fn on_event(&mut self, event: &Event<'_>) {
///         let Body::Span(Span { slot: Slot { own, .. }, phase, subject, .. }) = event.body else { return };
///         let own = own as usize;
///         self.0.resize(self.0.len().max(own + 1), Time::default());
///         if let Phase::Progress(_) = phase {
///             println!("{}: {:?} of silence", subject.span_name(), event.time.since(self.0[own]));
///         }
///         self.0[own] = event.time;
///     }
/// }
/// ```
pub trait Observer: Send + 'static {
    /// Takes the next event.
    fn on_event(&mut self, event: &Event<'_>);

    /// How to make an open span current while a future is polled; asked once per future.
    fn entry(&mut self, span: SpanId) -> Entry {
        let _ = span;
        Entry::none()
    }

    /// Whether it keeps events that must not be lost, and so has to be waited for: it answers
    /// [`ready`](Self::ready) and [`settled`](Self::settled), and a run may emit so many events
    /// between two waits only
    /// ([`Emitter::with_unawaited_events`](crate::Emitter::with_unawaited_events)). Asked once,
    /// before the first event.
    fn keeps(&self) -> bool {
        false
    }

    /// A wait until the events of an open span, told by the time the wait is first polled, are where
    /// they cannot be lost. It may outlive the observer, and must end within a limit of its own.
    fn settled(&mut self, span: SpanId) -> Settled {
        let _ = span;
        Settled::now()
    }

    /// A wait until the observer can take more, or `None` when it can now. It must end within a
    /// limit of its own.
    fn ready(&mut self) -> Option<Ready> {
        None
    }
}

impl<F: FnMut(&Event<'_>) + Send + 'static> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
