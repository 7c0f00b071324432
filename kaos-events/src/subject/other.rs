//! The small subjects: a few fields each.

use serde::{Deserialize, Serialize};

use crate::{Attributes, LlmParams, Server, Str, Usage};

/// One round of the loop: a model call and what it asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Which step of its turn it is, from 1.
    pub number: u32,
    /// The caller's own id of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_id: Option<Str>,
    /// How many steps the turn may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

impl Step {
    /// The step with this number, from 1.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// `agent.step.{number}`, without allocating for the numbers that turns have by default.
    pub(crate) fn span_name(&self) -> Str {
        const FIRST: [&str; 10] = [
            "agent.step.1",
            "agent.step.2",
            "agent.step.3",
            "agent.step.4",
            "agent.step.5",
            "agent.step.6",
            "agent.step.7",
            "agent.step.8",
            "agent.step.9",
            "agent.step.10",
        ];
        let known = self
            .number
            .checked_sub(1)
            .and_then(|index| FIRST.get(index as usize));
        known.map_or_else(
            || format!("agent.step.{}", self.number).into(),
            |name| Str::Static(name),
        )
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StepOutcome {
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Work given to another agent, whose answer comes back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Subagent {
    /// The other agent's name.
    pub agent: Str,
    /// Where the agent works, if not in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<Box<RemoteAgent>>,
    /// The id the model gave to this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Str>,
    /// What the other agent is asked. Content.
    #[serde(skip)]
    pub task: Option<Str>,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

impl Subagent {
    /// Work given to the local agent with this name.
    pub fn new(agent: impl Into<Str>) -> Self {
        Self {
            agent: agent.into(),
            ..Self::default()
        }
    }
}

/// An agent in another process.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteAgent {
    /// `gen_ai.provider.name`: who runs it, for example `openai` or `aws.bedrock`.
    pub provider: Str,
    /// The provider's id of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Str>,
    /// The agent's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Str>,
    /// What the agent is for, in its maker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Str>,
    /// Where requests to it go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// The model, where the agent is bound to exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Str>,
    /// Parameters of its model requests, where the request said any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Box<LlmParams>>,
}

/// What came of a delegation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SubagentOutcome {
    /// Tokens of a remote agent; a local one's stand in its own turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why a remote agent's model stopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<Str>,
    /// The other agent's answer. Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Str>,
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// The conversation given to another agent for good.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Handoff {
    /// The other agent's name.
    pub agent: Str,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

impl Handoff {
    /// A handoff to the agent with this name.
    pub fn new(agent: impl Into<Str>) -> Self {
        Self {
            agent: agent.into(),
            ..Self::default()
        }
    }
}

/// What came of a handoff.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HandoffOutcome {
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Whatever else a user traces: retrieval, a guardrail, a plan.
///
/// # Example
///
/// ```
/// use kaos_events::Custom;
///
/// let mut retrieval = Custom::new("retrieval");
/// retrieval.attributes.set("retrieval.top_k", 5);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Custom {
    /// The span's name.
    #[serde(skip)]
    pub name: Str,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

impl Custom {
    /// A span with this name.
    pub fn new(name: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// What came of a custom span.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomOutcome {
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}
