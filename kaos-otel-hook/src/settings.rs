//! What the variables ask for, as data.

mod batches;
mod config;
mod endpoint;
mod http;
mod limits;
mod otlp;
mod protocol;
mod resource;
mod vars;

use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::{Sampler, SpanLimits};

#[cfg(feature = "logs")]
use crate::LogSettings;
use crate::{Capture, Conventions, Propagators, SpanNames, content, conventions, notice};

pub use batches::Batches;
use batches::EXPORT_TIMEOUT;
pub use config::TelemetryConfig;
pub(crate) use endpoint::{ENDPOINT, ENDPOINTS, Endpoint, shown};
pub use http::HttpSettings;
pub use limits::Limits;
pub(crate) use otlp::Signal;
pub use otlp::{ExporterChoice, Otlp, TlsFile};
pub use protocol::Protocol;
pub(crate) use vars::Vars;

/// What the `OTEL_*` variables ask for; [`Telemetry::from_settings`](crate::Telemetry::from_settings) starts it.
///
/// Reading never fails: what a variable should not be is in [`warnings`](Self::warnings), which
/// name it, its value, and what is used instead. An empty value is as none.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::Settings;
///
/// let settings = Settings::from_vars(|name| match name {
///     "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://localhost:4317".to_owned()),
///     "OTEL_SERVICE_NAME" => Some("lease-desk".to_owned()),
///     "OTEL_BSP_MAX_QUEUE_SIZE" => Some("many".to_owned()),
///     _ => None,
/// });
/// assert!(settings.is_on());
/// assert_eq!(settings.service_name, "lease-desk");
/// assert_eq!(
///     settings.warnings,
///     ["OTEL_BSP_MAX_QUEUE_SIZE is `many`, not a whole number from 1 on; using 2048"]
/// );
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `OTEL_SDK_DISABLED`.
    pub disabled: bool,
    /// What exports spans.
    pub traces: ExporterChoice,
    /// What exports metrics.
    pub metrics: ExporterChoice,
    /// What exports log records.
    pub logs: ExporterChoice,
    /// Who exports; `unknown_service:` and the program's name when nobody says.
    pub service_name: String,
    /// The other attributes of who exports.
    pub resource_attributes: Vec<(String, String)>,
    /// Which traces are recorded. Default: all, unless a remote parent says otherwise.
    pub sampler: Sampler,
    /// How many attributes, events and links a span has at most. Default: 128 of each. What KAOS
    /// says of a span always has room; what users add is dropped, and counted.
    pub span_limits: SpanLimits,
    /// How long attribute values may be.
    pub limits: Limits,
    /// How spans are batched.
    pub span_batches: Batches,
    /// How log records are batched.
    pub log_batches: Batches,
    /// How long between two exports of metrics. Default: 60 s.
    pub metric_interval: Duration,
    /// How long one export of metrics may take. Default: 30 s.
    pub metric_timeout: Duration,
    /// Whether sums go on or start anew with each export. Default: cumulative.
    pub temporality: Temporality,
    /// What spans are called.
    pub names: SpanNames,
    /// Which names the GenAI attributes and metrics have. Default: the pinned ones.
    pub conventions: Conventions,
    /// Where content goes. Default: nowhere.
    pub capture: Capture,
    /// Whether failing spans carry an `exception` event. Default: yes.
    pub exception_events: bool,
    /// Which headers carry traces from and to other processes.
    pub propagators: Propagators,
    /// Which `tracing` events become log lines and records.
    #[cfg(feature = "logs")]
    pub log_lines: LogSettings,
    /// Which requests over HTTP have spans of their own. Default: none.
    pub http: HttpSettings,
    /// What was wrong with the variables.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads variables by this function.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let vars = Vars::new(&lookup);
        let disabled = disabled(&vars);
        let (service_name, resource_attributes) = resource::identity(&vars);
        let mut settings = Self {
            disabled,
            traces: ExporterChoice::of(Signal::Traces, &vars),
            metrics: ExporterChoice::of(Signal::Metrics, &vars),
            logs: ExporterChoice::of(Signal::Logs, &vars),
            service_name: String::new(),
            resource_attributes,
            sampler: limits::sampler(&vars),
            span_limits: limits::span_limits(&vars),
            limits: Limits::of(&vars),
            span_batches: Batches::of("OTEL_BSP", 5000, &vars),
            log_batches: Batches::of("OTEL_BLRP", 1000, &vars),
            metric_interval: vars.millis("OTEL_METRIC_EXPORT_INTERVAL", 1, Duration::from_secs(60)),
            metric_timeout: vars.millis("OTEL_METRIC_EXPORT_TIMEOUT", 1, EXPORT_TIMEOUT),
            temporality: temporality(&vars),
            names: names(&vars),
            conventions: with_warnings(
                &vars,
                Conventions::from_list(vars.get(conventions::STABILITY_OPT_IN).as_deref()),
            ),
            capture: with_warnings(
                &vars,
                Capture::from_value(vars.get(content::CAPTURE).as_deref()),
            ),
            exception_events: with_warnings(
                &vars,
                content::exception_events(vars.get(content::EXCEPTION_SIGNAL).as_deref()),
            ),
            propagators: with_warnings(
                &vars,
                Propagators::from_list(vars.get("OTEL_PROPAGATORS").as_deref()),
            ),
            http: HttpSettings::of(&vars),
            #[cfg(feature = "logs")]
            log_lines: with_warnings(&vars, LogSettings::from_vars(&lookup)),
            warnings: Vec::new(),
        };
        settings.service_name = service_name.unwrap_or_else(|| {
            let name = resource::unknown_service();
            if settings.is_on() {
                vars.warn(format!("OTEL_SERVICE_NAME is not set; using {name}"));
            }
            name
        });
        settings.warnings = vars.warnings();
        settings
    }

    /// Whether anything is exported: not disabled, and some signal has an endpoint or goes to the
    /// console.
    pub fn is_on(&self) -> bool {
        let signals = [&self.traces, &self.metrics, &self.logs];
        !self.disabled && signals.iter().any(|it| **it != ExporterChoice::None)
    }

    /// As [`from_vars`](Self::from_vars), with this configuration over the variables.
    pub fn from_config(config: &TelemetryConfig, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut settings = Self::from_vars(config.before(&lookup));
        if config.enabled == Some(true) {
            if disabled(&Vars::new(&lookup)) {
                let warning = "OTEL_SDK_DISABLED is set, but telemetry is enabled in the \
                               configuration; using the configuration";
                settings.warnings.push(warning.to_owned());
            }
            if !settings.is_on() {
                let warning = "telemetry is enabled in the configuration, but has no endpoint; \
                               using none: nothing is exported. Set `endpoint` there, or \
                               OTEL_EXPORTER_OTLP_ENDPOINT";
                settings.warnings.push(warning.to_owned());
            }
        }
        settings
    }

    pub(crate) fn say_warnings(&self) {
        for warning in &self.warnings {
            notice::say(warning);
        }
    }

    pub(crate) fn resource(&self) -> Resource {
        resource::resource(&self.service_name, &self.resource_attributes)
    }

    /// The span limits that hold: with room for what we say ourselves.
    pub(crate) fn limits_of_provider(&self) -> SpanLimits {
        limits::with_room(self.span_limits)
    }
}

