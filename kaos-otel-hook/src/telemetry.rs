use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{IntoHooks, Registry, marker};
use opentelemetry::global;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SimpleSpanProcessor, TracerProviderBuilder};

use crate::batch::{BatchProcessor, BatchSettings, Counters};
use crate::exporter::Target;
use crate::{Content, EventIds, ExportStats, ExporterError, Memory, OTelHook, SpanNames, notice};

/// OpenTelemetry, started: keep it until the program ends.
///
/// It owns the tracer provider and the exporter's thread, and hands out the hooks that feed them.
/// Dropping it sends what still waits, within [`Self::SHUTDOWN_LIMIT`];
/// [`shutdown`](Self::shutdown) does the same without blocking, and reports. Both work on every
/// tokio runtime flavour and without a runtime.
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
    started: Option<Started>,
    names: SpanNames,
    content: Content,
}

struct Started {
    provider: SdkTracerProvider,
    counters: Arc<Counters>,
}

/// The hooks of a [`Telemetry`]: give them to a runner or to `Hooks::new`.
pub struct TelemetryHooks(Option<OTelHook>);

impl Telemetry {
    /// How long dropping it or [`shutdown`](Self::shutdown) takes at most.
    pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

    /// Starts what the environment asks for: nothing, when it names no endpoint.
    ///
    /// | variable | meaning | default |
    /// |---|---|---|
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_TRACES_ENDPOINT` | where to export to | off |
    /// | `OTEL_EXPORTER_OTLP_PROTOCOL`, `…_TRACES_PROTOCOL` | `grpc` or `http/protobuf` | `grpc` |
    /// | `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` | as the specification has them | – |
    /// | `OTEL_SDK_DISABLED` | `true` turns everything off | `false` |
    /// | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | who exports | `unknown_service` |
    /// | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | what is exported | `parentbased_always_on` |
    /// | `OTEL_BSP_SCHEDULE_DELAY`, `_MAX_QUEUE_SIZE`, `_MAX_EXPORT_BATCH_SIZE` | batching | 5000 ms, 2048, 512 |
    /// | `KAOS_SPAN_NAMES` | `kaos`, `genai` or `operator` | `kaos` |
    ///
    /// The default protocol is the ancestors'; the specification recommends `http/protobuf`.
    /// Becomes the global tracer provider, and sets the W3C Trace Context propagator.
    ///
    /// # Errors
    ///
    /// A protocol that is not known, or an endpoint that is not a URL.
    pub fn from_env() -> Result<Self, ExporterError> {
        Self::start(None)
    }

    /// As [`from_env`](Self::from_env), with an endpoint for when the environment names none.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_or(endpoint: &str) -> Result<Self, ExporterError> {
        Self::start(Some(endpoint))
    }

    fn start(default: Option<&str>) -> Result<Self, ExporterError> {
        let names = names();
        let disabled = var("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        let target = if disabled {
            None
        } else {
            Target::from_vars(var, default)?
        };
        let Some(target) = target else {
            return Ok(Self {
                started: None,
                names,
                content: Content::default(),
            });
        };

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ExporterError::Runtime)?;
        let entered = runtime.enter();
        let exporter = target.exporter();
        drop(entered);
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                // Dropping it would block, which inside the caller's runtime is a panic.
                runtime.shutdown_background();
                return Err(error);
            }
        };

        let counters = Arc::new(Counters::default());
        let advice = target.advice();
        let processor =
            BatchProcessor::new(exporter, runtime, settings(), Arc::clone(&counters), advice);
        let mut resource = Resource::builder();
        if let Some(name) = var("OTEL_SERVICE_NAME") {
            // The specification puts it above `service.name` of the resource attributes; the SDK
            // does not.
            resource = resource.with_service_name(name);
        }
        let provider = provider()
            .with_resource(resource.build())
            .with_span_processor(processor)
            .build();
        global::set_tracer_provider(provider.clone());
        Ok(Self {
            started: Some(Started { provider, counters }),
            names,
            content: Content::default(),
        })
    }

    /// Spans are kept in memory, to look at in tests; each is there as soon as it has ended.
    ///
    /// Sets the W3C Trace Context propagator, but not the global tracer provider, so that tests
    /// in one process do not see each other's spans. Read the spans before it is dropped.
    pub fn in_memory() -> (Self, Memory) {
        let memory = Memory::default();
        let processor = SimpleSpanProcessor::new(memory.span_exporter());
        let provider = provider().with_span_processor(processor).build();
        let started = Some(Started {
            provider,
            counters: Arc::default(),
        });
        (
            Self {
                started,
                names: SpanNames::default(),
                content: Content::default(),
            },
            memory,
        )
    }

    /// What spans are called, over the environment's word.
    pub fn with_names(mut self, names: SpanNames) -> Self {
        self.names = names;
        self
    }

    /// Which content it exports, over the environment's word.
    pub fn with_content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    /// The hooks that feed it; none when it is off.
    pub fn hooks(&self) -> TelemetryHooks {
        TelemetryHooks(self.started.as_ref().map(|started| {
            OTelHook::with_provider(&started.provider)
                .with_names(self.names)
                .with_content(self.content.clone())
        }))
    }

    /// Whether anything is exported.
    pub const fn is_on(&self) -> bool {
        self.started.is_some()
    }

    /// The tracer provider, for spans of your own; `None` when it is off.
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        self.started.as_ref().map(|started| &started.provider)
    }

    /// What became of the spans so far. In memory nothing is counted.
    pub fn stats(&self) -> ExportStats {
        self.started
            .as_ref()
            .map(|started| started.counters.read())
            .unwrap_or_default()
    }

    /// Sends what still waits, within [`Self::SHUTDOWN_LIMIT`], and reports.
    ///
    /// # Cancel safety
    ///
    /// When dropped it goes on in the background; the report is lost.
    pub async fn shutdown(mut self) -> ExportStats {
        let Some(started) = self.started.take() else {
            return ExportStats::default();
        };
        let (done, finished) = tokio::sync::oneshot::channel();
        let counters = Arc::clone(&started.counters);
        // A thread, not `spawn_blocking`: it works under any executor.
        std::thread::spawn(move || {
            started.stop();
            // Whoever waited may be gone.
            let _sent: Result<(), ()> = done.send(());
        });
        // An error means that the thread is gone, and with it what it had.
        let _finished: Result<(), _> = finished.await;
        counters.read()
    }
}

impl Started {
    fn stop(&self) {
        // A failed flush has been counted and said.
        drop(
            self.provider
                .shutdown_with_timeout(Telemetry::SHUTDOWN_LIMIT),
        );
    }
}

fn provider() -> TracerProviderBuilder {
    global::set_text_map_propagator(TraceContextPropagator::new());
    SdkTracerProvider::builder().with_id_generator(EventIds::default())
}

fn var(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

fn names() -> SpanNames {
    let Some(value) = var("KAOS_SPAN_NAMES") else {
        return SpanNames::default();
    };
    SpanNames::from_name(value.trim()).unwrap_or_else(|| {
        notice::say(&format!(
            "KAOS_SPAN_NAMES is `{value}`, not kaos, genai or operator; using kaos"
        ));
        SpanNames::default()
    })
}

fn settings() -> BatchSettings {
    let defaults = BatchSettings::default();
    let queue = number("OTEL_BSP_MAX_QUEUE_SIZE", defaults.queue).max(1);
    let delay = number("OTEL_BSP_SCHEDULE_DELAY", 5000);
    BatchSettings {
        queue,
        batch: number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", defaults.batch).clamp(1, queue),
        delay: Duration::from_millis(delay as u64),
    }
}

fn number(variable: &str, default: usize) -> usize {
    let Some(value) = var(variable) else {
        return default;
    };
    value.trim().parse().unwrap_or_else(|_| {
        notice::say(&format!(
            "{variable} is `{value}`, not a whole number; using {default}"
        ));
        default
    })
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let Some(started) = self.started.take() else {
            return;
        };
        started.stop();
        let stats = started.counters.read();
        if stats.lost() > 0 {
            notice::say(&stats.to_string());
        }
    }
}

impl IntoHooks<marker::Own> for TelemetryHooks {
    fn register(self, to: &mut Registry) {
        if let Some(hook) = self.0 {
            to.hook(Arc::new(hook));
        }
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

impl fmt::Debug for TelemetryHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TelemetryHooks").field(&self.0).finish()
    }
}
