//! Telemetry from the environment, a configuration, or settings.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use opentelemetry::global;

use super::Telemetry;
use super::started::Started;
use crate::settings::{self, Endpoint};
use crate::{ExporterError, Memory, Propagators, Settings, TelemetryConfig, notice};

/// What [`Telemetry::from_env`] has started in this process, while it lives.
static RUNNING: Mutex<Weak<Started>> = Mutex::new(Weak::new());

impl Telemetry {
    /// Starts what the environment asks for: nothing, unless it names an endpoint or chooses the
    /// `console` exporter.
    ///
    /// An empty variable is as none. A bad value is a warning that names it and what is used
    /// instead. `…_TRACES_…` also stands for `…_METRICS_…` and `…_LOGS_…`: the signal's own
    /// variable goes over the general one.
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `OTEL_SDK_DISABLED` | `true` turns everything off; so do `1` and `yes`, with a warning | `false` |
    /// | `OTEL_TRACES_EXPORTER` | `otlp`, `console` (with the feature `console`) or `none` | `otlp` |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | where to export to; over HTTP `/v1/traces` and so on are added | off |
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the signal's own, used as it is | – |
    /// | `OTEL_EXPORTER_OTLP_PROTOCOL`, `…_TRACES_PROTOCOL` | `grpc` or `http/protobuf`, which also stands in for `http/json` | `grpc` |
    /// | `OTEL_EXPORTER_OTLP_HEADERS`, `…_TRACES_HEADERS` | `key=value,…`, percent-encoded | – |
    /// | `OTEL_EXPORTER_OTLP_TIMEOUT`, `…_TRACES_TIMEOUT` | of one request with its retries | 10 000 ms |
    /// | `OTEL_EXPORTER_OTLP_COMPRESSION`, `…_TRACES_COMPRESSION` | `gzip` or `none` | `none` |
    /// | `KAOS_OTLP_MAX_REQUEST_BYTES` | of one request, before compression: larger batches are split | 3 MiB |
    /// | `OTEL_EXPORTER_OTLP_INSECURE`, `…_TRACES_INSECURE` | gRPC without TLS, where the endpoint has no scheme | `false` |
    /// | `OTEL_EXPORTER_OTLP_CERTIFICATE`, `…_TRACES_CERTIFICATE` | PEM file: whom to trust | the machine's |
    /// | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `_CLIENT_KEY`, `…_TRACES_…` | PEM files: who we are | – |
    /// | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | who exports | `unknown_service:` and the program; a random `service.instance.id` for each process |
    /// | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | what is recorded | `parentbased_always_on`, 1.0 |
    /// | `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_SPAN_…`, `OTEL_LOGRECORD_…` | in characters | 32 768 |
    /// | `OTEL_ATTRIBUTE_COUNT_LIMIT`, `OTEL_SPAN_…`, `OTEL_EVENT_…`, `OTEL_LINK_…` | attributes of each; of a span at least what KAOS says itself | 128 |
    /// | `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT` | events and links of a span | 128 |
    /// | `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BLRP_SCHEDULE_DELAY` | batching of spans, of log records | 5000, 1000 ms |
    /// | `OTEL_BSP_…`, `OTEL_BLRP_MAX_QUEUE_SIZE` | | 2048 |
    /// | `OTEL_BSP_…`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | | 512 |
    /// | `OTEL_BSP_…`, `OTEL_BLRP_EXPORT_TIMEOUT`, `OTEL_METRIC_EXPORT_TIMEOUT` | of one batch | 30 000 ms |
    /// | `OTEL_METRIC_EXPORT_INTERVAL` | between two exports of metrics | 60 000 ms |
    /// | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative`, `delta` or `lowmemory` | `cumulative` |
    /// | `OTEL_SEMCONV_STABILITY_OPT_IN` | with `gen_ai_latest_experimental` in it: [the newest names](crate::Conventions) | the pinned ones |
    /// | `KAOS_SPAN_NAMES` | `kaos`, `genai` or `operator` | `kaos` |
    ///
    /// The default protocol is Python KAOS's; the specification recommends `http/protobuf`. A
    /// signal that no endpoint is named for is off.
    ///
    /// Becomes the global provider of tracers and of meters, and sets the W3C Trace Context
    /// propagator. Started twice in a process, the second shares what the first has started, while
    /// that lives, and says so when the service's name is another.
    ///
    /// # Errors
    ///
    /// A certificate or key that cannot be read, an exporter that refuses its settings, no thread.
    pub fn from_env() -> Result<Self, ExporterError> {
        Self::shared(&Settings::from_vars(env))
    }

