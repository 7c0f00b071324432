//! Metrics have no queue: the SDK adds measurements up, and the lane collects the sums now and then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};

use kaos_hooks::Later;
use kaos_hooks::park::this_task;
use kaos_hooks::queue::Next;

use super::exporter::OfSdk;
use super::lane::idle;
use super::spans::caught_up;
use super::{BatchSettings, Export, Exporter, Lane, Receipt, Sending};
use crate::notice;

/// When metrics are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetricSettings {
    /// How long between two collections.
    pub(crate) interval: Duration,
    pub(crate) temporality: Temporality,
}

/// A reader that is collected from outside the meter provider.
#[derive(Debug, Clone)]
pub(crate) struct Reader(Arc<ManualReader>);

impl Reader {
    pub(crate) fn new(temporality: Temporality) -> Self {
        let reader = ManualReader::builder().with_temporality(temporality);
        Self(Arc::new(reader.build()))
    }

    /// What the instruments have now; nothing once the provider is gone, or when a callback
    /// panics.
    pub(crate) fn read(&self) -> ResourceMetrics {
        let collect = || {
            let mut metrics = ResourceMetrics::default();
            self.0.collect(&mut metrics).ok().map(|()| metrics)
        };
        let collected = catch_unwind(AssertUnwindSafe(collect)).unwrap_or_else(|_| {
            notice::say("metrics could not be collected: a callback of an instrument panicked");
            None
        });
        collected.unwrap_or_default()
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// The meter provider's end of the lane of metrics.
#[derive(Debug, Clone)]
pub(crate) struct MetricLane {
    pub(crate) lane: Arc<Lane<()>>,
    reader: Reader,
    interval: Duration,
    /// Who measures what events say that came before.
    later: Option<Later>,
}

impl MetricLane {
    pub(crate) fn new(settings: MetricSettings, sending: Sending, later: Option<Later>) -> Self {
        let unused = BatchSettings {
            queue: 0,
            batch: usize::MAX,
            delay: settings.interval,
        };
        Self {
            lane: Lane::new(unused, sending),
            reader: Reader::new(settings.temporality),
            interval: settings.interval,
            later,
        }
    }

    pub(crate) fn export(&self, exporter: impl PushMetricExporter) -> Export {
        self.export_by(OfSdk(exporter))
    }

    pub(crate) fn export_by(&self, exporter: impl Exporter<ResourceMetrics> + 'static) -> Export {
        let Self {
            lane,
            reader,
            interval,
            ..
        } = self.clone();
        Box::pin(async move {
            let Some(mut queue) = lane.reader() else {
                return;
            };
            let mut due = Instant::now() + interval;
            while !lane.is_late() {
                let waker = this_task().await;
                let (flush, last) = match queue.next(&waker, Instant::now()) {
                    Next::Flush(flush) => (Some(flush), false),
                    Next::Closed => (None, true),
                    // Nobody offers anything: what there is is collected here.
                    Next::Batch(_) => continue,
                    Next::Wait(_) => {
                        let left = due.saturating_duration_since(Instant::now());
                        if !left.is_zero() {
                            idle(Some(left)).await;
                            continue;
                        }
                        (None, false)
                    }
                };
                let metrics = reader.read();
                let taken = queue.bring(vec![(); data_points(&metrics)]);
                if taken.left() > 0 {
                    lane.send(&exporter, metrics, taken).await;
                }
                if let Some(flush) = flush {
                    flush.made(Ok(()));
                }
                if last {
                    return;
                }
                due = Instant::now() + interval;
            }
        })
    }
}

impl<E: PushMetricExporter> Exporter<ResourceMetrics> for OfSdk<E> {
    type Part = ResourceMetrics;

    fn parts(&self, metrics: ResourceMetrics) -> Vec<(u64, ResourceMetrics)> {
        vec![(data_points(&metrics) as u64, metrics)]
    }

    async fn send(&self, metrics: ResourceMetrics) -> Result<Receipt, String> {
        let sent = self.0.export(&metrics).await;
        sent.map(|()| Receipt::default())
            .map_err(|error| error.to_string())
    }
}

impl MetricReader for MetricLane {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.reader.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.reader.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        let left = caught_up(self.later.as_ref(), Duration::from_secs(5))?;
        self.lane.flush(left)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let half = timeout / 2;
        let left = caught_up(self.later.as_ref(), half).unwrap_or_default();
        let sent = self.lane.shut_down(half + left);
        self.reader.shutdown_with_timeout(timeout).and(sent)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.reader.temporality(kind)
    }
}

fn data_points(metrics: &ResourceMetrics) -> usize {
    fn of<T>(data: &MetricData<T>) -> usize
    where
        T: Copy,
    {
        match data {
            MetricData::Gauge(it) => it.data_points().count(),
            MetricData::Sum(it) => it.data_points().count(),
            MetricData::Histogram(it) => it.data_points().count(),
            MetricData::ExponentialHistogram(it) => it.data_points().count(),
        }
    }

    metrics
        .scope_metrics()
        .flat_map(ScopeMetrics::metrics)
        .map(|metric| match metric.data() {
            AggregatedMetrics::F64(data) => of(data),
            AggregatedMetrics::U64(data) => of(data),
            AggregatedMetrics::I64(data) => of(data),
        })
        .sum()
}
