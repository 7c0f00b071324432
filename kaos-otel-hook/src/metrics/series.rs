//! Operations that have all labels in common, and the instruments bound to those labels.
//!
//! The SDK finds the place of a measurement by hashing all its labels, which costs ten times what
//! the measurement itself does. So labels are looked up once for each kind of operation in a run,
//! and made once in the life of the hook.

use std::sync::OnceLock;
use std::time::Duration;

use kaos_hooks::{LlmCall, RemoteAgent, Server, Str, ToolKind, Usage};
use opentelemetry::metrics::{BoundCounter, BoundHistogram};

use super::instruments::{Instruments, Pair};
use super::labels::{Ending, Labels};
use super::mcp::{McpKey, McpSeries};
use super::series_cache::SeriesCache;
use super::tokens::BoundTokens;
use crate::attributes::operation::is_inference;
use crate::semconv;

/// What one hook knows of each kind of operation.
#[derive(Default)]
pub(super) struct AllSeries {
    pub(super) turns: SeriesCache<TurnKey, TurnSeries>,
    pub(super) model_calls: SeriesCache<ModelKey, ModelSeries>,
    pub(super) tool_calls: SeriesCache<ToolKey, ToolSeries>,
    pub(super) delegations: SeriesCache<DelegationKey, DelegationSeries>,
    pub(super) mcp: SeriesCache<McpKey, McpSeries>,
}

/// Python KAOS's pair, bound.
struct BoundPair {
    count: BoundCounter<u64>,
    duration: BoundHistogram<f64>,
}

