use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{Hook, HookError, Observer, Propagator, Run, Str};
use opentelemetry::global;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanLimits};

use super::observer::Spans;
use super::requests::Requests;
use super::room::Room;
use super::settings::{SpanSettings, VALUE_LENGTH};
use super::shared::Inner;
use crate::scope::scope;
use crate::{ContentSettings, Conventions, Prices, Propagators, SpanNames};

/// Turns every span of the event stream into an OpenTelemetry span.
///
/// Start and end times, parents, status and, with [`EventIds`](crate::EventIds) in the provider,
/// ids are the events'; with any other id generator the event's id is the attribute
/// `kaos.span_id`. A run without a given parent becomes the child of the caller's current span. An
/// entered future has its span as the current one. Content is exported only
/// [on request](Self::with_content).
///
/// A span has each attribute once: what users add under a name of the span's own, or add again at
/// the end, is left out.
///
/// If the provider does not record a run's root span, the rest of the run is not built; futures are
/// entered all the same, with the run's ids and the sampled flag off.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
/// use kaos_otel_hook::Telemetry;
///
/// let (telemetry, memory) = Telemetry::in_memory();
/// let hooks = Hooks::new(telemetry.hooks());
/// hooks.turn(Turn::new("assistant")).complete(TurnOutcome::default());
/// assert_eq!(memory.spans()[0].name, "agent.turn");
/// ```
#[doc(alias = "OtelHook")]
#[derive(Clone)]
pub struct OTelHook(Target, Propagators);

#[derive(Clone)]
enum Target {
    Sdk(Arc<Inner<SdkTracer>>, SdkTracerProvider),
    Global(Arc<Inner<BoxedTracer>>),
}

impl OTelHook {
    /// The most characters of an attribute's text, unless set, in spans and log records alike:
    /// enough for a stack trace, too few for a document.
    pub const DEFAULT_VALUE_LENGTH: usize = VALUE_LENGTH;

    /// Spans of the global tracer provider, as it is now.
    ///
    /// Set the global provider first. If none is set this says so once, at the first run.
    pub fn new() -> Self {
        let tracer = global::tracer_with_scope(scope());
        let inner = Inner::new(tracer, SpanSettings::default());
        Self(Target::Global(Arc::new(inner)), Propagators::default())
    }

    /// Spans of this provider.
    pub fn with_provider(provider: &SdkTracerProvider) -> Self {
        let tracer = provider.tracer_with_scope(scope());
        let inner = Inner::new(tracer, SpanSettings::default());
        let target = Target::Sdk(Arc::new(inner), provider.clone());
        Self(target, Propagators::default())
    }

    /// What spans are called. Default: [`SpanNames::Kaos`].
    #[must_use]
    pub fn with_names(self, names: SpanNames) -> Self {
        self.with(|settings| settings.names = names)
    }

    /// Which names the GenAI attributes have. Default: the pinned ones.
    #[must_use]
    pub fn with_conventions(self, conventions: Conventions) -> Self {
        self.with(|settings| settings.conventions = conventions)
    }

    /// Which content spans carry. Default: none.
    #[must_use]
    pub fn with_content(self, content: ContentSettings) -> Self {
        let content = content.capture.on_spans().then(|| Arc::new(content));
        self.with(|settings| settings.content = content)
    }

    /// Whether a failing span carries an `exception` event, which the exception views of today's
    /// backends read. Default: yes. Under [`SpanNames::GenAi`] it never does: the conventions have
    /// a log event for it.
    #[must_use]
    pub fn with_exception_events(self, exceptions: bool) -> Self {
        self.with(|settings| settings.exceptions = exceptions)
    }

    /// The most characters of an attribute's text, each of up to four bytes; a longer one is cut, and
    /// ends with `…`. Content in JSON is cut inside and is JSON still: its longest texts end with
    /// `…`, then the middle of its longest lists is left out, with an element that says how many
    /// that were; such a span has `kaos.truncated`. Of what has no room at all, `[]` or `{}` is
    /// left, or nothing. `None` is no limit: one attribute of many megabytes can then cost a whole batch. Default:
    /// [`Self::DEFAULT_VALUE_LENGTH`].
    #[must_use]
    pub fn with_value_length(self, limit: Option<usize>) -> Self {
        self.with(|settings| settings.value_length = limit)
    }

