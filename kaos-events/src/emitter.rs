use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::refused::RefusedCounters;
use crate::stream::{Shared, Stream};
use crate::{Clock, IdSource, Observer, RandomIds, Refused, Root, Run, Scope, SystemClock, Turn};

/// Opens runs: the source of their ids and their time.
///
/// Cheap to clone; clones share ids, clock and counters.
///
/// # Example
///
/// A test owns ids and time:
///
/// ```
/// use kaos_events::{Emitter, ManualClock, SeededIds};
///
/// let clock = ManualClock::at_unix_nanos(1_700_000_000_000_000_000);
/// let emitter = Emitter::new().with_clock(clock).with_ids(SeededIds::new(1));
/// ```
#[derive(Clone)]
pub struct Emitter(Arc<Shared>);

impl Emitter {
    /// How many events one run may emit between two calls of [`Scope::ready`], unless set.
    pub const DEFAULT_UNAWAITED_EVENTS: u32 = 65_536;

    /// Random ids, the machine's clocks.
    pub fn new() -> Self {
        Self::from_parts(
            Arc::new(RandomIds),
            Arc::new(SystemClock),
            Self::DEFAULT_UNAWAITED_EVENTS,
        )
    }

    fn from_parts(ids: Arc<dyn IdSource>, clock: Arc<dyn Clock>, most_unawaited: u32) -> Self {
        let (refused, live) = (RefusedCounters::default(), AtomicUsize::new(0));
        Self(Arc::new(Shared {
            ids,
            clock,
            most_unawaited,
            refused,
            live,
        }))
    }

    /// Takes ids from here; counters start anew.
    #[must_use]
    pub fn with_ids(self, ids: impl IdSource) -> Self {
        Self::from_parts(
            Arc::new(ids),
            Arc::clone(&self.0.clock),
            self.0.most_unawaited,
        )
    }

    /// Takes time from here; counters start anew.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self::from_parts(
            Arc::clone(&self.0.ids),
            Arc::new(clock),
            self.0.most_unawaited,
        )
    }

    /// How many events one run may emit between two calls of [`Scope::ready`], where a hook listens
    /// that keeps events ([`Observer::keeps`]); without one there is no limit. Counters start anew.
    ///
    /// At the limit the run ends with `BudgetExceeded`, and only the ends of its open spans are
    /// still delivered: this is what bounds the queue of a hook that may not lose events. Too
    /// small, and long streamed answers are cut; too large, and such a hook needs the memory for
    /// that many events of each run. Default: [`Self::DEFAULT_UNAWAITED_EVENTS`].
    #[must_use]
    pub fn with_unawaited_events(self, most: u32) -> Self {
        Self::from_parts(Arc::clone(&self.0.ids), Arc::clone(&self.0.clock), most)
    }

    /// How many events one run may emit between two calls of [`Scope::ready`].
    pub fn unawaited_events(&self) -> u32 {
        self.0.most_unawaited
    }

    /// The clock that the runs of this emitter use.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Opens an agent's run: [`open`](Self::open).
    pub fn turn<S: Observer>(&self, turn: Turn, observer: impl FnOnce(&Run) -> S) -> Scope<Turn> {
        self.open(turn, observer)
    }

    /// Opens a run with its root span.
    ///
    /// The trace id is the parent's, where the root has one. `observer` makes the run's observer once the
    /// run's ids are known, before its first event.
    pub fn open<R: Root, S: Observer>(
        &self,
        root: R,
        observer: impl FnOnce(&Run) -> S,
    ) -> Scope<R> {
        let ids = &self.0.ids;
        let parent = root.parent().map(|parent| parent.trace_id);
        let run = Run {
            trace_id: parent.unwrap_or_else(|| ids.trace_id()),
            id: ids.run_id(),
            session: root.session(),
            agent: root.owner().clone(),
        };
        let observer = observer(&run);
        let (stream, key) = Stream::open(Arc::clone(&self.0), run, root, observer);
        Scope::new(stream, key)
    }

    /// What the runs of this emitter refused so far.
    pub fn refused(&self) -> Refused {
        self.0.refused.read()
    }

    /// How many root runs still have a scope or handle somewhere; 0 when nothing is left behind.
    pub fn live_runs(&self) -> usize {
        self.0.live.load(Ordering::Relaxed)
    }
}

impl Default for Emitter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter")
            .field("live_runs", &self.live_runs())
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}
