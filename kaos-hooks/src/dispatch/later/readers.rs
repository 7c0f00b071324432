//! Who reads the events of a set's runs later.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kaos_events::{Body, Event, Observer, Ready, Run, Settled, Value};
use smallvec::SmallVec;

use super::chunk::Chunks;
use super::mark::Mark;
use crate::HookError;
use crate::dispatch::health::Health;
use crate::dispatch::queue::Queue;

/// Who reads events later, from a queue of its own.
pub(crate) trait ReadsLater: Send + Sync + 'static {
    /// The queue it reads.
    fn queue(&self) -> &Arc<Queue<Chunks>>;

    /// Whether it wants such a value; spans everybody does.
    fn wants(&self, value: &Value) -> bool;

    /// Whether it delivers events to its hooks' observers: else it reads the packing itself.
    fn delivers(&self) -> bool {
        true
    }

    /// A wait until its hooks have heard of all that came so far, if they hear of it.
    fn caught_up(&self) -> Option<CaughtUp> {
        None
    }

    /// As [`Observer::keeps`].
    fn keeps(&self) -> bool {
        false
    }

    /// As [`Observer::ready`]; `hand_over` has the run's events so far counted among those that wait.
    fn ready(&self, _hand_over: &dyn Fn()) -> Option<Ready> {
        None
    }

    /// As [`Observer::settled`].
    fn settled(&self, _mark: Mark) -> Settled {
        Settled::now()
    }
}

/// A wait for a reader, within a limit.
pub(crate) type CaughtUp = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send>>;

/// Makes one observer of those of these hooks.
pub(crate) type Observe = dyn Fn(&[usize], &Run) -> Box<dyn Observer> + Send + Sync;

/// The readers of a set, and its hooks that they stand for.
pub(crate) struct Readers {
    all: SmallVec<[Arc<dyn ReadsLater>; 2]>,
    hooks: Vec<LateHook>,
    observe: Box<Observe>,
}

/// A hook that hears of a run's events later.
pub(super) struct LateHook {
    pub(super) health: Arc<Health>,
    pub(super) reader: usize,
}

/// Which of a set's readers, by a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Which(u64);

impl Which {
    pub(super) const fn has(self, one: usize) -> bool {
        self.0 >> one & 1 == 1
    }

    pub(super) const fn has_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    pub(super) const fn with(self, one: usize) -> Self {
        Self(self.0 | 1 << one)
    }

    const fn without(self, one: usize) -> Self {
        Self(self.0 & !(1 << one))
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Readers {
    /// The most readers, and the most of them that deliver to hooks: none that keeps events is crowded
    /// out by those.
    const MAX_READERS: usize = 64;
    const MAX_DELIVERING: usize = 48;

    /// Those of a set without any.
    pub(crate) fn new(observe: Box<Observe>) -> Self {
        Self {
            all: SmallVec::new(),
            hooks: Vec::new(),
            observe,
        }
    }

    /// Adds a hook behind this reader: its number; `None` if there are too many readers.
    pub(crate) fn add(
        &mut self,
        health: &Arc<Health>,
        reader: &Arc<dyn ReadsLater>,
    ) -> Option<usize> {
        let is_it = |known: &Arc<dyn ReadsLater>| Arc::ptr_eq(known.queue(), reader.queue());
        let known = self.all.iter().position(is_it);
        let most = if reader.delivers() {
            Self::MAX_DELIVERING
        } else {
            Self::MAX_READERS
        };
        if known.is_none() && self.all.len() >= most {
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.all.push(Arc::clone(reader));
            self.all.len() - 1
        });
        self.hooks.push(LateHook {
            health: Arc::clone(health),
            reader: at,
        });
        Some(self.hooks.len() - 1)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, reader: usize) -> Option<&Arc<dyn ReadsLater>> {
        self.all.get(reader)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Arc<dyn ReadsLater>)> {
        self.all.iter().enumerate()
    }

    pub(super) fn hooks(&self) -> impl Iterator<Item = (usize, &LateHook)> {
        self.hooks.iter().enumerate()
    }

    /// The readers that stand for a hook that wants something.
    pub(super) fn wanted(&self, declined: &[usize]) -> Which {
        let wanting = self.hooks().filter(|(hook, _)| !declined.contains(hook));
        wanting.fold(Which::default(), |wants, (_, hook)| wants.with(hook.reader))
    }

    /// So many events do not get to the hooks behind this reader.
    pub(super) fn misses(&self, reader: usize, items: u64) {
        let hooks = self.hooks().filter(|(_, hook)| hook.reader == reader);
        hooks.for_each(|(_, hook)| hook.health.missed(items));
    }

    /// The observer behind this reader.
    pub(super) fn observer(
        &self,
        reader: usize,
        declined: &[usize],
        run: &Run,
    ) -> Box<dyn Observer> {
        let hooks = self.hooks();
        let wanting = hooks.filter(|(at, hook)| hook.reader == reader && !declined.contains(at));
        let wanting: SmallVec<[usize; 4]> = wanting.map(|(at, _)| at).collect();
        (self.observe)(&wanting, run)
    }

    /// Who of these wants the event.
    #[inline]
    pub(super) fn wants(&self, wants: Which, event: &Event<'_>) -> Which {
        match event.body {
            Body::Span(_) => wants,
            Body::Value { value, .. } => self.wants_value(wants, value),
        }
    }

    fn wants_value(&self, mut wants: Which, value: &Value) -> Which {
        for (at, reader) in self.all() {
            if wants.has(at) && !reader.wants(value) {
                wants = wants.without(at);
            }
        }
        wants
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.hooks.iter().map(|late| &late.health.name);
        f.debug_list().entries(names).finish()
    }
}
