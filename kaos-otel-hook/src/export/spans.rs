use std::sync::Arc;
use std::time::{Duration, Instant};

use kaos_hooks::Later;
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use super::exporter::OfSdk;
use super::{Export, Exporter, Lane, Receipt};

/// The tracer provider's end of the lane of spans.
#[derive(Debug, Clone)]
pub(crate) struct SpanLane {
    pub(crate) lane: Arc<Lane<SpanData>>,
    /// Who makes spans of events that came before.
    pub(crate) later: Option<Later>,
}

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
        let lane = Arc::clone(&self.lane);
        Box::pin(async move { lane.run(exporter).await })
    }
}

/// Waits until the hooks have heard of all events so far: how much of the limit is left then.
pub(super) fn caught_up(later: Option<&Later>, limit: Duration) -> Result<Duration, OTelSdkError> {
    let Some(later) = later.filter(|later| !later.is_closed()) else {
        return Ok(limit); // it is over
    };
    let began = Instant::now();
    let flushed = later.flush_within(limit);
    flushed.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?;
    Ok(limit.saturating_sub(began.elapsed()))
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
            self.lane.offer(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        let left = caught_up(self.later.as_ref(), Duration::from_secs(5))?;
        self.lane.flush(left)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        // What is not made in half of the time is missing; the rest is for what is.
        let half = timeout / 2;
        let left = caught_up(self.later.as_ref(), half).unwrap_or_default();
        self.lane.shut_down(half + left)
    }
}
