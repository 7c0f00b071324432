use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, Briefing, Incoming, LlmParams, Session, SpanContext, Str, Usage};

fields! {
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
    #[serde(default)]
    pub struct Turn {
        /// The agent's name. On the wire it stands in the run (`agent_id`).
        #[serde(skip)]
        pub agent: Str as name,
        /// The conversation. On the wire it stands in the run (`session_id`).
        #[serde(skip)]
        pub session: Session as name,
        /// The agent's version, as its maker counts.
        pub agent_version: Option<Str> as name,
        /// Who asks: the user's id at the caller, not a name or an address.
        pub user: Option<Str> as name,
        /// On whose behalf: the customer, team or organisation that the user belongs to.
        pub tenant: Option<Str> as name,
        /// What the agent is for, in its maker's words.
        pub description: Option<Str> as content(Instructions),
        /// The parent outside this run: from a request's headers, or the caller's own span.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub parent: Option<Box<SpanContext>> as fields,
        /// The baggage of the request that is answered, as it was received: handed on to the services
        /// that the run asks. Content: it never stands in an event's line.
        #[serde(skip)]
        pub baggage: Option<Box<Str>> as name,
        /// Which turn of its session it is, from 1.
        pub number: Option<u32> as number,
        /// How many steps it may take.
        pub max_steps: Option<u32> as number,
        /// The model, where the agent is bound to exactly one.
        pub model: Option<Str> as name,
        /// Parameters of its model requests, where they are the same for all.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub params: Option<Box<LlmParams>> as fields,
        /// Whether the answer is delivered as it is made.
        pub stream: bool as number,
        /// The user's message. Content.
        pub input: Option<Str> as content(Input) at start,
        /// What its model is told besides the messages. Content.
        pub briefing: Option<Arc<Briefing>> as fields at start,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
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

    /// Makes the run part of an existing trace, and hands on the baggage of the request that is
    /// answered.
    #[must_use]
    pub fn parent(mut self, parent: impl Into<Incoming>) -> Self {
        let Incoming { span, baggage } = parent.into();
        self.parent = span.map(Box::new);
        self.baggage = (!baggage.is_empty()).then(|| Box::new(baggage));
        self
    }
}

fields! {
    /// What came of a turn.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct TurnOutcome {
        /// The answer. Content.
        pub text: Option<Str> as content(Output),
        /// Tokens of all model calls of this turn, sub-agents excluded; `None` when unknown.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub usage: Option<Usage> as fields,
        /// Why the last model call ended.
        pub finish_reasons: Vec<Str> as name,
        /// How many tools the turn called.
        pub tool_calls: Option<u32> as number,
        /// Which turn of its session it is, from 1, where its start does not say.
        pub number: Option<u32> as number,
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}
