//! What a start-up registers.

use std::sync::Arc;

use kaos_hooks::{IntoHooks, Registry, marker};

use super::Telemetry;
#[cfg(feature = "metrics")]
use crate::MetricsHook;
use crate::{GenAiEvents, OTelHook};

/// The hooks of a [`Telemetry`]: give them to a runner or to `Hooks::new`.
#[derive(Debug, Default)]
pub struct TelemetryHooks {
    spans: Option<OTelHook>,
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
        let mut spans = OTelHook::with_provider(&started.tracer)
            .with_names(telemetry.names)
            .with_conventions(telemetry.conventions)
            .with_content(telemetry.content.clone())
            .with_exception_events(telemetry.exception_events)
            .with_value_length(limits.value_length)
            .with_span_limits(&started.span_limits)
            .with_propagators(telemetry.propagators.clone());
        if telemetry.http.client {
            spans = spans.with_http_client(telemetry.http.old_names);
        }
        if let Some(prices) = &telemetry.prices {
            spans = spans.with_prices(prices.clone());
        }
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
            spans: Some(spans),
            #[cfg(feature = "metrics")]
            metrics,
            events,
        }
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for TelemetryHooks {
    fn register(self, to: &mut Registry) {
        if let Some(spans) = self.spans {
            to.hook(Arc::new(spans));
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.metrics {
            metrics.register(to);
        }
        if let Some(events) = self.events {
            to.hook(Arc::new(events));
        }
    }
}