/// Python KAOS's rule, stricter than [`Settings::is_on`]: not disabled, and both a service name
/// and an endpoint are given.
pub(crate) fn should_enable(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let vars = Vars::new(lookup);
    !disabled(&vars)
        && vars.get("OTEL_SERVICE_NAME").is_some()
        && ENDPOINTS.iter().any(|name| vars.get(name).is_some())
}

/// The specification knows only `true`; Python KAOS also took `1` and `yes`.
fn disabled(vars: &Vars<'_>) -> bool {
    const NAME: &str = "OTEL_SDK_DISABLED";
    let Some(value) = vars.get(NAME) else {
        return false;
    };
    match value.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        "1" | "yes" => {
            vars.bad(
                NAME,
                &value,
                "`true`, the one value the specification knows",
                "true",
            );
            true
        }
        _ => {
            vars.bad(NAME, &value, "true or false", "false");
            false
        }
    }
}

/// A setting, its warnings noted.
fn with_warnings<T>(
    vars: &Vars<'_>,
    (setting, warnings): (T, impl IntoIterator<Item = String>),
) -> T {
    for warning in warnings {
        vars.warn(warning);
    }
    setting
}

fn temporality(vars: &Vars<'_>) -> Temporality {
    let words = [
        ("cumulative", Temporality::Cumulative),
        ("delta", Temporality::Delta),
        ("lowmemory", Temporality::LowMemory),
    ];
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE".to_owned();
    vars.word(&[name], &words, Temporality::Cumulative, "cumulative")
}

fn names(vars: &Vars<'_>) -> SpanNames {
    let words = [
        ("kaos", SpanNames::Kaos),
        ("genai", SpanNames::GenAi),
        ("operator", SpanNames::Operator),
    ];
    let name = "KAOS_SPAN_NAMES".to_owned();
    vars.word(&[name], &words, SpanNames::Kaos, "kaos")
}
