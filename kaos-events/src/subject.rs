//! What a span can be about: nine subjects, each with the fields known at its start and those
//! known at its end.

mod at_start;
mod intent;
mod llm_call;
mod mcp;
mod name;
mod other;
mod tool_call;
mod turn;

pub use intent::{Intent, IntentClassification, IntentOutcome};
pub use llm_call::{Briefing, LlmCall, LlmOutcome, LlmParams, Server};
pub use mcp::{McpCall, McpOutcome, McpRequest};
pub use other::{
    Custom, CustomOutcome, Handoff, HandoffOutcome, RemoteAgent, Step, StepOutcome, Subagent,
    SubagentOutcome,
};
pub use tool_call::{ToolCall, ToolKind, ToolOutcome};
pub use turn::{Turn, TurnOutcome};

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::fields::{BriefingAtStart as _, ContentAtStart as _};
use crate::texts::{Fields as _, either};
use crate::{Attributes, Str};

/// A typed subject: what a [`Scope`](crate::Scope) is about and what comes of it.
///
/// Implemented by the nine subjects of this crate; the set is closed.
pub trait SubjectType: Into<Subject> + sealed::Sealed {
    /// The fields known when the work is done.
    type Outcome: OutcomeType;
}

/// The typed outcome of a subject.
pub trait OutcomeType:
    Into<OutcomeBuf> + Default + fmt::Debug + Send + sealed::Sealed + 'static
{
    /// The borrowed form that events carry.
    fn borrowed(&self) -> Outcome<'_>;
}

/// A subject that is opened inside another span. All but [`Turn`], which opens a run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be opened inside another span",
    label = "not a subject that is nested",
    note = "a `Turn` opens a run of its own: `Hooks::turn(Turn::new(..))`"
)]
pub trait Nested: SubjectType {}

mod sealed {
    #[expect(unnameable_types, reason = "unnameable is what seals the set")]
    pub trait Sealed {}
}

macro_rules! subjects {
    ($($(#[$doc:meta])* $subject:ident / $outcome:ident = $wire:literal $(in $nested:ident)?;)+) => {
        /// What a span is about, with the fields known at its start.
        ///
        /// Closed: a new kind of span is a new major version, so that the compiler shows each hook that
        /// does not know it yet.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Subject {
            $($(#[$doc])* $subject($subject),)+
        }

        /// What came of a span, by subject, borrowed. Closed, as [`Subject`] is.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Outcome<'a> {
            $($(#[$doc])* $subject(&'a $outcome),)+
        }

        /// The owned form of [`Outcome`]. Closed, as [`Subject`] is.
        #[derive(Debug, Clone, PartialEq)]
        pub enum OutcomeBuf {
            $($(#[$doc])* $subject($outcome),)+
        }

        /// The kinds of subject, without their fields. Closed, as [`Subject`] is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SubjectName {
            $($(#[$doc])* $subject,)+
        }

        impl SubjectName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$subject),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$subject => $wire),+ }
            }
        }

        impl Subject {
            /// Which kind of subject it is.
            pub const fn name(&self) -> SubjectName {
                match self { $(Self::$subject(_) => SubjectName::$subject),+ }
            }

            /// What the user added at the start.
            pub const fn attributes(&self) -> &Attributes {
                match self { $(Self::$subject(fields) => &fields.attributes),+ }
            }

            pub(crate) const fn attributes_mut(&mut self) -> &mut Attributes {
                match self { $(Self::$subject(fields) => &mut fields.attributes),+ }
            }

            /// The typed fields; content and attributes stand elsewhere on the wire.
            pub(crate) fn write_fields<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$subject(fields) => fields.serialize(to)),+ }
            }

            pub(crate) fn read_fields(name: SubjectName, json: &str) -> serde_json::Result<Self> {
                match name {
                    $(SubjectName::$subject => serde_json::from_str(json).map(Self::$subject)),+
                }
            }
        }

        impl<'a> Outcome<'a> {
            pub(crate) fn write_fields<S: Serializer>(self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$subject(fields) => fields.serialize(to)),+ }
            }

            /// What the user added at the end.
            pub const fn attributes(self) -> &'a Attributes {
                match self { $(Self::$subject(fields) => &fields.attributes),+ }
            }

            /// Which kind of subject it is the outcome of.
            pub const fn name(self) -> SubjectName {
                match self { $(Self::$subject(_) => SubjectName::$subject),+ }
            }

            /// The owned form.
            pub fn to_buf(self) -> OutcomeBuf {
                match self { $(Self::$subject(fields) => OutcomeBuf::$subject(fields.clone())),+ }
            }
        }

        impl OutcomeBuf {
            /// An outcome of which nothing is known.
            pub(crate) fn nothing(name: SubjectName) -> Self {
                match name { $(SubjectName::$subject => Self::$subject($outcome::default())),+ }
            }

            pub(crate) fn read_fields(name: SubjectName, json: &str) -> serde_json::Result<Self> {
                match name {
                    $(SubjectName::$subject => serde_json::from_str(json).map(Self::$subject)),+
                }
            }

            /// The borrowed form.
            pub const fn as_outcome(&self) -> Outcome<'_> {
                match self { $(Self::$subject(fields) => Outcome::$subject(fields)),+ }
            }
        }

        $(
            impl sealed::Sealed for $subject {}

            impl SubjectType for $subject {
                type Outcome = $outcome;
            }

            $(impl $nested for $subject {})?

            impl From<$subject> for Subject {
                fn from(fields: $subject) -> Self {
                    Self::$subject(fields)
                }
            }

            impl sealed::Sealed for $outcome {}

            impl OutcomeType for $outcome {
                fn borrowed(&self) -> Outcome<'_> {
                    Outcome::$subject(self)
                }
            }

            impl From<$outcome> for OutcomeBuf {
                fn from(fields: $outcome) -> Self {
                    Self::$subject(fields)
                }
            }
        )+
    };
}

