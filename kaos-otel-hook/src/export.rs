//! The thread that exports: three lanes, one for each signal, on a tokio runtime of their own.
//!
//! The SDK's batch processors drop without counting, report a successful flush after a failed
//! export, and die silently with a panicking exporter. Here every span, log record and data point
//! is accounted for, and an exporter that needs a runtime works under any runtime flavour, or
//! without any. The caller's side of a lane is a short lock: it never waits for an exporter.

mod choice;
#[cfg(feature = "console")]
mod console;
mod error;
mod exporter;
mod lane;
mod logs;
mod loss_reports;
mod memory;
mod metrics;
mod nothing;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
mod otlp;
mod spans;
mod stats;
mod thread;

pub(crate) use choice::{logs, metrics, spans};
pub use error::ExporterError;
pub(crate) use exporter::{Exporter, Receipt};
pub(crate) use lane::{BatchSettings, Export, Lane, Sending};
pub(crate) use logs::LogLane;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub(crate) use logs::Record;
pub(crate) use metrics::{MetricLane, MetricSettings, Reader};
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub use otlp::SignalProbe;
pub(crate) use spans::SpanLane;
pub use stats::{ExportStats, TelemetryStats};

pub use memory::Memory;
pub(crate) use thread::start;

#[cfg(test)]
mod tests;
