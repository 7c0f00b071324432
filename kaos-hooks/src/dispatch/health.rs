use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kaos_events::{Guard, Str};

use crate::dispatch::isolate::{Panicked, isolated};
use crate::{LaneCounters, LaneStats, MAX_PANICS};

/// How a hook or gate is doing.
///
/// # Example
///
/// ```
/// use kaos_hooks::{HookStats, HooksWatch, LaneStats};
///
/// /// What is exported of hooks: whether somebody must look.
/// fn alarms(watch: &HooksWatch) -> Vec<String> {
///     let alarm = |it: HookStats| match it.lane {
///         _ if it.out_of_service => Some(format!("{} panicked {} times and is asked no more", it.name, it.panics)),
///         Some(LaneStats { dropped: 1.., offered, .. }) => Some(format!("{} misses some of {offered} events", it.name)),
///         _ => None,
///     };
///     watch.stats().into_iter().filter_map(alarm).collect()
/// }
/// # let hooks = kaos_hooks::Hooks::new(kaos_hooks::LogHook::new());
/// assert!(alarms(&hooks.watch()).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStats {
    /// Its name.
    pub name: Str,
    /// Events of runs that have ended, or ended for this hook, that its observers were offered; 0
    /// for a gate.
    pub events: u64,
    /// How often it panicked.
    pub panics: u64,
    /// Whether it panicked too often and is asked no more.
    pub out_of_service: bool,
    /// Observers of runs that have not ended yet; 0 when nothing is left behind.
    pub live_observers: usize,
    /// What became of the events behind it, if it is a [`Lane`](crate::Lane).
    pub lane: Option<LaneStats>,
    /// Events that it did not get, where it hears of them [later](crate::Registry::later): the queue
    /// had no room for them, or for others of their run before.
    pub missed: u64,
}

/// Reads how the hooks and gates of one set are doing, without keeping any of them alive.
///
/// Cheap to clone. A part that reports on the others is given one when its set is made
/// ([`Registry::watch`](crate::Registry::watch)).
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, LogHook, Turn};
///
/// let hooks = Hooks::new(LogHook::new());
/// let watch = hooks.watch();
/// drop(hooks.turn(Turn::new("assistant")));
/// assert_eq!(watch.stats()[0].events, 2); // the turn's start and its end
/// drop(hooks);
/// assert!(watch.is_over());
/// ```
#[derive(Debug, Clone)]
pub struct HooksWatch(Arc<[Arc<Health>]>);

impl HooksWatch {
    pub(crate) fn new(healths: impl Iterator<Item = Arc<Health>>) -> Self {
        Self(healths.collect())
    }

    /// How each hook, then each gate, is doing.
    pub fn stats(&self) -> Vec<HookStats> {
        self.0.iter().map(|health| health.stats()).collect()
    }

    /// Whether set, hooks and runs are all gone, so that nothing more will be counted.
    pub fn is_over(&self) -> bool {
        self.0.iter().all(Health::is_alone)
    }

    /// Whether both read the same set.
    pub fn is_same_set(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is counted about one registered hook or gate.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) name: Str,
    events: AtomicU64,
    panics: AtomicU64,
    live: AtomicUsize,
    missed: AtomicU64,
    lane: Option<LaneCounters>,
}

impl Health {
    pub(crate) fn new(name: Str) -> Self {
        Self::of_lane(name, None)
    }

    pub(crate) fn of_lane(name: Str, lane: Option<LaneCounters>) -> Self {
        Self {
            name,
            events: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            missed: AtomicU64::new(0),
            lane,
        }
    }

    /// Notes a panic, if there was one; the first is logged, and the one that is too many.
    pub(crate) fn check<T>(&self, ran: Result<T, Panicked>) -> Option<T> {
        if let Ok(value) = ran {
            return Some(value);
        }
        let so_far = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        if so_far == 1 {
            tracing::warn!(hook = %self.name, "a hook panicked; the run goes on without its part");
        } else if so_far == MAX_PANICS {
            tracing::warn!(hook = %self.name, panics = so_far, "a hook is put out of service");
        }
        None
    }

    pub(crate) fn lane(&self) -> Option<&LaneCounters> {
        self.lane.as_ref()
    }

    pub(crate) fn in_service(&self) -> bool {
        self.panics.load(Ordering::Relaxed) < MAX_PANICS
    }

    pub(crate) fn observer_made(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that an observer is gone, and how many events it was offered: once a run, so that an
    /// event costs no atomic operation.
    pub(crate) fn observer_dropped(&self, offered: u64) {
        self.events.fetch_add(offered, Ordering::Relaxed);
        self.live.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes events that did not get to it.
    pub(crate) fn missed(&self, events: u64) {
        self.missed.fetch_add(events, Ordering::Relaxed);
    }

    /// Whether one watch is all that still points to it, and to its lane's counters.
    fn is_alone(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1 && self.lane.as_ref().is_none_or(LaneCounters::is_over)
    }

    pub(crate) fn stats(&self) -> HookStats {
        HookStats {
            name: self.name.clone(),
            events: self.events.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            out_of_service: !self.in_service(),
            live_observers: self.live.load(Ordering::Relaxed),
            lane: self.lane.as_ref().map(LaneCounters::stats),
            missed: self.missed.load(Ordering::Relaxed),
        }
    }
}

impl Guard for Health {
    fn allows(&self) -> bool {
        self.in_service()
    }

    fn guard(&self, call: &mut dyn FnMut()) {
        self.check(isolated(call));
    }
}