subjects! {
    /// An agent answering one message: the root span of a run.
    Turn / TurnOutcome = "turn";
    /// Finding out what the message asks for.
    IntentClassification / IntentOutcome = "intent_classification" in Nested;
    /// One round of the loop: a model call and what it asked for.
    Step / StepOutcome = "step" in Nested;
    /// A request to a model, with its retries.
    LlmCall / LlmOutcome = "llm_call" in Nested;
    /// The execution of a tool.
    ToolCall / ToolOutcome = "tool_call" in Nested;
    /// Work given to another agent, whose answer comes back.
    Subagent / SubagentOutcome = "subagent" in Nested;
    /// The conversation given to another agent for good.
    Handoff / HandoffOutcome = "handoff" in Nested;
    /// A request to a server of the Model Context Protocol that is no tool's call.
    McpRequest / McpOutcome = "mcp_request" in Nested;
    /// Whatever else a user traces: retrieval, a guardrail, a plan.
    Custom / CustomOutcome = "custom" in Nested;
}

either! {
    Subject { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest Custom }
    OutcomeBuf { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest Custom }
}

impl Subject {
    /// The span's name under the default name set: the names of Python KAOS.
    ///
    /// `agent.turn`, `agent.intent_classification`, `agent.step.1`, `model.inference`,
    /// `tool.calculator`, `delegate.researcher`, `handoff.billing`, the method that a server is asked, or the custom name.
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
            Self::Custom(custom) => custom.name.clone(),
        }
    }

    /// The content the work starts from: the message, the prompt, the arguments, the task.
    pub const fn content(&self) -> Option<&Str> {
        match self {
            Self::Turn(turn) => turn.input.as_ref(),
            Self::LlmCall(call) => call.input.as_ref(),
            Self::ToolCall(call) => call.arguments.as_ref(),
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
            Self::Subagent(sub) => *sub.content_at_start() = content,
            Self::IntentClassification(_)
            | Self::Step(_)
            | Self::Handoff(_)
            | Self::McpRequest(_)
            | Self::Custom(_) => {}
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