    /// What models cost: for `kaos.cost_usd` on model calls, and their sum on the turn that made
    /// them; a sub-agent's turn has its own, which its caller's does not include. Default: nothing
    /// is known.
    #[must_use]
    pub fn with_prices(self, prices: Prices) -> Self {
        self.with(|settings| settings.prices = Some(prices))
    }

    /// The provider's limits, where they are not the SDK's defaults.
    ///
    /// A provider keeps what comes first, and counts what it drops. Ours comes last: tokens, finish
    /// reasons, `error.type`, the `exception` event. So room is reserved for it, and what users add
    /// beyond the rest is dropped and counted.
    #[must_use]
    pub fn with_span_limits(self, limits: &SpanLimits) -> Self {
        self.with(|settings| settings.room = Room::of(limits))
    }

    /// Makes a span of kind CLIENT of each request over HTTP that runs make, between what it is made for and its
    /// server; with attributes also under the names of before 2023, or without. Default: there are none.
    #[must_use]
    pub fn with_http_client(self, old_names: bool) -> Self {
        self.with(|settings| {
            settings.http_client = true;
            settings.http_old_names = old_names;
        })
    }

    fn with(self, change: impl FnOnce(&mut SpanSettings)) -> Self {
        let mut settings = self.settings().clone();
        change(&mut settings);
        let target = match self.0 {
            Target::Sdk(inner, provider) => Target::Sdk(
                Arc::new(Inner::new(inner.tracer.clone(), settings)),
                provider,
            ),
            Target::Global(_) => Target::Global(Arc::new(Inner::new(
                global::tracer_with_scope(scope()),
                settings,
            ))),
        };
        Self(target, self.1)
    }

    /// Which headers it reads and writes for [`Hooks::extract`](kaos_hooks::Hooks::extract) and
    /// [`Hooks::inject`](kaos_hooks::Hooks::inject). Default: `traceparent`, `tracestate` and
    /// `baggage`.
    #[must_use]
    pub fn with_propagators(self, propagators: Propagators) -> Self {
        Self(self.0, propagators)
    }

    /// Which headers it reads and writes, and how many were malformed.
    pub fn propagators(&self) -> &Propagators {
        &self.1
    }

    /// What makes its spans, if those are a known provider's.
    pub(super) const fn of_sdk(&self) -> Option<&Arc<Inner<SdkTracer>>> {
        match &self.0 {
            Target::Sdk(inner, _) => Some(inner),
            Target::Global(_) => None,
        }
    }

    fn settings(&self) -> &SpanSettings {
        match &self.0 {
            Target::Sdk(inner, _) => &inner.settings,
            Target::Global(inner) => &inner.settings,
        }
    }
}

impl Default for OTelHook {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OTelHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OTelHook")
            .field("names", &self.settings().names)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Hook for OTelHook {
    fn name(&self) -> Str {
        Str::Static("OTelHook")
    }

    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        Some(match &self.0 {
            Target::Sdk(inner, _) => Box::new(Spans::new(Arc::clone(inner), run.trace_id)),
            Target::Global(inner) => Box::new(Spans::new(Arc::clone(inner), run.trace_id)),
        })
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        let propagators = self.1.clone();
        if !self.settings().http_client {
            return Some(Arc::new(propagators));
        }
        Some(match &self.0 {
            Target::Sdk(inner, _) => Arc::new(Requests {
                propagators,
                by: Arc::clone(inner),
            }),
            Target::Global(inner) => Arc::new(Requests {
                propagators,
                by: Arc::clone(inner),
            }),
        })
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        let Target::Sdk(_, provider) = &self.0 else {
            return Ok(());
        };
        let provider = provider.clone();
        // Flushing blocks its thread until the batch is out.
        let flushed = tokio::task::spawn_blocking(move || provider.force_flush()).await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(HookError::new("spans could not be exported").caused_by(error)),
            Err(error) => Err(HookError::new("spans could not be flushed").caused_by(error)),
        }
    }
}
