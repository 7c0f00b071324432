//! Traces that cross processes and tasks: headers, and the current context.

pub(crate) mod baggage;
pub(crate) mod context;
mod hand_on;
mod propagators;
mod setting;
mod trace_parent;
mod trace_state;

pub use hand_on::HandOn;
pub use propagators::Propagators;
