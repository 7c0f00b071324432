use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kaos_events::{Emitter, Observer, Root, Run, Scope, ServedCall, Str, Turn};

use crate::dispatch::fanout::Fanout;
use crate::dispatch::health::{Health, HooksWatch};
use crate::dispatch::isolate::isolated;
use crate::dispatch::late_hooks;
use crate::dispatch::later::{Pools, Readers, RunLog};
use crate::dispatch::registry::{HookSeat, Seated};
use crate::{Hook, HookError, HookStats, HooksError, Propagator, Registry, catch_panic};

/// What can be given to [`Hooks::new`](crate::Hooks::new): a hook, a gate, a closure over events,
/// `Option`s, `Vec`s and (nested) tuples of these, boxed and shared ones included, and [`Hooks`].
///
/// `M` only tells the compiler which of these it is, and is inferred. A type that is both [`Hook`]
/// and [`Gate`](crate::Gate) is registered as [`Both`](crate::Both); on its own it does not compile, so that it cannot be
/// taken for a hook only and silently not gate:
///
/// ```compile_fail,E0283
/// # use async_trait::async_trait;
/// # use kaos_hooks::{Gate, GateError, Hook, Hooks, Observer, Run, ToolRequest, Verdict};
/// struct Guard;
/// # impl Hook for Guard { fn observe(&self, _: &Run) -> Option<Box<dyn Observer>> { None } }
/// # #[async_trait] impl Gate for Guard {
/// #     async fn before_tool_call(&self, _: &ToolRequest<'_>) -> Result<Verdict, GateError> { Ok(Verdict::Allow) }
/// # }
/// Hooks::new(Guard); // write `Both(Guard)`
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered: it, or a part of it, is no hook and no gate",
    label = "not a hook, a gate, a closure over events, or a tuple of these",
    note = "what may stand here, by value: a type with `impl Hook` or `impl Gate`, an `Arc<dyn Hook>` or `Arc<dyn Gate>`, a closure `|event: &Event<'_>| ..` that is `Fn`, `Send` and `Sync`",
    note = "and of these an `Option`, a `Vec` or a tuple of at most 8 parts; a part may be a tuple"
)]
pub trait IntoHooks<M> {
    /// Adds itself to the list.
    fn register(self, to: &mut Registry);

    /// The set of these alone, for runs with the ids and time of `emitter`. Ready-made [`Hooks`] stay
    /// the set that they are, with their own emitter, limit and statistics.
    fn into_hooks(self, emitter: Emitter) -> Hooks
    where
        Self: Sized,
    {
        Hooks::with_emitter(emitter, self)
    }
}

/// The ordered set of hooks and gates, and what opens runs that they see.
///
/// Cheap to clone; clones are the same set, each with its own gate limit.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Event, Hooks, LogHook, Turn};
///
/// let verbose = false;
/// let count = |event: &Event<'_>| assert!(event.seq < 100);
/// let hooks = Hooks::new((LogHook::new(), count, verbose.then(LogHook::new)));
/// let turn = hooks.turn(Turn::new("assistant"));
/// # drop(turn);
/// ```
#[derive(Clone)]
pub struct Hooks {
    set: Arc<Inner>,
    gate_limit: Duration,
}

struct Inner {
    emitter: Emitter,
    registry: Registry,
    /// Those of the hooks that are told later, and who tells them.
    readers: Arc<Readers>,
    pools: Arc<Pools>,
    /// For each hook its number among those.
    late: Vec<Option<usize>>,
    watch: HooksWatch,
    /// Of the observers that belong to no hook.
    extra: Arc<Health>,
}

impl Hooks {
    /// How long a gate may take, unless set.
    pub const DEFAULT_GATE_LIMIT: Duration = Duration::from_secs(30);

    /// These hooks and gates, in this order.
    pub fn new<M>(hooks: impl IntoHooks<M>) -> Self {
        Self::with_emitter(Emitter::new(), hooks)
    }

    /// These hooks and gates, for runs with the ids and time of `emitter`.
    pub fn with_emitter<M>(emitter: Emitter, hooks: impl IntoHooks<M>) -> Self {
        let mut registry = Registry::default();
        hooks.register(&mut registry);
        let extra = Arc::new(Health::new(Str::Static("observer")));
        let watch = HooksWatch::new(registry.healths().map(Arc::clone));
        registry.hand_out(&watch);
        let (readers, late) = late_hooks::of(&registry);
        let set = Arc::new(Inner {
            emitter,
            registry,
            readers: Arc::new(readers),
            pools: Arc::default(),
            late,
            watch,
            extra,
        });
        let gate_limit = Self::DEFAULT_GATE_LIMIT;
        Self { set, gate_limit }
    }

    /// How long each gate may take; a later answer is a deny. Default: 30 seconds.
    ///
    /// Too short, and gates that ask another service deny on its slow days; too long, and a gate
    /// that hangs holds up the turn.
    ///
    /// Clones made from this one have its limit; those made before keep theirs.
    #[must_use]
    pub const fn with_gate_limit(mut self, limit: Duration) -> Self {
        self.gate_limit = limit;
        self
    }

    /// Opens a run: its root span, seen by every hook.
    ///
    /// Without a parent of its own the turn takes the caller's span for its parent, where a hook
    /// knows one.
    pub fn turn(&self, turn: Turn) -> Scope<Turn> {
        self.turn_with(turn, None)
    }

