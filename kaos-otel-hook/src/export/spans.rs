use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use super::exporter::OfSdk;
use super::{Export, Exporter, Lane, Receipt};

/// The tracer provider's end of the lane of spans.
#[derive(Debug, Clone)]
pub(crate) struct SpanLane(pub(crate) Arc<Lane<SpanData>>);

impl SpanLane {
    pub(crate) fn export(
        &self,
        mut exporter: impl SpanExporter + 'static,
        resource: &Resource,
    ) -> Export {
        exporter.set_resource(resource);
        self.export_by(OfSdk(exporter))
    }

    pub(crate) fn export_by(&self, exporter: impl Exporter<Vec<SpanData>> + 'static) -> Export {
        let lane = Arc::clone(&self.0);
        Box::pin(async move { lane.run(exporter).await })
    }
}

impl<E: SpanExporter> Exporter<Vec<SpanData>> for OfSdk<E> {
    type Part = Vec<SpanData>;

    fn parts(&self, batch: Vec<SpanData>) -> Vec<(u64, Vec<SpanData>)> {
        vec![(batch.len() as u64, batch)]
    }

    async fn send(&self, batch: Vec<SpanData>) -> Result<Receipt, String> {
        let sent = self.0.export(batch).await;
        sent.map(|()| Receipt::default())
            .map_err(|error| error.to_string())
    }
}

impl SpanProcessor for SpanLane {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.0.offer(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.flush(Duration::from_secs(5))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shut_down(timeout)
    }
}