impl BoundPair {
    fn new(pair: &Pair, agent: &Str, what: Option<(&'static str, &Str)>, ending: &Ending) -> Self {
        let labels = Labels::kaos(agent, what, ending);
        Self {
            count: pair.count.bind(&labels),
            duration: pair.duration.bind(&labels),
        }
    }

    fn record(&self, duration: Duration) {
        self.count.add(1);
        self.duration.record(duration.as_secs_f64() * 1000.0);
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TurnKey {
    pub(super) agent: Str,
    pub(super) model: Option<Str>,
    pub(super) ending: Ending,
}

pub(super) struct TurnSeries {
    requests: BoundPair,
    duration: BoundHistogram<f64>,
    inference_calls: BoundHistogram<u64>,
    tool_calls: BoundHistogram<u64>,
}

impl TurnSeries {
    pub(super) fn new(to: &Instruments, key: &TurnKey) -> Self {
        let mut labels = Labels::default();
        labels.text(semconv::GEN_AI_AGENT_NAME, &key.agent);
        let inference_calls = to.invoke_agent_inference_calls.bind(&labels);
        let tool_calls = to.invoke_agent_tool_calls.bind(&labels);
        if let Some(model) = &key.model {
            labels.text(semconv::GEN_AI_REQUEST_MODEL, model);
        }
        labels.ending(&key.ending);
        Self {
            requests: BoundPair::new(&to.requests, &key.agent, None, &key.ending),
            duration: to.invoke_agent_duration.bind(&labels),
            inference_calls,
            tool_calls,
        }
    }

    pub(super) fn record(&self, duration: Duration, inference_calls: u64, tool_calls: u64) {
        self.requests.record(duration);
        self.duration.record(duration.as_secs_f64());
        self.inference_calls.record(inference_calls);
        self.tool_calls.record(tool_calls);
    }
}

fn address(server: &Server) -> (Str, u16) {
    (server.address.clone(), server.port)
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ModelKey {
    agent: Str,
    operation: Str,
    provider: Str,
    model: Str,
    server: Option<(Str, u16)>,
    response_model: Option<Str>,
    ending: Ending,
}

impl ModelKey {
    pub(super) fn new(
        agent: &Str,
        call: &LlmCall,
        response_model: Option<&Str>,
        ending: Ending,
    ) -> Self {
        Self {
            agent: agent.clone(),
            operation: call.operation.clone(),
            provider: call.provider.clone(),
            model: call.model.clone(),
            server: call.server.as_ref().map(address),
            response_model: response_model.cloned(),
            ending,
        }
    }
}

pub(super) struct ModelSeries {
    calls: BoundPair,
    duration: BoundHistogram<f64>,
    /// Without `error.type`, for tokens.
    labels: Labels,
    /// Whether the model generates anything.
    inference: bool,
    /// Bound when tokens are first known, because what is bound is exported.
    tokens: OnceLock<BoundTokens>,
    cost_usd: OnceLock<BoundCounter<f64>>,
}

impl ModelSeries {
    pub(super) fn new(to: &Instruments, call: &LlmCall, key: &ModelKey) -> Self {
        let mut labels = Labels::model_call(call);
        if let Some(model) = &key.response_model {
            labels.text(semconv::GEN_AI_RESPONSE_MODEL, model);
        }
        let mut ended = labels.clone();
        ended.ending(&key.ending);
        let what = Some((semconv::MODEL, &key.model));
        let inference = is_inference(call);
        let duration = if inference {
            &to.inference_duration
        } else {
            &to.operation_duration
        };
        Self {
            calls: BoundPair::new(&to.model_calls, &key.agent, what, &key.ending),
            duration: duration.bind(&ended),
            labels,
            inference,
            tokens: OnceLock::new(),
            cost_usd: OnceLock::new(),
        }
    }

    pub(super) fn record(&self, duration: Duration) {
        self.calls.record(duration);
        self.duration.record(duration.as_secs_f64());
    }

    pub(super) fn record_tokens(&self, to: &Instruments, usage: Usage) {
        let bind = || to.tokens.bind(&self.labels, self.inference);
        self.tokens.get_or_init(bind).record(usage);
    }

    pub(super) fn record_cost(&self, to: &Instruments, agent: &Str, model: &Str, cost_usd: f64) {
        let counter = self.cost_usd.get_or_init(|| {
            let mut labels = Labels::default();
            labels.text(semconv::AGENT_NAME, agent);
            labels.text(semconv::MODEL, model);
            to.cost_usd.bind(&labels)
        });
        counter.add(cost_usd);
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ToolKey {
    pub(super) agent: Str,
    /// `_OTHER` for one that does not exist.
    pub(super) tool: Str,
    pub(super) kind: ToolKind,
    pub(super) ending: Ending,
}

pub(super) struct ToolSeries {
    calls: BoundPair,
    duration: BoundHistogram<f64>,
}

impl ToolSeries {
    pub(super) fn new(to: &Instruments, key: &ToolKey) -> Self {
        let mut labels = Labels::default();
        labels.text(semconv::GEN_AI_TOOL_NAME, &key.tool);
        labels.word(semconv::GEN_AI_TOOL_TYPE, key.kind.as_str());
        labels.text(semconv::GEN_AI_AGENT_NAME, &key.agent);
        labels.ending(&key.ending);
        let what = Some((semconv::TOOL, &key.tool));
        Self {
            calls: BoundPair::new(&to.tool_calls, &key.agent, what, &key.ending),
            duration: to.execute_tool_duration.bind(&labels),
        }
    }

    pub(super) fn record(&self, duration: Duration) {
        self.calls.record(duration);
        self.duration.record(duration.as_secs_f64());
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct DelegationKey {
    pub(super) agent: Str,
    pub(super) target: Str,
    /// A remote agent's invocation is seen here only; a local one is its own turn.
    pub(super) remote: Option<RemoteKey>,
    pub(super) ending: Ending,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct RemoteKey {
    provider: Str,
    /// Where it is bound to exactly one.
    model: Option<Str>,
    server: Option<(Str, u16)>,
}

impl From<&RemoteAgent> for RemoteKey {
    fn from(remote: &RemoteAgent) -> Self {
        Self {
            provider: remote.provider.clone(),
            model: remote.model.clone(),
            server: remote.server.as_ref().map(address),
        }
    }
}

pub(super) struct DelegationSeries {
    delegations: BoundPair,
    /// The caller's view of a remote agent.
    operation: Option<BoundHistogram<f64>>,
}

impl DelegationSeries {
    pub(super) fn new(to: &Instruments, key: &DelegationKey) -> Self {
        let what = Some((semconv::TARGET, &key.target));
        let operation = key.remote.as_ref().map(|remote| {
            let server = remote.server.as_ref();
            let server = server.map(|(address, port)| (address, *port));
            let (operation, model) = (Str::Static("invoke_agent"), remote.model.as_ref());
            let mut labels = Labels::client(&operation, &remote.provider, model, server);
            labels.ending(&key.ending);
            to.operation_duration.bind(&labels)
        });
        Self {
            delegations: BoundPair::new(&to.delegations, &key.agent, what, &key.ending),
            operation,
        }
    }

    pub(super) fn record(&self, duration: Duration) {
        self.delegations.record(duration);
        if let Some(operation) = &self.operation {
            operation.record(duration.as_secs_f64());
        }
    }
}
