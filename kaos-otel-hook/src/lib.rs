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
//! in none of it unless [`ContentSettings`] lets it out.
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
//! | `http-server` | `HttpServerLayer`: a SERVER span for each request that a `tower` service answers | no |
//! | `console` | `ExporterChoice::Console`: signals on standard output | no |
//!
//! Without them no HTTP, gRPC, TLS or `tracing-subscriber` is compiled: with
//! `default-features = false` a program of [`OTelHook::with_provider`] has 69 crates, itself
//! included. [`Telemetry::in_memory`] works all the same. What a variable asks for and is not built
//! in is a warning that names the feature. The SDK's types stand in [`sdk`], which says its version.
//! What becomes of an export in each case is in `docs/exports.md`, what a span says in
//! `docs/attributes.md`.

mod attributes;
mod content;
mod conventions;
mod export;
#[cfg(feature = "http-server")]
mod http;
mod logs;
#[cfg(feature = "metrics")]
mod metrics;
mod notice;
mod prices;
mod propagation;
mod scope;
pub mod sdk;
pub mod semconv;
mod settings;
mod spans;
mod telemetry;
mod text;

pub use content::{Capture, ContentSettings};
pub use conventions::Conventions;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub use export::SignalProbe;
pub use export::{ExportStats, ExporterError, Memory, TelemetryStats};
#[cfg(feature = "http-server")]
pub use http::{ForwardedCall, ForwardedCalls, HttpServerLayer, HttpServerService, ObservedBody};
pub use logs::GenAiEvents;
#[cfg(feature = "logs")]
pub use logs::{AlreadyInstalled, LogLayer, LogLine, LogSettings};
#[cfg(feature = "metrics")]
#[doc(hidden)]
pub use metrics::LateMetrics;
#[cfg(feature = "metrics")]
pub use metrics::{MetricsHook, export_results};
pub use prices::{Price, Prices, PricesError};
pub use propagation::{HandOn, Propagators};
pub use settings::{
    Batches, ExporterChoice, HttpSettings, Limits, Otlp, Protocol, Settings, TelemetryConfig,
    TlsFile,
};
#[doc(hidden)]
pub use spans::LateSpans;
pub use spans::{EventIds, OTelHook, SpanNames};
pub use telemetry::{Telemetry, TelemetryHooks};
