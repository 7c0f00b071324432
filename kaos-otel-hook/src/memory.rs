use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

/// What [`Telemetry::in_memory`](crate::Telemetry::in_memory) has exported, to look at in tests.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    spans: InMemorySpanExporter,
}

impl Memory {
    /// The spans that have ended, in that order.
    pub fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap_or_default()
    }

    pub(crate) fn span_exporter(&self) -> InMemorySpanExporter {
        self.spans.clone()
    }
}
