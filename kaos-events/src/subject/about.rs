//! What is said of a subject, whichever it is.

use std::sync::Arc;

use super::Subject;
use crate::fields::{BriefingAtStart as _, ContentAtStart as _};
use crate::texts::Fields as _;
use crate::{Briefing, SpanContext, Str};

impl Subject {
    /// The span's name under the default name set: the names of Python KAOS.
    ///
    /// `agent.turn`, `agent.intent_classification`, `agent.step.1`, `model.inference`,
    /// `tool.calculator`, `delegate.researcher`, `handoff.billing`, the method that a server is asked,
    /// `tools/call calculator`, or the custom name.
    pub fn span_name(&self) -> Str {
        match self {
            Self::Turn(_) => Str::Static("agent.turn"),
            Self::IntentClassification(_) => Str::Static("agent.intent_classification"),
            Self::Step(step) => step.span_name(),
            Self::LlmCall(_) => Str::Static("model.inference"),
            Self::ToolCall(call) => Str::from(format!("tool.{}", call.name)),
            Self::Subagent(sub) => Str::from(format!("delegate.{}", sub.agent)),
            Self::Handoff(handoff) => Str::from(format!("handoff.{}", handoff.agent)),
            Self::McpRequest(request) => request.method.clone(),
            Self::ServedCall(call) => Str::from(format!("tools/call {}", call.name)),
            Self::Custom(custom) => custom.name.clone(),
        }
    }

    /// The content the work starts from: the message, the prompt, the arguments, the task.
    pub const fn content(&self) -> Option<&Str> {
        match self {
            Self::Turn(turn) => turn.input.as_ref(),
            Self::LlmCall(call) => call.input.as_ref(),
            Self::ToolCall(call) => call.arguments.as_ref(),
            Self::ServedCall(call) => call.arguments.as_ref(),
            Self::Subagent(sub) => sub.task.as_ref(),
            Self::IntentClassification(_)
            | Self::Step(_)
            | Self::Handoff(_)
            | Self::McpRequest(_)
            | Self::Custom(_) => None,
        }
    }

    pub(crate) fn set_content(&mut self, content: Option<Str>) {
        match self {
            Self::Turn(turn) => *turn.content_at_start() = content,
            Self::LlmCall(call) => *call.content_at_start() = content,
            Self::ToolCall(call) => *call.content_at_start() = content,
            Self::ServedCall(call) => *call.content_at_start() = content,
            Self::Subagent(sub) => *sub.content_at_start() = content,
            Self::IntentClassification(_)
            | Self::Step(_)
            | Self::Handoff(_)
            | Self::McpRequest(_)
            | Self::Custom(_) => {}
        }
    }

    /// Whether it opens a run: an agent's turn, or a tool's call that is served.
    pub const fn is_root(&self) -> bool {
        matches!(self, Self::Turn(_) | Self::ServedCall(_))
    }

    /// The parent outside the run, of what opens one.
    pub fn outer(&self) -> Option<&SpanContext> {
        match self {
            Self::Turn(turn) => turn.parent.as_deref(),
            Self::ServedCall(call) => call.parent.as_deref(),
            _ => None,
        }
    }

    /// The baggage of the request that a run was opened for.
    pub fn baggage(&self) -> Option<&Str> {
        match self {
            Self::Turn(turn) => turn.baggage.as_deref(),
            Self::ServedCall(call) => call.baggage.as_deref(),
            _ => None,
        }
    }

    /// The tool that runs: whose content the span's is.
    pub const fn tool(&self) -> Option<&Str> {
        match self {
            Self::ToolCall(call) => Some(&call.name),
            Self::ServedCall(call) => Some(&call.name),
            _ => None,
        }
    }

    /// What a model is told besides the messages. Content, too.
    pub fn briefing(&self) -> Option<&Briefing> {
        match self {
            Self::Turn(turn) => turn.briefing.as_deref(),
            Self::LlmCall(call) => call.briefing.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn set_briefing(&mut self, briefing: Option<Arc<Briefing>>) {
        match self {
            Self::Turn(turn) => *turn.briefing_at_start() = briefing,
            Self::LlmCall(call) => *call.briefing_at_start() = briefing,
            _ => {}
        }
    }

    /// The subject without its content: what a span's later events still say of it.
    ///
    /// A prompt or an argument object stands once in the stream, in the span's start.
    #[must_use]
    pub fn without_content(&self) -> Self {
        let mut subject = self.clone();
        subject.forget_start();
        subject
    }
}
