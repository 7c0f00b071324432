use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{Hook, HookError, IntoHooks, Later, Observer, Registry, Run, Str, marker};
use opentelemetry::global;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::instruments::Instruments;
use super::observer::Measuring;
use super::pipeline::{self, Sets};
use super::series::AllSeries;
use super::series_cache;
use super::shared::Inner;
use crate::scope::scope;
use crate::{Conventions, Prices};

/// Turns the event stream into metrics: those of Python KAOS's dashboards and those of the GenAI
/// conventions.
///
/// Metrics come from events, not from spans, so turns that are not sampled count too. Each
/// operation is counted once, at its end; a duration metric equals its span's duration.
///
/// | metric | kind, unit | of each | labels |
/// |---|---|---|---|
/// | `kaos.requests`, `kaos.request.duration` | counter; histogram, ms | turn, sub-agents' turns too | `agent.name`, `success` |
/// | `kaos.model.calls`, `kaos.model.duration` | counter; histogram, ms | model call | `agent.name`, `model`, `success` |
/// | `kaos.tool.calls`, `kaos.tool.duration` | counter; histogram, ms | tool call | `agent.name`, `tool`, `success` |
/// | `kaos.delegations`, `kaos.delegation.duration` | counter; histogram, ms | sub-agent | `agent.name`, `target`, `success` |
/// | `kaos.cost_usd` | counter, `{USD}` | model call with a [price](Prices) and known tokens | `agent.name`, `model` |
/// | `gen_ai.client.operation.duration` | histogram, s | model call; remote sub-agent (operation `invoke_agent`) | operation, provider, models, server, `error.type` |
/// | `gen_ai.client.token.usage` | histogram, `{token}` | model call with known tokens: input, and output but of embeddings | the same, `gen_ai.token.type` |
/// | `gen_ai.client.operation.time_to_first_chunk` | histogram, s | streamed model call that gave a chunk | operation, provider, request model, server |
/// | `gen_ai.client.operation.time_per_output_chunk` | histogram, s | chunk after the first: since the one before | the same |
/// | `gen_ai.invoke_agent.duration` | histogram, s | turn in this process | `gen_ai.agent.name`, request model, `error.type` |
/// | `gen_ai.invoke_agent.inference_calls`, `.tool_calls` | histogram, `{inference_call}`, `{tool_call}` | turn: its own calls, not its sub-agents'; embeddings are no inference | `gen_ai.agent.name` |
/// | `gen_ai.execute_tool.duration` | histogram, s | tool call | tool name and type, `gen_ai.agent.name`, `error.type` |
/// | `mcp.client.operation.duration` | histogram, s | request to an MCP server: `initialize`, `tools/list`, `tools/call` | method, tool name (of a call), status code, protocol version, transport, server, `error.type` |
/// | `mcp.server.operation.duration` | histogram, s | tool's call that is served | method, tool name, status code, protocol version, transport, `error.type` |
/// | `kaos.hooks.events`, `.dropped`, `.panics` | counter | hook beside this one (and, for panics, gate) | `hook` |
///
/// - **Outcomes.** `success` is `true` for work that completed, skipped tools included, and `false`
///   for work that failed or was cancelled; the latter has `error.type` = `cancelled` as well. The
///   GenAI durations have `error.type` = the failure's kind, or `cancelled`.
/// - **A tool behind a server** is measured twice: as a tool, with what its gates and a new connection
///   took, and as a request, from when that was sent until its answer came. A connection's own
///   duration (`mcp.client.session.duration`) is not measured: it lasts longer than any run.
/// - **Suspended** work is not counted and not measured: it has not ended. The run that takes it
///   up counts it.
/// - **Sums.** Each token is counted once by `gen_ai.client.token.usage`, which is of model calls
///   alone; a turn's span repeats its calls' tokens, so add up the spans of calls *or* of turns
///   (a turn's has those of its own calls, without its sub-agents'). In Prometheus' names:
///   `sum(increase(gen_ai_client_token_usage_sum[1h]))`, by `gen_ai_token_type`. A sub-agent's turn
///   is a request of its own: what people asked for is
///   `sum(increase(kaos_requests_total{agent_name="assistant"}[1h]))`, by the names of the agents
///   that people talk to.
/// - **Cardinality.** No ids and no content. A tool name that no registered tool bears
///   ([`ToolCall::unknown`](kaos_hooks::ToolCall::unknown), or failure kind `unknown_tool`) is
///   `_OTHER`. Beyond [`CARDINALITY_LIMIT`](Self::CARDINALITY_LIMIT) label
///   sets an instrument folds what is new into one, `otel.metric.overflow`.
///
/// Clones are the same hook. Make one for each provider, and give a clone to each set of hooks: the
/// `kaos.hooks.*` counters of two separate ones would overwrite each other.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
/// use kaos_otel_hook::MetricsHook;
/// use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
///
/// let exporter = InMemoryMetricExporter::default();
/// let reader = PeriodicReader::builder(exporter.clone()).build();
/// let provider = SdkMeterProvider::builder().with_reader(reader).build();
///
/// let hooks = Hooks::new(MetricsHook::with_provider(&provider));
/// hooks.turn(Turn::new("assistant")).complete(TurnOutcome::default());
///
/// provider.force_flush()?;
/// let exported = exporter.get_finished_metrics()?;
/// let mut names = exported[0].scope_metrics().flat_map(|scope| scope.metrics()).map(|it| it.name());
/// assert!(names.any(|name| name == "kaos.requests"));
/// # Ok::<(), opentelemetry_sdk::error::OTelSdkError>(())
/// ```
#[derive(Clone)]
pub struct MetricsHook {
    inner: Arc<Inner>,
    sets: Arc<Sets>,
    meter: Meter,
    provider: Option<SdkMeterProvider>,
}

