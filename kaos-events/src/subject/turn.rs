use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Attributes, Briefing, LlmParams, Session, SpanContext, Str, Usage};

/// An agent answering one message; opens a run.
///
/// # Example
///
/// ```
/// use kaos_events::Turn;
///
/// let turn = Turn::new("assistant").session("session-1");
/// assert_eq!(turn.agent, "assistant");
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Turn {
    /// The agent's name. On the wire it stands in the run (`agent_id`).
    #[serde(skip)]
    pub agent: Str,
    /// The conversation. On the wire it stands in the run (`session_id`).
    #[serde(skip)]
    pub session: Session,
    /// What the agent is for, in its maker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Str>,
    /// The parent outside this run: from a request's headers, or the caller's own span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<SpanContext>>,
    /// Which turn of its session it is, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// How many steps it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// The model, where the agent is bound to exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Str>,
    /// Parameters of its model requests, where they are the same for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Box<LlmParams>>,
    /// Whether the answer is delivered as it is made.
    #[serde(default)]
    pub stream: bool,
    /// The user's message. Content.
    #[serde(skip)]
    pub input: Option<Str>,
    /// What its model is told besides the messages. Content.
    #[serde(skip)]
    pub briefing: Option<Arc<Briefing>>,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

impl Turn {
    /// A turn of the agent with this name, in an anonymous session.
    pub fn new(agent: impl Into<Str>) -> Self {
        Self {
            agent: agent.into(),
            ..Self::default()
        }
    }

    /// Names the conversation.
    #[must_use]
    pub fn session(mut self, session: impl Into<Session>) -> Self {
        self.session = session.into();
        self
    }

    /// Makes the run part of an existing trace.
    #[must_use]
    pub fn parent(mut self, parent: impl Into<Option<SpanContext>>) -> Self {
        self.parent = parent.into().map(Box::new);
        self
    }
}

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnOutcome {
    /// The answer. Content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Str>,
    /// Tokens of all model calls of this turn, sub-agents excluded; `None` when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why the last model call ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<Str>,
    /// How many tools the turn called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<u32>,
    /// What the user adds.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}
