//! Traces that cross processes and tasks: headers, and the current context.

pub(crate) mod baggage;
pub(crate) mod context;
mod propagators;
mod setting;
mod trace_parent;
mod trace_state;

pub use propagators::Propagators;