impl MetricsHook {
    /// How many label sets one instrument keeps apart, unless a view of the meter provider says
    /// otherwise: the SDK's default, about 16 instruments of 2000 sets at most.
    pub const CARDINALITY_LIMIT: usize = series_cache::CARDINALITY_LIMIT;

    /// Metrics of the global meter provider, as it is now. Set the global provider first.
    pub fn new() -> Self {
        Self::of(&global::meter_with_scope(scope()), None)
    }

    /// Metrics of this provider.
    pub fn with_provider(provider: &SdkMeterProvider) -> Self {
        Self::of(&provider.meter_with_scope(scope()), Some(provider.clone()))
    }

    fn of(meter: &Meter, provider: Option<SdkMeterProvider>) -> Self {
        let inner = Arc::new(Inner {
            instruments: Instruments::new(meter, Conventions::default()),
            series: AllSeries::default(),
            prices: None,
        });
        let sets = Arc::new(Sets::default());
        pipeline::observe(meter, &sets);
        Self {
            inner,
            sets,
            meter: meter.clone(),
            provider,
        }
    }

    /// What models cost, for `kaos.cost_usd`. Default: nothing is known, and nothing is counted.
    #[must_use]
    pub fn with_prices(self, prices: Prices) -> Self {
        let instruments = self.inner.instruments.clone();
        self.measuring(instruments, Some(prices))
    }

    /// Which names the GenAI metrics have. Default: the pinned ones.
    #[must_use]
    pub fn with_conventions(self, conventions: Conventions) -> Self {
        let instruments = Instruments::new(&self.meter, conventions);
        let prices = self.inner.prices.clone();
        self.measuring(instruments, prices)
    }

    fn measuring(self, instruments: Instruments, prices: Option<Prices>) -> Self {
        let inner = Arc::new(Inner {
            instruments,
            series: AllSeries::default(),
            prices,
        });
        Self { inner, ..self }
    }
}

impl Default for MetricsHook {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MetricsHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsHook")
            .field("prices", &self.inner.prices)
            .finish_non_exhaustive()
    }
}

/// A metrics hook as part of a set, on whose other hooks it reports.
struct Registered(MetricsHook, Option<Later>);

impl MetricsHook {
    /// The same, hearing of events on this thread.
    #[doc(hidden)]
    pub const fn later(self, later: Later) -> LateMetrics {
        LateMetrics(self, later)
    }
}

/// A [`MetricsHook`] that hears of events later.
#[doc(hidden)]
#[derive(Debug)]
pub struct LateMetrics(MetricsHook, Later);

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for LateMetrics {
    fn register(self, to: &mut Registry) {
        let Self(hook, later) = self;
        let sets = Arc::clone(&hook.sets);
        to.watch(move |set| sets.add(set));
        to.later(Arc::new(Registered(hook, Some(later.clone()))), &later);
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for MetricsHook {
    fn register(self, to: &mut Registry) {
        let sets = Arc::clone(&self.sets);
        to.watch(move |set| sets.add(set));
        to.hook(Arc::new(Registered(self, None)));
    }
}

#[async_trait]
impl Hook for Registered {
    fn name(&self) -> Str {
        Str::Static("MetricsHook")
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(Measuring::new(Arc::clone(&self.0.inner))))
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        if let Some(later) = &self.1 {
            later.force_flush().await?;
        }
        let Some(provider) = self.0.provider.clone() else {
            return Ok(());
        };
        // Flushing blocks its thread until the metrics are out.
        match tokio::task::spawn_blocking(move || provider.force_flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(HookError::new("metrics could not be exported").caused_by(error)),
            Err(error) => Err(HookError::new("metrics could not be flushed").caused_by(error)),
        }
    }
}
