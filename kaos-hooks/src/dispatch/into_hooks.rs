//! What can be registered: hooks, gates, closures, and lists and tuples of them.

use std::sync::Arc;

use kaos_events::{Emitter, Event, Observer, Run, Str};

use crate::{Gate, Hook, Hooks, IntoHooks, Registry};

/// A value that is both a hook and a gate: observed and asked.
#[derive(Debug, Clone)]
pub struct Both<T>(pub T);

/// A gate whose failures (an error, a panic, no answer in time) allow instead of deny.
///
/// For gates that merely advise. The failure stands in the events all the same.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use kaos_hooks::{FailOpen, Gate, GateError, Hooks, ToolRequest, Verdict};
///
/// /// Knows who may do what, unless it is down.
/// struct Directory;
///
/// #[async_trait]
/// impl Gate for Directory {
///     async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
///         Err(GateError::new(format!("nobody knows who may call {}", call.tool)))
///     }
/// }
///
/// let advised = Hooks::new(FailOpen(Directory)); // the tool runs, and the event says why nobody was asked
/// ```
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

/// In a tuple, or a list: all that the set has joins the new one.
#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for Hooks {
    fn register(self, to: &mut Registry) {
        to.all_of(self.registry());
    }

    fn into_hooks(self, _emitter: Emitter) -> Hooks {
        self
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
