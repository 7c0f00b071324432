//! Who listens to an agent's events, and who may stop its tools.
//!
//! - A [`Hook`] is registered once and hands out an [`Observer`] for each root run. Observing is
//!   synchronous and quick; a closure over [`Event`] is a hook.
//! - A [`Gate`] decides, before a tool runs, whether it may.
//! - [`Hooks`] is the ordered set of both, made from a tuple, a `Vec`, an `Option`, a closure or
//!   one hook. It opens runs, and keeps each hook from harming the others: a hook that panics is
//!   counted, logged, and after [`MAX_PANICS`] of them put out of service.
//! - A [`Lane`] gives an [`AsyncHook`], one that waits for a network or a disk, its own task behind
//!   a bounded queue.
//! - [`LogHook`] writes a line per span through `tracing`; [`SpanTree`] shows a run to people.
//!
//! # Example
//!
//! A loop of one's own, observed by a closure:
//!
//! ```
//! use kaos_hooks::{Event, Hooks, Step, StepOutcome, Turn, TurnOutcome};
//!
//! let hooks = Hooks::new(|event: &Event<'_>| println!("{}", event.seq));
//! let turn = hooks.turn(Turn::new("assistant").session("session-1"));
//! let step = turn.open(Step::new(1));
//! step.complete(StepOutcome::default());
//! turn.complete(TurnOutcome::default());
//! ```

#[cfg(feature = "audit")]
pub mod audit;
mod dispatch;
mod log_hook;
#[cfg(feature = "memory")]
pub mod memory;
mod plain;
#[cfg(feature = "redact")]
pub mod redact;
mod replay;
mod span_tree;
#[cfg(feature = "testing")]
pub mod testing;

pub use dispatch::{
    AsyncHook, AtOnce, Both, Exchange, FailOpen, Gate, GateError, Hook, HookError, HookStats,
    Hooks, HooksError, HooksWatch, HttpExchange, HttpRequest, IntoHooks, Lane, LaneCounters,
    LaneStats, Later, Panicked, Propagator, Registry, Ruling, ToLater, ToolAnnotations,
    ToolRequest, Verdict, catch_panic, marker,
};
#[doc(hidden)]
pub use dispatch::{park, queue};
pub use log_hook::LogHook;
#[doc(hidden)]
pub use plain::{is_hidden, plain};
pub use replay::{Replay, Replayed};
pub use span_tree::SpanTree;

pub use kaos_events::*;

/// How many panics put a hook out of service.
pub const MAX_PANICS: u64 = 8;
