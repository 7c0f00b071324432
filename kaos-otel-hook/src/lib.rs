//! OpenTelemetry from the event stream of an AI agent: spans, metrics and logs.
//!
//! | event | span (kind) | metrics | log |
//! |---|---|---|---|
//! | turn | `agent.turn` (INTERNAL) | `kaos.requests`, `kaos.request.duration`, `gen_ai.invoke_agent.duration`, `gen_ai.invoke_agent.inference_calls`, `gen_ai.invoke_agent.tool_calls` | – |
//! | intent classification | `agent.intent_classification` (INTERNAL) | – | – |
//! | step | `agent.step.{n}` (INTERNAL) | – | – |
//! | model call | `model.inference` (CLIENT) | `kaos.model.calls`, `kaos.model.duration`, `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`; streamed: `gen_ai.client.operation.time_to_first_chunk`, `gen_ai.client.operation.time_per_output_chunk` | DEBUG: messages sent, length received, or the failure; with content on events, `gen_ai.client.inference.operation.details` |
//! | tool call | `tool.{name}` (INTERNAL) | `kaos.tool.calls`, `kaos.tool.duration`, `gen_ai.execute_tool.duration` | DEBUG: name, keys of the arguments, outcome |
//! | sub-agent | `delegate.{agent}` (INTERNAL), with the agent's own `agent.turn` inside; elsewhere: CLIENT, without | `kaos.delegations`, `kaos.delegation.duration` | DEBUG: target, lengths |
//! | handoff | `handoff.{agent}` (INTERNAL) | – | – |
//! | custom | its name (INTERNAL) | – | – |
//! | text delta | – | counts as a chunk of its model call | – |
//! | usage observed | – | cost, where a price is known | – |
//! | gate decided | – | – | – |
//! | failure of any of these | status ERROR, `error.type`, event `exception` | `error.type`; `success` = `false` | `gen_ai.client.operation.exception`, WARN |
//!
//! Names are those of [`SpanNames::Kaos`]; the other sets rename spans, not attributes or metrics.
//! A span that completes has status UNSET; one that is cancelled, ERROR with `error.type` =
//! `cancelled`; one that is suspended, UNSET with `kaos.suspended`. All of a run's telemetry has
//! the ids and times of its events. Content (prompts, answers, arguments, results, error texts) is
//! in none of it unless [`Content`] lets it out.
//!
//! - [`OTelHook`] is the hook: events in, spans out. [`GenAiEvents`] writes the log events.
//! - [`Telemetry`] is the start-up: exporters and providers of traces, metrics and logs from the
//!   standard `OTEL_*` variables, or in memory for tests; it flushes when dropped. [`Settings`] is
//!   what the variables ask for, as data; [`TelemetryConfig`] is a configuration file's word.
//! - [`Propagators`] carries traces from and to other processes, in W3C headers.
//! - [`LogLayer`] makes an OpenTelemetry log record of every `tracing` event, [`LogLine`] a readable
//!   line, both with the ids of the span they belong to; [`LogSettings`] says which ones.
//! - [`SpanNames`] chooses what spans are called, [`EventIds`] gives them the events' ids, and
//!   [`semconv`] has every attribute name.
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `logs` | `LogLayer`, `LogLine`, `Telemetry::install_logs`: log records of the program's `tracing` events | yes |
//! | `metrics` | `MetricsHook`, `export_results`: metrics from the events | yes |
//! | `otlp-grpc` | `Protocol::Grpc`: OTLP over gRPC, with TLS | yes |
//! | `otlp-http` | `Protocol::HttpProtobuf`: OTLP over HTTP, with TLS | yes |
//! | `console` | `ExporterChoice::Console`: signals on standard output | no |
//!
//! Without them no HTTP, gRPC, TLS or `tracing-subscriber` is compiled: with
//! `default-features = false` a program of [`OTelHook::with_provider`] has 69 crates, itself
//! included. [`Telemetry::in_memory`] works all the same. What a variable asks for and is not built
//! in is a warning that names the feature. The SDK's types stand in [`sdk`], which says its version.
//! What becomes of an export in each case is in `docs/exports.md`, what a span says in
//! `docs/attributes.md`.

mod arises;
mod attributes;
mod bounded;
#[cfg(feature = "console")]
mod console;
mod content;
mod context;
mod conventions;
mod export;
mod exporter;
mod fitted;
mod genai_events;
mod ids;
#[cfg(feature = "logs")]
mod logs;
mod memory;
mod messages;
#[cfg(feature = "metrics")]
mod metrics;
mod names;
mod notice;
mod operation;
mod otel_hook;
mod prices;
mod propagation;
pub mod sdk;
pub mod semconv;
mod settings;
mod spans;
mod telemetry;

pub use content::{Capture, Content};
pub use conventions::Conventions;
pub use export::{ExportStats, TelemetryStats};
pub use exporter::ExporterError;
pub use genai_events::GenAiEvents;
pub use ids::EventIds;
#[cfg(feature = "logs")]
pub use logs::{AlreadyInstalled, LogLayer, LogLine, LogSettings};
pub use memory::Memory;
#[cfg(feature = "metrics")]
pub use metrics::{MetricsHook, pipeline::export_results};
pub use names::SpanNames;
pub use otel_hook::OTelHook;
pub use prices::{Price, Prices, PricesError};
pub use propagation::Propagators;
pub use settings::{
    Batches, ExporterChoice, Limits, Otlp, Protocol, Settings, TelemetryConfig, TlsFile,
};
pub use telemetry::{Telemetry, TelemetryHooks};
