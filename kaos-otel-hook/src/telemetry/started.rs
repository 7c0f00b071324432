//! The providers and lanes of one start-up.

use std::time::{Duration, Instant};

use kaos_hooks::{Later, Value};
#[cfg(feature = "metrics")]
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::logs::{SdkLoggerProvider, SimpleLogProcessor};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, SimpleSpanProcessor, SpanLimits, TracerProviderBuilder,
};

use super::greeting::Greeting;
use super::lanes::Lanes;
#[cfg(feature = "metrics")]
use crate::MetricsHook;
use crate::export;
use crate::{EventIds, ExporterChoice, ExporterError, Memory, Settings, TelemetryStats, notice};

/// How long stopping takes at most.
pub(super) const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// How long statistics wait for spans of events that came before.
const STATS_LIMIT: Duration = Duration::from_millis(100);

pub(super) struct Started {
    pub(super) tracer: SdkTracerProvider,
    pub(super) meter: SdkMeterProvider,
    pub(super) logger: SdkLoggerProvider,
    /// One for all sets of hooks, so that they count together; `None` when metrics are off.
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<MetricsHook>,
    pub(super) span_limits: SpanLimits,
    pub(super) has_logs: bool,
    pub(super) service_name: String,
    /// What is said at the start; nothing of what stays in memory.
    greeting: Option<Greeting>,
    lanes: Lanes,
    /// What makes spans and measures on a thread of its own; nothing where there are no spans, and in
    /// memory, where all is there at once.
    pub(super) later: Option<Later>,
    /// For the spans that are made there.
    pub(super) late_tracer: Option<(SdkTracerProvider, Sampler)>,
}

impl Started {
    pub(super) fn new(settings: &Settings) -> Result<Self, ExporterError> {
        let wants = if settings.metrics == ExporterChoice::None {
            is_for_spans
        } else {
            is_for_spans_and_metrics
        };
        // To be measured alone, an event costs the turn less than to be packed.
        let has_spans = settings.traces != ExporterChoice::None;
        let later = has_spans.then(|| Later::start_for("kaos-telemetry", wants));
        let later = later.transpose().map_err(ExporterError::Thread)?;
        let lanes = Lanes::new(settings, later.as_ref());
        let exports = lanes.clone().exports(settings.clone());
        export::start(exports)?;

        let resource = settings.resource();
        let span_limits = settings.limits_of_provider();
        let provider = || {
            tracer()
                .with_resource(resource.clone())
                .with_span_limits(span_limits)
        };
        let mut tracer = provider();
        let late_tracer = lanes.spans.as_ref().map(|lane| {
            let late = provider()
                .with_sampler(Sampler::AlwaysOn)
                .with_span_processor(lane.clone());
            (late.build(), settings.sampler.clone())
        });
        let mut meter = SdkMeterProvider::builder().with_resource(resource.clone());
        let mut logger = SdkLoggerProvider::builder().with_resource(resource.clone());
        // Without spans runs still have ids for logs and outgoing headers, unsampled.
        tracer = match &lanes.spans {
            Some(lane) => tracer
                .with_sampler(settings.sampler.clone())
                .with_span_processor(lane.clone()),
            None => tracer.with_sampler(Sampler::AlwaysOff),
        };
        if let Some(lane) = &lanes.metrics {
            meter = meter.with_reader(lane.clone());
        }
        if let Some(lane) = &lanes.logs {
            logger = logger.with_log_processor(lane.clone());
        }
        let meter = meter.build();
        #[cfg(feature = "metrics")]
        count_exports(&meter, lanes.clone());
        Ok(Self {
            #[cfg(feature = "metrics")]
            metrics: lanes
                .metrics
                .is_some()
                .then(|| MetricsHook::with_provider(&meter)),
            span_limits,
            has_logs: lanes.logs.is_some(),
            tracer: tracer.build(),
            meter,
            logger: logger.build(),
            service_name: settings.service_name.clone(),
            greeting: Some(Greeting::of(settings)),
            lanes,
            later,
            late_tracer,
        })
    }

