//! OpenTelemetry spans from the event stream of an AI agent.
//!
//! - [`OTelHook`] is the hook: events in, spans out.
//! - [`Telemetry`] is the start-up: exporter and tracer provider from the standard `OTEL_*`
//!   variables, or in memory for tests; it flushes when dropped.
//! - [`Propagators`] carries traces from and to other processes, in W3C headers.
//! - [`LogLayer`] makes an OpenTelemetry log record of every `tracing` event, [`LogLine`] a readable
//!   line, both with the ids of the span they belong to; [`LogSettings`] says which ones.
//! - [`SpanNames`] chooses what spans are called, [`EventIds`] gives them the events' ids, and
//!   [`semconv`] has every attribute name.
//!
//! | event | span | kind |
//! |---|---|---|
//! | turn | `agent.turn` | INTERNAL |
//! | intent classification | `agent.intent_classification` | INTERNAL |
//! | step | `agent.step.{n}` | INTERNAL |
//! | model call | `model.inference` | CLIENT |
//! | tool call | `tool.{name}` | INTERNAL |
//! | sub-agent | `delegate.{agent}`, with the agent's own `agent.turn` inside | INTERNAL |
//! | handoff | `handoff.{agent}` | INTERNAL |
//! | custom | its name | INTERNAL |
//!
//! A span that completes has status UNSET; one that fails, ERROR with `error.type`; one that is
//! cancelled, ERROR with `error.type` = `cancelled`; one that is suspended, UNSET with
//! `kaos.suspended`.

mod attributes;
mod bounded;
mod content;
mod context;
mod export;
mod exporter;
mod genai_events;
mod ids;
mod logs;
mod memory;
mod messages;
mod metrics;
mod names;
mod notice;
mod otel_hook;
mod prices;
mod propagation;
pub mod semconv;
mod settings;
mod spans;
mod telemetry;

pub use content::{Capture, Content};
pub use export::{ExportStats, TelemetryStats};
pub use exporter::ExporterError;
pub use genai_events::GenAiEvents;
pub use ids::EventIds;
pub use logs::{AlreadyInstalled, LogLayer, LogLine, LogSettings};
pub use memory::Memory;
pub use metrics::MetricsHook;
pub use metrics::pipeline::export_results;
pub use names::SpanNames;
pub use otel_hook::OTelHook;
pub use prices::{Price, Prices, PricesError};
pub use propagation::Propagators;
pub use settings::{Batches, ExporterChoice, Limits, Otlp, Settings, TelemetryConfig, TlsFile};
pub use telemetry::{Telemetry, TelemetryHooks};
