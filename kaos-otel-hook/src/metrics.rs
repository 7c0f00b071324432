//! Events into metrics.

mod hook;
mod instruments;
mod labels;
mod mcp;
mod observer;
mod pipeline;
mod series;
mod series_cache;
mod shared;
mod tokens;

pub use hook::{LateMetrics, MetricsHook};
pub use pipeline::export_results;
