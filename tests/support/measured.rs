//! Metrics in memory, as text to compare.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use kaos_hooks::{Emitter, ManualClock, SeededIds};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Histogram, Metric, MetricData, ScopeMetrics, Sum,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// A meter provider whose metrics are exported to memory, when asked.
#[derive(Debug)]
pub struct Measured {
    /// Give it to the hook.
    pub provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Default for Measured {
    fn default() -> Self {
        crate::subscribed();
        let exporter = InMemoryMetricExporter::default();
        let never = Duration::from_secs(86_400);
        let reader = PeriodicReader::builder(exporter.clone())
            .with_interval(never)
            .build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        Self { provider, exporter }
    }
}

impl Measured {
    /// All that was measured so far: a line for each data point, sorted.
    ///
    /// `name [unit] kind {labels} value`, where a histogram's value is its count, its sum, and the
    /// buckets that are not empty by their upper bound; its kind names the bounds.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.each(|metric| lines_of(metric, &mut lines));
        lines.sort();
        lines
    }

    /// The lines of these metrics: those whose name begins so.
    pub fn lines_of(&self, name: &str) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.starts_with(name));
        lines
    }

    /// Everything that is exported, as `Debug` shows it.
    pub fn debug(&self) -> String {
        let mut text = String::new();
        self.each(|metric| write!(text, "{metric:?}").unwrap());
        text
    }

    /// Asserts that just this is measured of all but the pipeline's own metrics.
    ///
    /// # Panics
    ///
    /// If it is not; the message has both.
    #[track_caller]
    pub fn assert(&self, expected: &str) {
        let expected: Vec<&str> = expected
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let mut lines = self.lines();
        lines.retain(|line| !line.starts_with("kaos.hooks."));
        assert!(
            lines == expected,
            "measured:\n{}\nexpected:\n{}",
            lines.join("\n"),
            expected.join("\n")
        );
    }

    fn each(&self, mut see: impl FnMut(&Metric)) {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        for exported in self.exporter.get_finished_metrics().unwrap() {
            for metric in exported.scope_metrics().flat_map(ScopeMetrics::metrics) {
                see(metric);
            }
        }
    }
}

/// An emitter whose time stands until the clock is moved.
pub fn still() -> (Emitter, ManualClock) {
    let clock = ManualClock::at_unix_nanos(1_700_000_000_000_000_000);
    let emitter = Emitter::new()
        .with_ids(SeededIds::new(7))
        .with_clock(clock.clone());
    (emitter, clock)
}

fn lines_of(metric: &Metric, to: &mut Vec<String>) {
    match metric.data() {
        AggregatedMetrics::F64(MetricData::Sum(sum)) => counter(metric, sum, rounded, to),
        AggregatedMetrics::U64(MetricData::Sum(sum)) => counter(metric, sum, |it| it, to),
        AggregatedMetrics::F64(MetricData::Histogram(it)) => histogram(metric, it, rounded, to),
        AggregatedMetrics::U64(MetricData::Histogram(it)) => histogram(metric, it, |it| it, to),
        other => panic!("an unexpected kind of metric: {other:?}"),
    }
}

fn counter<T: Copy, D: Display>(
    metric: &Metric,
    sum: &Sum<T>,
    show: fn(T) -> D,
    to: &mut Vec<String>,
) {
    assert!(sum.is_monotonic(), "{} goes back", metric.name());
    for point in sum.data_points() {
        to.push(format!(
            "{} [{}] counter {{{}}} {}",
            metric.name(),
            metric.unit(),
            labels(point.attributes()),
            show(point.value())
        ));
    }
}

fn histogram<T: Copy, D: Display>(
    metric: &Metric,
    data: &Histogram<T>,
    show: fn(T) -> D,
    to: &mut Vec<String>,
) {
    for point in data.data_points() {
        let bounds: Vec<f64> = point.bounds().collect();
        let mut filled = String::new();
        let uppers = bounds
            .iter()
            .map(ToString::to_string)
            .chain(["inf".to_owned()]);
        for (count, upper) in point.bucket_counts().zip(uppers) {
            if count > 0 {
                write!(filled, " {upper}:{count}").unwrap();
            }
        }
        to.push(format!(
            "{} [{}] {} {{{}}} {} of {} in{filled}",
            metric.name(),
            metric.unit(),
            buckets(&bounds),
            labels(point.attributes()),
            point.count(),
            show(point.sum()),
        ));
    }
}

/// The conventions' bounds by their names there, computed as they are stated there, and our own.
fn buckets(bounds: &[f64]) -> String {
    let powers = |first: f64, factor: f64, count: usize| -> Vec<f64> {
        std::iter::successors(Some(first), |last| Some(last * factor))
            .take(count)
            .collect()
    };
    let known = [
        ("B1", powers(0.01, 2.0, 14)),
        ("B2", powers(1.0, 4.0, 14)),
        ("B3", powers(0.1, 2.0, 13)),
        ("B5", powers(1.0, 2.0, 8)),
        (
            "kaos",
            vec![
                0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0,
                5000.0, 7500.0, 10_000.0, 30_000.0, 60_000.0, 120_000.0, 300_000.0, 600_000.0,
            ],
        ),
    ];
    let found = known.iter().find(|(_, known)| known == bounds);
    found.map_or_else(|| format!("{bounds:?}"), |(name, _)| (*name).to_owned())
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut labels: Vec<String> = attributes
        .map(|it| format!("{}={}", it.key, it.value))
        .collect();
    labels.sort();
    labels.join(" ")
}

/// Without the noise of adding floats.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
