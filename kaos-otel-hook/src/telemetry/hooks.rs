//! What a start-up registers.

use std::sync::Arc;

#[cfg(feature = "metrics")]
use kaos_hooks::Later;
use kaos_hooks::{IntoHooks, Registry, marker};

use super::Telemetry;
#[cfg(feature = "metrics")]
use crate::MetricsHook;
use crate::spans::LateSpans;
use crate::{GenAiEvents, OTelHook};

/// The hooks of a [`Telemetry`]: give them to a runner or to `Hooks::new`.
#[derive(Debug, Default)]
pub struct TelemetryHooks {
    spans: Option<OTelHook>,
    /// The same, made later.
    late_spans: Option<LateSpans>,
    #[cfg(feature = "metrics")]
    later: Option<Later>,
    #[cfg(feature = "metrics")]
    metrics: Option<MetricsHook>,
    events: Option<GenAiEvents>,
}

impl Telemetry {
    /// The hooks that feed it; none when it is off.
    pub fn hooks(&self) -> TelemetryHooks {
        TelemetryHooks::of(self)
    }
}

impl TelemetryHooks {
    fn of(telemetry: &Telemetry) -> Self {
        let Some(started) = &telemetry.started else {
            return Self::default();
        };
        let limits = telemetry.limits;
        let spans = |provider| {
            let spans = OTelHook::with_provider(provider)
                .with_names(telemetry.names)
                .with_conventions(telemetry.conventions)
                .with_content(telemetry.content.clone())
                .with_exception_events(telemetry.exception_events)
                .with_value_length(limits.value_length)
                .with_span_limits(&started.span_limits)
                .with_propagators(telemetry.propagators.clone());
            let spans = match &telemetry.prices {
                Some(prices) => spans.with_prices(prices.clone()),
                None => spans,
            };
            if telemetry.http.client {
                spans.with_http_client(telemetry.http.old_names)
            } else {
                spans
            }
        };
        let at_once = spans(&started.tracer);
        let late = started.late_tracer.as_ref().zip(started.later.as_ref());
        let late_spans = late.and_then(|((provider, sampler), later)| {
            let hooks = (at_once.clone(), spans(provider));
            LateSpans::new(hooks, sampler.clone(), later.clone(), started.has_logs)
        });
        #[cfg(feature = "metrics")]
        let metrics = started.metrics.clone().map(|metrics| {
            let metrics = metrics.with_conventions(telemetry.conventions);
            match &telemetry.prices {
                Some(prices) => metrics.with_prices(prices.clone()),
                None => metrics,
            }
        });
        let events = started.has_logs.then(|| {
            GenAiEvents::with_provider(&started.logger)
                .with_conventions(telemetry.conventions)
                .with_content(telemetry.content.clone())
                .with_value_length(limits.log_value_length)
        });
        Self {
            spans: Some(at_once),
            late_spans,
            #[cfg(feature = "metrics")]
            later: started.later.clone(),
            #[cfg(feature = "metrics")]
            metrics,
            events,
        }
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for TelemetryHooks {
    fn register(self, to: &mut Registry) {
        match (self.late_spans, self.spans) {
            (Some(spans), _) => spans.register(to),
            (None, Some(spans)) => to.hook(Arc::new(spans)),
            (None, None) => {}
        }
        #[cfg(feature = "metrics")]
        match (self.metrics, &self.later) {
            (Some(metrics), Some(later)) => metrics.later(later.clone()).register(to),
            (Some(metrics), None) => metrics.register(to),
            (None, _) => {}
        }
        if let Some(events) = self.events {
            to.hook(Arc::new(events));
        }
    }
}
