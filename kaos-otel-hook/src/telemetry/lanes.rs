//! The lanes of the three signals, as the settings want them.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::Later;

use crate::export::{
    self, BatchSettings, Export, Lane, LogLane, MetricLane, MetricSettings, Sending, SpanLane,
};
use crate::settings::Signal;
use crate::{Batches, ExportStats, ExporterChoice, ExporterError, Settings, TelemetryStats};

/// A signal that is off has none.
#[derive(Clone, Default)]
pub(super) struct Lanes {
    pub(super) spans: Option<SpanLane>,
    pub(super) metrics: Option<MetricLane>,
    pub(super) logs: Option<LogLane>,
}

impl Lanes {
    pub(super) fn new(settings: &Settings, later: Option<&Later>) -> Self {
        fn lane<T: Send + 'static>(batches: BatchSettings, sending: Sending) -> Arc<Lane<T>> {
            Lane::new(batches, sending)
        }
        let Settings {
            span_batches,
            log_batches,
            ..
        } = settings;
        let of_metrics = MetricSettings {
            interval: settings.metric_interval,
            temporality: settings.temporality,
        };
        let spans = sending(Signal::Traces, &settings.traces, span_batches.timeout);
        let metrics = sending(Signal::Metrics, &settings.metrics, settings.metric_timeout);
        let logs = sending(Signal::Logs, &settings.logs, log_batches.timeout);
        Self {
            spans: spans.map(|it| SpanLane {
                lane: lane(batches(span_batches), it),
                later: later.cloned(),
            }),
            metrics: metrics.map(|it| MetricLane::new(of_metrics, it, later.cloned())),
            logs: logs.map(|it| LogLane(lane(batches(log_batches), it))),
        }
    }

    pub(super) fn stats(&self) -> TelemetryStats {
        let metrics = self.metrics.as_ref().map(|it| read(&it.lane));
        TelemetryStats {
            traces: self
                .spans
                .as_ref()
                .map(|it| read(&it.lane))
                .unwrap_or_default(),
            metrics: metrics.unwrap_or_default(),
            logs: self.logs.as_ref().map(|it| read(&it.0)).unwrap_or_default(),
        }
    }

    /// What makes the lanes' exporting ends, on the thread that exports.
    pub(super) fn exports(
        self,
        settings: Settings,
    ) -> impl FnOnce() -> Result<Vec<Export>, ExporterError> + Send + 'static {
        move || {
            let resource = settings.resource();
            let mut exports = Vec::new();
            if let Some(lane) = &self.spans {
                exports.push(export::spans(&settings.traces, lane, &resource)?);
            }
            if let Some(lane) = &self.metrics {
                exports.push(export::metrics(&settings.metrics, lane)?);
            }
            if let Some(lane) = &self.logs {
                exports.push(export::logs(&settings.logs, lane, &resource)?);
            }
            Ok(exports)
        }
    }

    pub(super) fn close(&self, limit: Duration) {
        if let Some(lane) = &self.spans {
            lane.lane.close(limit);
        }
        if let Some(lane) = &self.metrics {
            lane.lane.close(limit);
        }
        if let Some(lane) = &self.logs {
            lane.0.close(limit);
        }
    }

    /// Sends what waits, for so long as is left. A failed flush has been counted and said.
    pub(super) fn flush(&self, left: impl Fn() -> Duration) {
        if let Some(lane) = &self.metrics {
            drop(lane.lane.flush(left()));
        }
        if let Some(lane) = &self.spans {
            drop(lane.lane.flush(left()));
        }
        if let Some(lane) = &self.logs {
            drop(lane.0.flush(left()));
        }
    }
}

const fn batches(settings: &Batches) -> BatchSettings {
    BatchSettings {
        queue: settings.queue,
        batch: settings.size,
        delay: settings.delay,
    }
}

fn read<T: Send + 'static>(lane: &Lane<T>) -> ExportStats {
    lane.stats()
}

fn sending(signal: Signal, choice: &ExporterChoice, limit: Duration) -> Option<Sending> {
    let advice = match choice {
        ExporterChoice::Otlp(otlp) => otlp.advice(),
        #[cfg(feature = "console")]
        ExporterChoice::Console => String::new(),
        ExporterChoice::None => return None,
    };
    Some(Sending {
        what: signal.what(),
        limit,
        advice,
    })
}
