//! Events into metrics.

mod hook;
mod instruments;
mod known;
mod labels;
mod mcp;
mod observer;
mod pipeline;
mod series;
mod shared;
mod tokens;

pub use hook::MetricsHook;
pub use pipeline::export_results;
