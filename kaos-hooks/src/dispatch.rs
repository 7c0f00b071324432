//! From one event to all who listen, and from all gates to one ruling.

mod async_hook;
pub(crate) mod fanout;
mod gate;
mod gating;
mod headers;
mod health;
mod hook;
mod hooks;
mod hooks_error;
mod http;
mod into_hooks;
pub(crate) mod isolate;
mod lane;
mod lane_counters;
mod packing;
pub mod park;
mod propagator;
pub mod queue;
mod registry;
mod sync;

pub use async_hook::AsyncHook;
pub use gate::{Gate, GateError, ToolAnnotations, ToolRequest, Verdict};
pub use gating::Ruling;
pub use health::{HookStats, HooksWatch};
pub use hook::{Hook, HookError};
pub use hooks::{Hooks, IntoHooks};
pub use hooks_error::HooksError;
pub use http::{Exchange, HttpExchange, HttpRequest};
pub use into_hooks::{Both, FailOpen, marker};
pub use isolate::{Panicked, catch_panic};
pub use lane::Lane;
pub use lane_counters::{LaneCounters, LaneStats};
pub use propagator::Propagator;
pub use registry::Registry;
