use std::fmt;

use opentelemetry_sdk::logs::InMemoryLogExporter;
use opentelemetry_sdk::logs::in_memory_exporter::LogDataWithResource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

use super::Reader;

/// What [`Telemetry::in_memory`](crate::Telemetry::in_memory) has exported, to look at in tests.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
/// use kaos_otel_hook::Telemetry;
/// use opentelemetry::metrics::MeterProvider as _;
///
/// let (telemetry, memory) = Telemetry::in_memory();
/// let hooks = Hooks::new(telemetry.hooks());
/// hooks.turn(Turn::new("assistant")).complete(TurnOutcome::default());
/// assert_eq!(memory.spans().len(), 1);
///
/// let meter = telemetry.meter_provider().expect("in memory it is on").meter("mine");
/// meter.u64_counter("cups").build().add(3, &[]);
/// let metrics = memory.metrics();
/// assert!(metrics.scope_metrics().any(|scope| scope.scope().name() == "mine"));
/// ```
#[derive(Clone)]
pub struct Memory {
    spans: InMemorySpanExporter,
    logs: InMemoryLogExporter,
    metrics: Reader,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            spans: InMemorySpanExporter::default(),
            logs: InMemoryLogExporter::default(),
            metrics: Reader::new(Temporality::Cumulative),
        }
    }

    /// The spans that have ended, in that order.
    pub fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap_or_default()
    }

    /// What all instruments have measured since the start.
    pub fn metrics(&self) -> ResourceMetrics {
        self.metrics.read()
    }

    /// The log records, in the order they were emitted.
    pub fn logs(&self) -> Vec<LogDataWithResource> {
        self.logs.get_emitted_logs().unwrap_or_default()
    }

    pub(crate) fn span_exporter(&self) -> InMemorySpanExporter {
        self.spans.clone()
    }

    pub(crate) fn log_exporter(&self) -> InMemoryLogExporter {
        self.logs.clone()
    }

    pub(crate) fn metric_reader(&self) -> Reader {
        self.metrics.clone()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("spans", &self.spans().len())
            .field("logs", &self.logs().len())
            .finish_non_exhaustive()
    }
}