    /// As [`turn`](Self::turn), with one more observer, for this run only and after the hooks'.
    pub fn turn_with(&self, turn: Turn, extra: Option<Box<dyn Observer>>) -> Scope<Turn> {
        self.open(turn, extra)
    }

    /// Opens the run of a tool's call that is served, as [`turn`](Self::turn) opens an agent's.
    pub fn served_call(&self, call: ServedCall) -> Scope<ServedCall> {
        self.open(call, None)
    }

    fn open<R: Root>(&self, mut root: R, extra: Option<Box<dyn Observer>>) -> Scope<R> {
        if root.parent().is_none() {
            root.set_parent(self.ask_propagators(<dyn Propagator>::ambient_parent));
        }
        self.set.emitter.open(root, |run| {
            let mut fanout = self.observers(run);
            if let Some(extra) = extra {
                fanout.seat(extra, Arc::clone(&self.set.extra));
            }
            fanout
        })
    }

    /// The hooks' observers of a run.
    pub(crate) fn observers(&self, run: &Run) -> Fanout {
        let log = RunLog::begin(&self.set.readers, &self.set.pools);
        let mut fanout = Fanout::new();
        let hooks = self.set.registry.hooks.iter().zip(&self.set.late);
        for (HookSeat { hook, .. }, late) in hooks.filter(|(seat, _)| seat.hook.health.in_service())
        {
            let health = &hook.health;
            if let (Some(late), Some(log)) = (late, &log) {
                let later = log.to_later(*late);
                let at_once = health.check(isolated(|| hook.what.at_once(run, &later)));
                if let Some(at_once) = at_once.flatten() {
                    fanout.seat_at_once(at_once, Arc::clone(health));
                }
                continue;
            }
            let observer = health.check(isolated(|| hook.what.observe(run)));
            if let Some(observer) = observer.flatten() {
                fanout.seat(observer, Arc::clone(health));
            }
        }
        fanout.with_log(log)
    }

    /// The first answer, in the order of the hooks.
    pub(crate) fn ask_propagators<T>(
        &self,
        ask: impl Fn(&dyn Propagator) -> Option<T>,
    ) -> Option<T> {
        in_service(&self.set.registry.propagators).find_map(|seat| {
            let answer = isolated(|| ask(&*seat.what));
            seat.health.check(answer).flatten()
        })
    }

    /// Whether a hook belongs to a tracing system: without one, the ids of runs and spans are known here alone.
    pub fn is_traced(&self) -> bool {
        !self.set.registry.propagators.is_empty()
    }

    /// Where the runs' ids and time come from, and what is counted about the runs.
    pub fn emitter(&self) -> &Emitter {
        &self.set.emitter
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.set.registry
    }

    pub(crate) fn gate_limit(&self) -> Duration {
        self.gate_limit
    }

    /// How each hook, then each gate, is doing.
    pub fn stats(&self) -> Vec<HookStats> {
        self.set.watch.stats()
    }

    /// The same statistics, for one who must not keep the set alive.
    pub fn watch(&self) -> HooksWatch {
        self.set.watch.clone()
    }

    /// Lets every hook hand on what it has buffered, one after the other.
    ///
    /// # Errors
    ///
    /// Names the hooks that could not. The others have been flushed all the same.
    ///
    /// # Cancel safety
    ///
    /// Hooks not reached yet are not flushed; call again.
    pub async fn force_flush(&self) -> Result<(), HooksError> {
        let mut failed = Vec::new();
        for seat in &self.set.registry.hooks {
            note(&mut failed, &seat.hook, Ok(seat.caught_up().await));
            let flushed = catch_panic(seat.hook.what.force_flush()).await;
            note(&mut failed, &seat.hook, flushed);
        }
        HooksError::of(failed)
    }

    /// Ends what the hooks own, one after the other: trails are sealed, lanes emptied. Later calls do
    /// nothing.
    ///
    /// Providers of OpenTelemetry belong to who made them: end `kaos_otel_hook::Telemetry` after this,
    /// by its own `shutdown`.
    ///
    /// # Errors
    ///
    /// Names the hooks that could not hand on what they had. The others are shut down all the same.
    ///
    /// # Cancel safety
    ///
    /// Hooks not reached yet are not shut down; call again.
    pub async fn shutdown(&self) -> Result<(), HooksError> {
        let mut failed = Vec::new();
        for seat in &self.set.registry.hooks {
            note(&mut failed, &seat.hook, Ok(seat.caught_up().await));
            let ended = catch_panic(seat.hook.what.shutdown()).await;
            note(&mut failed, &seat.hook, ended);
        }
        HooksError::of(failed)
    }
}

fn in_service<T: ?Sized>(seats: &[Seated<T>]) -> impl Iterator<Item = &Seated<T>> {
    seats.iter().filter(|seat| seat.health.in_service())
}

fn note(
    failed: &mut Vec<(Str, HookError)>,
    seat: &Seated<dyn Hook>,
    done: Result<Result<(), HookError>, crate::Panicked>,
) {
    let done = match done {
        Ok(done) => done,
        Err(panicked) => {
            seat.health.check(Err::<(), _>(panicked));
            Err(HookError::new("the hook panicked"))
        }
    };
    if let Err(error) = done {
        failed.push((seat.health.name.clone(), error));
    }
}

impl Default for Hooks {
    /// No hooks: runs that nobody sees.
    fn default() -> Self {
        Self::new(())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.set.registry).finish()
    }
}
