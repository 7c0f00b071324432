//! The ordered list that a set of hooks is.

use std::sync::Arc;

use kaos_events::Str;

use crate::dispatch::health::Health;
use crate::dispatch::isolate::isolated;
use crate::dispatch::later::ReadsLater;
use crate::{Gate, Hook, HookError, HooksWatch, LaneCounters, Later, Propagator};

/// The ordered list of what is registered: what an [`IntoHooks`](crate::IntoHooks) adds itself to.
///
/// # Example
///
/// A part of one's own: two hooks that belong together, and a gate behind all others.
///
/// ```
/// use std::sync::Arc;
///
/// use kaos_hooks::{Gate, Hook, Hooks, IntoHooks, LogHook, Registry, marker};
///
/// struct Desk {
///     log: LogHook,
///     approval: Arc<dyn Gate>,
/// }
///
/// impl IntoHooks<marker::Own> for Desk {
///     fn register(self, to: &mut Registry) {
///         to.hook(Arc::new(self.log));
///         to.last_gate(self.approval);
///     }
/// }
/// ```
#[derive(Default)]
pub struct Registry {
    pub(crate) hooks: Vec<HookSeat>,
    pub(crate) propagators: Vec<Seated<dyn Propagator>>,
    gates: Vec<GateSeat>,
    last: Vec<GateSeat>,
    watchers: Vec<Watcher>,
}

/// Takes the counters of the whole set.
type Watcher = Arc<dyn Fn(&HooksWatch) + Send + Sync>;

pub(crate) struct HookSeat {
    pub(crate) hook: Seated<dyn Hook>,
    /// Who tells it of events later.
    pub(crate) reader: Option<Arc<dyn ReadsLater>>,
}

impl HookSeat {
    /// Waits until it has heard of all that came so far, where it hears of it later.
    pub(crate) async fn caught_up(&self) -> Result<(), HookError> {
        match self.reader.as_ref().and_then(|reader| reader.caught_up()) {
            Some(caught_up) => caught_up.await,
            None => Ok(()),
        }
    }
}

pub(crate) struct Seated<T: ?Sized> {
    pub(crate) what: Arc<T>,
    pub(crate) health: Arc<Health>,
}

pub(crate) struct GateSeat {
    pub(crate) gate: Seated<dyn Gate>,
    pub(crate) fail_open: bool,
}

impl Registry {
    /// Adds a hook.
    pub fn hook(&mut self, hook: Arc<dyn Hook>) {
        self.seat_hook(hook, None, None);
    }

    /// Adds a hook that is told of events on this thread, and not on the turn's.
    pub fn later(&mut self, hook: Arc<dyn Hook>, later: &Later) {
        self.read_later(hook, later.reader());
    }

    /// Adds a hook whose events go to this reader.
    pub(crate) fn read_later(&mut self, hook: Arc<dyn Hook>, reader: Arc<dyn ReadsLater>) {
        self.seat_hook(hook, None, Some(reader));
    }

    /// Adds a hook, with what is counted about the queue that it stands for.
    pub(crate) fn lane(&mut self, hook: Arc<dyn Hook>, counters: LaneCounters) {
        self.seat_hook(hook, Some(counters), None);
    }

    fn seat_hook(
        &mut self,
        hook: Arc<dyn Hook>,
        lane: Option<LaneCounters>,
        reader: Option<Arc<dyn ReadsLater>>,
    ) {
        let name = isolated(|| hook.name()).unwrap_or(Str::Static("hook"));
        let health = Arc::new(Health::of_lane(name, lane));
        if let Some(propagator) = health.check(isolated(|| hook.propagator())).flatten() {
            self.propagators.push(Seated {
                what: propagator,
                health: Arc::clone(&health),
            });
        }
        let hook = Seated { what: hook, health };
        self.hooks.push(HookSeat { hook, reader });
    }

    /// Calls `take` once the set is complete, before its first run, with what reads the counters of
    /// all its hooks and gates: for a part that reports on the others.
    pub fn watch(&mut self, take: impl Fn(&HooksWatch) + Send + Sync + 'static) {
        self.watchers.push(Arc::new(take));
    }

    pub(crate) fn hand_out(&self, watch: &HooksWatch) {
        for take in &self.watchers {
            if isolated(|| take(watch)).is_err() {
                tracing::warn!("what watches a set of hooks panicked; it reports nothing");
            }
        }
    }

    /// Adds a gate that denies when it fails.
    pub fn gate(&mut self, gate: Arc<dyn Gate>) {
        self.seat_gate(gate, false);
    }

    /// Adds a gate that is asked after all others, whatever the order: it sees what they decided.
    pub fn last_gate(&mut self, gate: Arc<dyn Gate>) {
        self.last.push(Self::seated(gate, false));
    }

    /// Adds all that another set has, with counters of its own.
    pub(crate) fn all_of(&mut self, other: &Self) {
        for HookSeat { hook, reader } in &other.hooks {
            let lane = hook.health.lane().cloned();
            self.seat_hook(Arc::clone(&hook.what), lane, reader.clone());
        }
        for seat in &other.gates {
            self.seat_gate(Arc::clone(&seat.gate.what), seat.fail_open);
        }
        for seat in &other.last {
            self.last_gate(Arc::clone(&seat.gate.what));
        }
        self.watchers.extend(other.watchers.iter().cloned());
    }

    pub(crate) fn seat_gate(&mut self, gate: Arc<dyn Gate>, fail_open: bool) {
        self.gates.push(Self::seated(gate, fail_open));
    }

    fn seated(gate: Arc<dyn Gate>, fail_open: bool) -> GateSeat {
        let name = isolated(|| gate.name()).unwrap_or(Str::Static("gate"));
        let gate = Seated {
            what: gate,
            health: Arc::new(Health::new(name)),
        };
        GateSeat { gate, fail_open }
    }

    /// The gates in the order they are asked.
    pub(crate) fn gates(&self) -> impl Iterator<Item = &GateSeat> {
        self.gates.iter().chain(&self.last)
    }
}

impl Registry {
    /// Of the hooks, then of the gates.
    pub(crate) fn healths(&self) -> impl Iterator<Item = &Arc<Health>> {
        let hooks = self.hooks.iter().map(|seat| &seat.hook.health);
        hooks.chain(self.gates().map(|seat| &seat.gate.health))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.healths().map(|health| &health.name);
        f.debug_list().entries(names).finish()
    }
}
