mod greeting;
mod hooks;
mod lanes;
#[cfg(feature = "logs")]
mod log_lines;
mod shutdown;
mod start;
mod started;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

#[cfg(feature = "logs")]
use crate::LogSettings;
use crate::{
    ContentSettings, Conventions, HttpSettings, Limits, Prices, Propagators, Settings, SpanNames,
    TelemetryStats,
};
pub use hooks::TelemetryHooks;
use started::Started;

/// OpenTelemetry, started: keep it until the program ends.
///
/// It owns the providers of traces, metrics and logs and the thread that exports them, and hands
/// out the hooks that feed them. Dropping it sends what still waits, within
/// [`Self::SHUTDOWN_LIMIT`]; [`shutdown`](Self::shutdown) does the same without blocking, and
/// reports. Both work on every tokio runtime flavour and without a runtime.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use kaos_hooks::Hooks;
/// use kaos_otel_hook::Telemetry;
///
/// let telemetry = Telemetry::from_env()?;
/// let hooks = Hooks::new(telemetry.hooks());
/// // … run agents …
/// println!("{}", telemetry.shutdown().await);
/// # Ok(())
/// # }
/// ```
#[must_use = "telemetry stops when it is dropped"]
pub struct Telemetry {
    started: Option<Arc<Started>>,
    names: SpanNames,
    conventions: Conventions,
    limits: Limits,
    content: ContentSettings,
    exception_events: bool,
    propagators: Propagators,
    http: HttpSettings,
    prices: Option<Prices>,
    #[cfg(feature = "logs")]
    logs: LogSettings,
}

impl Telemetry {
    /// How long dropping it or [`shutdown`](Self::shutdown) takes at most, all signals together.
    pub const SHUTDOWN_LIMIT: Duration = started::SHUTDOWN_LIMIT;

    fn of(settings: &Settings, started: Option<Arc<Started>>) -> Self {
        Self {
            started,
            names: settings.names,
            conventions: settings.conventions,
            limits: settings.limits,
            content: ContentSettings::new(settings.capture),
            exception_events: settings.exception_events,
            propagators: settings.propagators.clone(),
            http: settings.http.clone(),
            prices: None,
            #[cfg(feature = "logs")]
            logs: settings
                .log_lines
                .clone()
                .with_names(settings.names)
                .with_value_limit(settings.limits.log_value_length),
        }
    }

    /// What spans are called, over the environment's word.
    pub fn with_names(mut self, names: SpanNames) -> Self {
        self.names = names;
        self
    }

    /// Which names the GenAI attributes and metrics have, over the environment's word.
    pub const fn with_conventions(mut self, conventions: Conventions) -> Self {
        self.conventions = conventions;
        self
    }

    /// Which content it exports, over the environment's word.
    pub fn with_content(mut self, content: ContentSettings) -> Self {
        self.content = content;
        self
    }

    /// What models cost: for `kaos.cost_usd`. Default: nothing is known.
    pub fn with_prices(mut self, prices: Prices) -> Self {
        self.prices = Some(prices);
        self
    }

    /// Which requests over HTTP have spans of their own, over the environment's word.
    pub fn with_http(mut self, http: HttpSettings) -> Self {
        self.http = http;
        self
    }

    /// Which headers carry traces from and to other processes, and how many were malformed.
    pub fn propagators(&self) -> &Propagators {
        &self.propagators
    }

    /// Whether anything is exported.
    pub const fn is_on(&self) -> bool {
        self.started.is_some()
    }

    /// How long attribute values may be.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The tracer provider, for spans of your own; `None` when telemetry is off.
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        self.started.as_ref().map(|started| &started.tracer)
    }

    /// The meter provider, for metrics of your own; `None` when telemetry is off.
    pub fn meter_provider(&self) -> Option<&SdkMeterProvider> {
        self.started.as_ref().map(|started| &started.meter)
    }

    /// The logger provider, for log records of your own; `None` when telemetry is off.
    pub fn logger_provider(&self) -> Option<&SdkLoggerProvider> {
        self.started.as_ref().map(|started| &started.logger)
    }

    /// What became of all there was to export so far, for which it waits until spans have been made of
    /// all events, 100 ms at most. In memory nothing is counted.
    pub fn stats(&self) -> TelemetryStats {
        self.started
            .as_ref()
            .map(|started| started.stats())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("on", &self.is_on())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
