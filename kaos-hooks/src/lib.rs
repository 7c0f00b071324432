//! Who listens to an agent's events, and who may stop its tools.
//!
//! - A [`Hook`] is registered once and hands out an [`Observer`] for each root run. Observing is
//!   synchronous and quick; a closure over [`Event`] is a hook.
//! - A [`Gate`] decides, before a tool runs, whether it may.
//! - [`Hooks`] is the ordered set of both, made from a tuple, a `Vec`, an `Option`, a closure or
//!   one hook. It opens runs, and keeps each hook from harming the others: a hook that panics is
//!   counted, logged, and after [`MOST_PANICS`] of them put out of service.
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
mod fanout;
mod gate;
mod gating;
mod headers;
mod health;
mod hook;
mod hooks;
mod into_hooks;
mod isolate;
mod lane;
mod log;
mod packing;
#[doc(hidden)]
pub mod park;
mod plain;
#[doc(hidden)]
pub mod queue;
#[cfg(feature = "redact")]
pub mod redact;
mod replay;
mod span_tree;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;

pub use gate::{Gate, GateError, ToolAnnotations, ToolRequest, Verdict};
pub use gating::Ruling;
pub use health::{HookStats, HooksWatch};
pub use hook::{Hook, HookError};
pub use hooks::{Hooks, HooksError};
pub use into_hooks::{Both, FailOpen, IntoHooks, Registry, marker};
pub use isolate::{Panicked, catch_panic};
pub use lane::{AsyncHook, Lane, LaneCounters, LaneStats};
pub use log::LogHook;
#[doc(hidden)]
pub use plain::{commands_terminals, plain};
pub use replay::{Replay, Replayed};
pub use span_tree::SpanTree;

pub use kaos_events::*;

/// How many panics put a hook out of service.
pub const MOST_PANICS: u64 = 8;
