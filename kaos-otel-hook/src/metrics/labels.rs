//! What metrics say about their operations: few values, no ids, no content.
//!
//! The order is always the same: the SDK finds a known set of labels at once only in the order it
//! was first given.

use kaos_hooks::{LlmCall, Phase, Server, Str, ToolCall, is_hidden, plain};
use opentelemetry::KeyValue;
use smallvec::SmallVec;

use crate::attributes::string;
use crate::semconv;

/// The most characters of a label.
const MAX_LABEL_LEN: Option<usize> = Some(256);

/// The kind of failure of a call to such a tool.
const UNKNOWN_TOOL: &str = "unknown_tool";

/// How an operation ended. Suspended is not among them: that is no end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Ending {
    Complete,
    /// With the kind of failure.
    Failed(Str),
    Cancelled,
}

impl Ending {
    pub(super) fn of(phase: &Phase<'_>) -> Option<Self> {
        match phase {
            Phase::Complete { .. } => Some(Self::Complete),
            Phase::Error { failure, .. } => Some(Self::Failed(failure.kind.clone())),
            Phase::Cancelled { .. } => Some(Self::Cancelled),
            Phase::Start | Phase::Progress(_) | Phase::Suspended { .. } => None,
        }
    }

    /// The tool's name, if it is one that exists.
    pub(super) fn tool_name(&self, name: &Str) -> Str {
        match self {
            Self::Failed(kind) if *kind == UNKNOWN_TOOL => Str::Static(ToolCall::OTHER),
            _ => name.clone(),
        }
    }
}

/// The text without characters that command a terminal: no backend has a use for them.
fn visible(text: &Str) -> Str {
    if text.contains(is_hidden) {
        return plain(text).into();
    }
    text.clone()
}

/// The labels of one or more measurements, made on the stack.
#[derive(Clone, Default)]
pub(super) struct Labels(SmallVec<[KeyValue; 8]>);

impl Labels {
    /// A label, unless its value is unknown.
    pub(super) fn text(&mut self, key: &'static str, value: &Str) {
        if !value.is_empty() {
            let value = string(&visible(value), MAX_LABEL_LEN);
            self.0.push(KeyValue::new(key, value));
        }
    }

    pub(super) fn word(&mut self, key: &'static str, value: &'static str) {
        self.0.push(KeyValue::new(key, value));
    }

    /// Python KAOS's labels; `what` is the model, the tool or the target.
    pub(super) fn kaos(agent: &Str, what: Option<(&'static str, &Str)>, ending: &Ending) -> Self {
        let mut labels = Self::default();
        labels.text(semconv::AGENT_NAME, agent);
        if let Some((key, value)) = what {
            labels.text(key, value);
        }
        match ending {
            Ending::Complete => labels.word(semconv::SUCCESS, "true"),
            Ending::Failed(_) => labels.word(semconv::SUCCESS, "false"),
            Ending::Cancelled => {
                labels.word(semconv::SUCCESS, "false");
                labels.word(semconv::ERROR_TYPE, "cancelled");
            }
        }
        labels
    }

    /// What the conventions say of a model call, as far as it is known at its start.
    pub(super) fn model_call(call: &LlmCall) -> Self {
        let server = call.server.as_ref();
        let server = server.map(|Server { address, port }| (address, *port));
        Self::client(&call.operation, &call.provider, Some(&call.model), server)
    }

    /// What the conventions say of work that is done elsewhere.
    pub(super) fn client(
        operation: &Str,
        provider: &Str,
        model: Option<&Str>,
        server: Option<(&Str, u16)>,
    ) -> Self {
        let mut labels = Self::default();
        labels.text(semconv::GEN_AI_OPERATION_NAME, operation);
        labels.text(semconv::GEN_AI_PROVIDER_NAME, provider);
        if let Some(model) = model {
            labels.text(semconv::GEN_AI_REQUEST_MODEL, model);
        }
        labels.server(server);
        labels
    }

    /// Where the work is done.
    pub(super) fn server(&mut self, server: Option<(&Str, u16)>) {
        if let Some((address, port)) = server {
            self.text(semconv::SERVER_ADDRESS, address);
            let port = KeyValue::new(semconv::SERVER_PORT, i64::from(port));
            self.0.push(port);
        }
    }

    /// The conventions' word for how it ended.
    pub(super) fn ending(&mut self, ending: &Ending) {
        match ending {
            Ending::Complete => {}
            Ending::Failed(kind) => self.text(semconv::ERROR_TYPE, kind),
            Ending::Cancelled => self.word(semconv::ERROR_TYPE, "cancelled"),
        }
    }
}

impl std::ops::Deref for Labels {
    type Target = [KeyValue];

    fn deref(&self) -> &[KeyValue] {
        &self.0
    }
}
