use std::sync::atomic::{AtomicU64, Ordering};

/// How many operations on ended spans and runs an [`Emitter`](crate::Emitter)'s runs refused.
///
/// # Example
///
/// A test of a loop of your own asserts that it does nothing in spans that have ended:
///
/// ```
/// use kaos_events::{Emitter, Event, Refused, Step, Turn, TurnOutcome};
///
/// let emitter = Emitter::new();
/// let turn = emitter.turn(Turn::new("assistant"), |_run| |_: &Event<'_>| ());
/// let inside = turn.handle();
/// turn.complete(TurnOutcome::default());
/// drop(inside.open(Step::new(1))); // too late
/// assert_eq!(emitter.refused(), Refused { starts: 1, ends: 1, ..Refused::default() });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused {
    /// Spans that could not start because the span around them had ended.
    pub starts: u64,
    /// Ends through a stale handle: the span had already been ended by a span around it.
    pub ends: u64,
    /// Values and progress of ended spans.
    pub values: u64,
    /// Emissions by observers beyond what may wait for the current event.
    pub overflow: u64,
}

#[derive(Debug, Default)]
pub(crate) struct RefusedCounters {
    starts: AtomicU64,
    ends: AtomicU64,
    values: AtomicU64,
    overflow: AtomicU64,
}

impl RefusedCounters {
    pub(crate) fn start(&self) {
        self.starts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.ends.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) {
        self.values.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn overflow(&self) {
        self.overflow.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Refused {
        Refused {
            starts: self.starts.load(Ordering::Relaxed),
            ends: self.ends.load(Ordering::Relaxed),
            values: self.values.load(Ordering::Relaxed),
            overflow: self.overflow.load(Ordering::Relaxed),
        }
    }
}