    /// As [`from_env`](Self::from_env), with an endpoint for when the environment names none.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env), and an endpoint that is not a URL.
    pub fn from_env_or(endpoint: &str) -> Result<Self, ExporterError> {
        checked(endpoint)?;
        let named = settings::ENDPOINTS.iter().any(|name| is_set(name));
        Self::shared(&Settings::from_vars(|name| {
            if !named && name == settings::ENDPOINT {
                return Some(endpoint.to_owned());
            }
            env(name)
        }))
    }

    /// As [`from_env`](Self::from_env), with variables from this function.
    ///
    /// Touches no globals, and shares nothing: meant for tests.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_otel_hook::Telemetry;
    ///
    /// let telemetry = Telemetry::from_vars(|_| None)?;
    /// assert!(!telemetry.is_on(), "nothing is asked for");
    /// # Ok::<(), kaos_otel_hook::ExporterError>(())
    /// ```
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ExporterError> {
        let settings = Settings::from_vars(lookup);
        settings.say_warnings();
        let started = settings.is_on().then(|| start(&settings)).transpose()?;
        Ok(Self::of(&settings, started))
    }

    /// What a configuration says, and the environment where it says nothing. Else as
    /// [`from_env`](Self::from_env).
    ///
    /// Enabled without an endpoint anywhere is off, with a warning.
    ///
    /// # Errors
    ///
    /// As [`from_env_or`](Self::from_env_or).
    pub fn from_config(config: &TelemetryConfig) -> Result<Self, ExporterError> {
        config.endpoint.as_deref().map_or(Ok(()), checked)?;
        Self::shared(&Settings::from_config(config, env))
    }

    /// What these settings ask for: those of the variables, changed by code. Else as
    /// [`from_env`](Self::from_env).
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// # Example
    ///
    /// ```no_run
    /// use kaos_otel_hook::sdk::Sampler;
    /// use kaos_otel_hook::{Settings, Telemetry};
    ///
    /// let mut settings = Settings::from_vars(|name| std::env::var(name).ok());
    /// settings.sampler = Sampler::TraceIdRatioBased(0.1);
    /// let telemetry = Telemetry::from_settings(&settings)?;
    /// # Ok::<(), kaos_otel_hook::ExporterError>(())
    /// ```
    pub fn from_settings(settings: &Settings) -> Result<Self, ExporterError> {
        Self::shared(settings)
    }

    /// Whether [the environment](Self::should_enable_by) has what Python KAOS asks for.
    pub fn should_enable() -> bool {
        Self::should_enable_by(env)
    }

    /// Python KAOS's strict rule, by these variables: not disabled, and both
    /// `OTEL_SERVICE_NAME` and an endpoint are set.
    pub fn should_enable_by(lookup: impl Fn(&str) -> Option<String>) -> bool {
        settings::should_enable(&lookup)
    }

    /// Spans, metrics and logs are kept in memory, to look at in tests; each is there as soon as
    /// it has ended.
    ///
    /// Sets the W3C Trace Context propagator, but no global provider, so that tests in one process
    /// do not see each other's spans. Read the memory before this is dropped.
    pub fn in_memory() -> (Self, Memory) {
        global::set_text_map_propagator(Propagators::default());
        let memory = Memory::new();
        let started = Arc::new(Started::in_memory(&memory));
        let settings = Settings::from_vars(|_unset| None);
        (Self::of(&settings, Some(started)), memory)
    }

    /// What runs already, or a new start-up that becomes the global one.
    fn shared(settings: &Settings) -> Result<Self, ExporterError> {
        if !settings.is_on() {
            settings.say_warnings();
            return Ok(Self::of(settings, None));
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(started) = running.upgrade() {
            if started.service_name != settings.service_name {
                notice::say(&format!(
                    "telemetry runs already as {}; it is shared, and {} is not used",
                    started.service_name, settings.service_name
                ));
            }
            return Ok(Self::of(settings, Some(started)));
        }
        settings.say_warnings();
        let started = start(settings)?;
        *running = Arc::downgrade(&started);
        global::set_tracer_provider(started.tracer.clone());
        global::set_meter_provider(started.meter.clone());
        global::set_text_map_propagator(settings.propagators.clone());
        Ok(Self::of(settings, Some(started)))
    }
}

fn start(settings: &Settings) -> Result<Arc<Started>, ExporterError> {
    let started = Started::new(settings)?;
    started.greet();
    Ok(Arc::new(started))
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn is_set(name: &str) -> bool {
    env(name).is_some_and(|value| !value.trim().is_empty())
}

/// An endpoint in code or configuration is a URL: a mistake there is an error, not a warning.
fn checked(endpoint: &str) -> Result<(), ExporterError> {
    match Endpoint::of(endpoint.trim(), false, false) {
        Some(_) => Ok(()),
        None => Err(ExporterError::BadEndpoint {
            endpoint: settings::shown(endpoint),
        }),
    }
}