    pub(super) fn in_memory(memory: &Memory) -> Self {
        let spans = SimpleSpanProcessor::new(memory.span_exporter());
        let logs = SimpleLogProcessor::new(memory.log_exporter());
        let meter = SdkMeterProvider::builder()
            .with_reader(memory.metric_reader())
            .build();
        Self {
            #[cfg(feature = "metrics")]
            metrics: Some(MetricsHook::with_provider(&meter)),
            span_limits: SpanLimits::default(),
            has_logs: true,
            tracer: tracer()
                .with_span_limits(SpanLimits::default())
                .with_span_processor(spans)
                .build(),
            meter,
            logger: SdkLoggerProvider::builder()
                .with_log_processor(logs)
                .build(),
            service_name: String::new(),
            greeting: None,
            lanes: Lanes::default(),
            later: None,
            late_tracer: None,
        }
    }

    /// Says what is on, unless that has been said or nobody listens.
    pub(super) fn greet(&self) {
        if let Some(greeting) = &self.greeting {
            greeting.say();
        }
    }

    pub(super) fn stats(&self) -> TelemetryStats {
        if let Some(later) = self.later.as_ref().filter(|later| !later.is_closed()) {
            drop(later.flush_within(STATS_LIMIT));
        }
        self.lanes.stats()
    }

    /// Sends what waits, and goes on.
    pub(super) fn flush(&self) {
        let until = Instant::now() + SHUTDOWN_LIMIT;
        let left = || until.saturating_duration_since(Instant::now());
        if let Some(later) = &self.later {
            // A hook that is stuck has been told of what it could be.
            drop(later.flush_within(left()));
        }
        self.lanes.flush(left);
    }

    /// Sends what waits, all signals at once, within [`SHUTDOWN_LIMIT`].
    pub(super) fn stop(&self) {
        let began = Instant::now();
        if let Some(later) = &self.later {
            // Of a hook that is stuck the lanes have what it made before.
            later.close(SHUTDOWN_LIMIT / 2);
            let missed = later.stats().dropped;
            if missed > 0 {
                notice::say(&format!(
                    "{missed} events found no room: their spans and measures are missing"
                ));
            }
        }
        let limit = SHUTDOWN_LIMIT.saturating_sub(began.elapsed());
        self.lanes.close(limit);
        // Each waits for its lane; the lanes' time began above, so that these add up to `limit`.
        // A failed export has been counted and said.
        drop(self.meter.shutdown_with_timeout(limit));
        drop(self.tracer.shutdown_with_timeout(limit));
        drop(self.logger.shutdown_with_timeout(limit));
    }
}

/// What becomes of what is exported, as metrics.
#[cfg(feature = "metrics")]
fn count_exports(meter: &SdkMeterProvider, lanes: Lanes) {
    let meter = meter.meter_with_scope(crate::scope::scope());
    crate::export_results(&meter, move || {
        let TelemetryStats {
            traces,
            metrics,
            logs,
        } = lanes.stats();
        [("traces", traces), ("metrics", metrics), ("logs", logs)]
    });
}

/// Values that spans say something of.
const fn is_for_spans(value: &Value) -> bool {
    matches!(value, Value::UsageObserved(_) | Value::TurnSummary(_))
}

/// And those that are measured: the chunks of a streamed answer.
const fn is_for_spans_and_metrics(value: &Value) -> bool {
    let is_chunk = matches!(
        value,
        Value::TextDelta(_) | Value::ThinkingDelta(_) | Value::ToolCallArgsDelta(_)
    );
    is_chunk || is_for_spans(value)
}

fn tracer() -> TracerProviderBuilder {
    SdkTracerProvider::builder().with_id_generator(EventIds::default())
}
