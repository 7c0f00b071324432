//! What can be registered, and how it becomes one ordered list.

use std::sync::Arc;

use kaos_events::{Event, Observer, Run, Str};

use crate::dispatch::health::Health;
use crate::dispatch::isolate::isolated;
use crate::{Gate, Hook, HooksWatch, LaneCounters, Propagator};

/// What can be given to [`Hooks::new`](crate::Hooks::new): a hook, a gate, a closure over events,
/// `Option`s, `Vec`s and (nested) tuples of these, boxed and shared ones included.
///
/// `M` only tells the compiler which of these it is, and is inferred. A type that is both [`Hook`]
/// and [`Gate`] is registered as [`Both`]; on its own it does not compile, so that it cannot be
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
}

/// The ordered list of what is registered.
#[derive(Default)]
pub struct Registry {
    pub(crate) hooks: Vec<Seated<dyn Hook>>,
    pub(crate) propagators: Vec<Seated<dyn Propagator>>,
    gates: Vec<GateSeat>,
    last: Vec<GateSeat>,
    watchers: Vec<Watcher>,
}

/// Takes the counters of the whole set.
type Watcher = Box<dyn Fn(&HooksWatch) + Send + Sync>;

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
        self.seat_hook(hook, None);
    }

    /// Adds a hook, with what is counted about the queue that it stands for.
    pub(crate) fn lane(&mut self, hook: Arc<dyn Hook>, counters: LaneCounters) {
        self.seat_hook(hook, Some(counters));
    }

    fn seat_hook(&mut self, hook: Arc<dyn Hook>, lane: Option<LaneCounters>) {
        let name = isolated(|| hook.name()).unwrap_or(Str::Static("hook"));
        let health = Arc::new(Health::of_lane(name, lane));
        if let Some(propagator) = health.check(isolated(|| hook.propagator())).flatten() {
            self.propagators.push(Seated {
                what: propagator,
                health: Arc::clone(&health),
            });
        }
        self.hooks.push(Seated { what: hook, health });
    }

    /// Calls `take` once the set is complete, before its first run, with what reads the counters of
    /// all its hooks and gates: for a part that reports on the others.
    pub fn watch(&mut self, take: impl Fn(&HooksWatch) + Send + Sync + 'static) {
        self.watchers.push(Box::new(take));
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

    fn seat_gate(&mut self, gate: Arc<dyn Gate>, fail_open: bool) {
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
        let hooks = self.hooks.iter().map(|seat| &seat.health);
        hooks.chain(self.gates().map(|seat| &seat.gate.health))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.healths().map(|health| &health.name);
        f.debug_list().entries(names).finish()
    }
}

/// A value that is both a hook and a gate: observed and asked.
#[derive(Debug, Clone)]
pub struct Both<T>(pub T);

/// A gate whose failures (an error, a panic, no answer in time) allow instead of deny.
///
/// For gates that merely advise. The failure stands in the events all the same.
#[derive(Debug, Clone)]
pub struct FailOpen<G>(pub G);

/// Which kind of thing an [`IntoHooks`] is. Inferred; not for use by name.
#[expect(missing_debug_implementations, reason = "types without values")]
pub mod marker {
    /// A hook.
    pub enum Hook {}
    /// A shared hook of unknown type.
    pub enum SharedHook {}
    /// A gate.
    pub enum Gate {}
    /// A shared gate of unknown type.
    pub enum SharedGate {}
    /// A gate that fails open.
    pub enum FailOpen {}
    /// A hook that is a gate.
    pub enum Both {}
    /// A closure over events.
    pub enum Closure {}
    /// An optional part.
    pub enum Maybe<M> {
        #[doc(hidden)]
        Of(M, std::convert::Infallible),
    }
    /// A list.
    pub enum List<M> {
        #[doc(hidden)]
        Of(M, std::convert::Infallible),
    }
    /// A tuple.
    pub enum Tuple<M> {
        #[doc(hidden)]
        Of(M, std::convert::Infallible),
    }
    /// A type that knows by itself what it is.
    pub enum Own {}
}

#[diagnostic::do_not_recommend]
impl<H: Hook> IntoHooks<marker::Hook> for H {
    fn register(self, to: &mut Registry) {
        to.hook(Arc::new(self));
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::SharedHook> for Arc<dyn Hook> {
    fn register(self, to: &mut Registry) {
        to.hook(self);
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::SharedHook> for Box<dyn Hook> {
    fn register(self, to: &mut Registry) {
        to.hook(Arc::from(self));
    }
}

#[diagnostic::do_not_recommend]
impl<G: Gate> IntoHooks<marker::Gate> for G {
    fn register(self, to: &mut Registry) {
        to.gate(Arc::new(self));
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::SharedGate> for Arc<dyn Gate> {
    fn register(self, to: &mut Registry) {
        to.gate(self);
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::SharedGate> for Box<dyn Gate> {
    fn register(self, to: &mut Registry) {
        to.gate(Arc::from(self));
    }
}

#[diagnostic::do_not_recommend]
impl<G: Gate> IntoHooks<marker::FailOpen> for FailOpen<G> {
    fn register(self, to: &mut Registry) {
        to.seat_gate(Arc::new(self.0), true);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Hook + Gate> IntoHooks<marker::Both> for Both<T> {
    fn register(self, to: &mut Registry) {
        let both = Arc::new(self.0);
        to.hook(Arc::<T>::clone(&both));
        to.gate(both);
    }
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> IntoHooks<marker::Closure> for F {
    fn register(self, to: &mut Registry) {
        to.hook(Arc::new(Closure(Arc::new(self))));
    }
}

#[diagnostic::do_not_recommend]
impl<M, T: IntoHooks<M>> IntoHooks<marker::Maybe<M>> for Option<T> {
    fn register(self, to: &mut Registry) {
        if let Some(some) = self {
            some.register(to);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<M, T: IntoHooks<M>> IntoHooks<marker::List<M>> for Vec<T> {
    fn register(self, to: &mut Registry) {
        for one in self {
            one.register(to);
        }
    }
}

/// A closure as a hook: called for the events of all runs.
struct Closure<F>(Arc<F>);

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Hook for Closure<F> {
    fn name(&self) -> Str {
        Str::Static("closure")
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let call = Arc::clone(&self.0);
        Some(Box::new(move |event: &Event<'_>| call(event)))
    }
}

macro_rules! tuples {
    ($(($($item:ident $marker:ident),*);)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($marker, $item: IntoHooks<$marker>),*> IntoHooks<marker::Tuple<($($marker,)*)>>
            for ($($item,)*)
        {
            #[expect(non_snake_case, clippy::allow_attributes, reason = "a type's name serves as its field's")]
            #[allow(unused_variables, reason = "the empty tuple registers nothing")]
            fn register(self, to: &mut Registry) {
                let ($($item,)*) = self;
                $($item.register(to);)*
            }
        }
    )+};
}

tuples! {
    (A MA);
    (A MA, B MB);
    (A MA, B MB, C MC);
    (A MA, B MB, C MC, D MD);
    (A MA, B MB, C MC, D MD, E ME);
    (A MA, B MB, C MC, D MD, E ME, F MF);
    (A MA, B MB, C MC, D MD, E ME, F MF, G MG);
    (A MA, B MB, C MC, D MD, E ME, F MF, G MG, H MH);
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for () {
    fn register(self, _to: &mut Registry) {}
}
