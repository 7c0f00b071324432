//! For tests: a hook that records, and assertions about what it recorded.
//!
//! # Example
//!
//! ```
//! use kaos_hooks::testing::{Recorder, assert_tree};
//! use kaos_hooks::{Hooks, Step, StepOutcome, Turn, TurnOutcome};
//!
//! let recorder = Recorder::new();
//! let hooks = Hooks::new(recorder.clone());
//! let turn = hooks.turn(Turn::new("assistant"));
//! turn.open(Step::new(1)).complete(StepOutcome::default());
//! turn.open(Step::new(2)).cancel();
//! turn.complete(TurnOutcome::default());
//!
//! assert_tree(&recorder, "
//!     agent.turn
//!       agent.step.1
//!       agent.step.2 [cancelled]
//! ");
//! ```

mod recorder;
mod tree;

pub use recorder::{Malformed, Recorder};
pub use tree::assert_tree;
