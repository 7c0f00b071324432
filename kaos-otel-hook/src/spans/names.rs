use std::borrow::Cow;

use kaos_hooks::{Str, Subject};
use opentelemetry::trace::SpanKind;

use crate::attributes::operation;
use crate::text::bounded;

/// The most characters of a span's name.
const MAX_NAME_LEN: usize = 256;

/// What spans are called, and their kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SpanNames {
    /// The names of Python KAOS: `agent.turn`, `agent.step.1`, `model.inference`,
    /// `tool.calculator`, `delegate.researcher`.
    #[default]
    Kaos,
    /// The names of the GenAI semantic conventions: `invoke_agent {agent}`, `chat {model}`,
    /// `execute_tool {tool}`.
    GenAi,
    /// The names of the KAOS operator's dashboards: as [`Kaos`](Self::Kaos), but the turn is
    /// `agent.agentic_loop`, a served call `tool.execute`, and tools and delegations are of kind CLIENT.
    Operator,
}

impl SpanNames {
    /// The set with this name, as in `KAOS_SPAN_NAMES`: `kaos`, `genai` or `operator`.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            ("kaos", Self::Kaos),
            ("genai", Self::GenAi),
            ("operator", Self::Operator),
        ]
        .into_iter()
        .find_map(|(known, names)| name.eq_ignore_ascii_case(known).then_some(names))
    }

    /// The span's name, of at most [`MAX_NAME_LEN`] characters: a model may ask for a tool by any
    /// name.
    pub(crate) fn name(self, subject: &Subject, agent: &Str) -> Cow<'static, str> {
        match (self, subject) {
            (Self::GenAi, Subject::Turn(_)) => join("invoke_agent ", agent),
            (Self::GenAi, Subject::LlmCall(call)) => {
                short([&call.operation, " ", &call.model].concat())
            }
            (Self::GenAi, Subject::ToolCall(call)) => join("execute_tool ", &call.name),
            (Self::GenAi, Subject::Subagent(sub)) if sub.remote.is_some() => {
                join("invoke_agent ", &sub.agent)
            }
            (Self::GenAi, Subject::Custom(custom)) if custom.name == "plan" => join("plan ", agent),
            (Self::Operator, Subject::Turn(_)) => Cow::Borrowed("agent.agentic_loop"),
            (Self::Operator, Subject::ServedCall(_)) => Cow::Borrowed("tool.execute"),
            (_, Subject::ServedCall(call)) => join("tools/call ", &call.name),
            (_, Subject::ToolCall(call)) => join("tool.", &call.name),
            (_, Subject::Subagent(sub)) => join("delegate.", &sub.agent),
            _ => match subject.span_name() {
                Str::Static(name) if name.len() <= MAX_NAME_LEN => Cow::Borrowed(name),
                name => short(name.to_string()),
            },
        }
    }

    pub(crate) fn kind(self, subject: &Subject) -> SpanKind {
        match subject {
            Subject::ToolCall(_) | Subject::Subagent(_) if self == Self::Operator => {
                SpanKind::Client
            }
            Subject::McpRequest(_) => SpanKind::Client,
            Subject::ServedCall(_) => SpanKind::Server,
            _ if operation::is_client(subject) => SpanKind::Client,
            _ => SpanKind::Internal,
        }
    }
}

/// The prefix alone, without its blank, where there is no rest.
fn join(prefix: &'static str, rest: &Str) -> Cow<'static, str> {
    if rest.is_empty() {
        return Cow::Borrowed(prefix.trim_end());
    }
    short([prefix, rest].concat())
}

/// At most [`MAX_NAME_LEN`] characters of the name, which are no more than its bytes.
fn short(name: String) -> Cow<'static, str> {
    if name.len() <= MAX_NAME_LEN {
        return Cow::Owned(name);
    }
    Cow::Owned(bounded(&name, Some(MAX_NAME_LEN)).into_owned())
}
