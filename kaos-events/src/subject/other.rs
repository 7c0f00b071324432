//! The small subjects: a few fields each.

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, LlmParams, Server, Str, Usage};

fields! {
    /// One round of the loop: a model call and what it asked for.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Step {
        /// Which step of its turn it is, from 1.
        pub number: u32 as number,
        /// The caller's own id of the step.
        pub step_id: Option<Str> as name,
        /// How many steps the turn may take.
        pub max_steps: Option<u32> as number,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
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

fields! {
    /// What came of a step.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct StepOutcome {
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

fields! {
    /// Work given to another agent, whose answer comes back.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Subagent {
        /// The other agent's name.
        pub agent: Str as name,
        /// Where the agent works, if not in this process.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub remote: Option<Box<RemoteAgent>> as fields,
        /// The id the model gave to this call.
        pub call_id: Option<Str> as name,
        /// What the other agent is asked. Content.
        pub task: Option<Str> as content(Input) at start,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
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

fields! {
    /// An agent in another process.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct RemoteAgent {
        /// `gen_ai.provider.name`: who runs it, for example `openai` or `aws.bedrock`.
        pub provider: Str as name,
        /// The provider's id of the agent.
        pub id: Option<Str> as name,
        /// The agent's version.
        pub version: Option<Str> as name,
        /// What the agent is for, in its maker's words.
        pub description: Option<Str> as content(Instructions),
        /// Where requests to it go.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub server: Option<Server> as fields,
        /// The model, where the agent is bound to exactly one.
        pub model: Option<Str> as name,
        /// Parameters of its model requests, where the request said any.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub params: Option<Box<LlmParams>> as fields,
    }
}

fields! {
    /// What came of a delegation.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct SubagentOutcome {
        /// Tokens of a remote agent; a local one's stand in its own turn.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub usage: Option<Usage> as fields,
        /// Why a remote agent's model stopped.
        pub finish_reasons: Vec<Str> as name,
        /// A gate skipped the call: the agent did not work.
        pub skipped: bool as number,
        /// The other agent's answer. Content.
        pub result: Option<Str> as content(Output),
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

fields! {
    /// The conversation given to another agent for good.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Handoff {
        /// The other agent's name.
        pub agent: Str as name,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
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

fields! {
    /// What came of a handoff.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Handoff, HandoffOutcome, Scope, Turn};
    ///
    /// fn hand_over(turn: &Scope<Turn>) {
    ///     turn.open(Handoff::new("billing")).complete(HandoffOutcome::default());
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct HandoffOutcome {
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

fields! {
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
        pub name: Str as name,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
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

fields! {
    /// What came of a custom span.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{AttributeValue, Custom, CustomOutcome, Progress, Scope, Step};
    ///
    /// fn retrieve(step: &Scope<Step>, query: &str) -> Vec<String> {
    ///     let retrieval = step.open(Custom::new("retrieval"));
    ///     retrieval.progress(Progress::new("index is warm"));
    ///     let found = vec![format!("a page about {query}")];
    ///     let mut outcome = CustomOutcome::default();
    ///     outcome.attributes.set("retrieval.documents", AttributeValue::Int(found.len() as i64));
    ///     retrieval.complete(outcome);
    ///     found
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct CustomOutcome {
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}
