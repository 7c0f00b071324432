//! What a span can be about: ten subjects, each with the fields known at its start and those
//! known at its end.

mod about;
mod at_start;
mod intent;
mod llm_call;
mod mcp;
mod name;
mod other;
mod root;
mod served_call;
mod tool_call;
mod turn;

pub use intent::{Intent, IntentClassification, IntentOutcome};
pub use llm_call::{Briefing, LlmCall, LlmOutcome, LlmParams, Server};
pub use mcp::{McpCall, McpOutcome, McpRequest};
pub use other::{
    Custom, CustomOutcome, Handoff, HandoffOutcome, RemoteAgent, Step, StepOutcome, Subagent,
    SubagentOutcome,
};
pub use root::Root;
pub use served_call::{ServedCall, ServedOutcome};
pub use tool_call::{ToolCall, ToolKind, ToolOutcome};
pub use turn::{Turn, TurnOutcome};

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Attributes;
use crate::texts::either;

/// A typed subject: what a [`Scope`](crate::Scope) is about and what comes of it.
///
/// Implemented by the ten subjects of this crate; the set is closed.
///
/// # Example
///
/// Helpers over all subjects, over those that can be called, and over those that open a run:
///
/// ```
/// use kaos_events::{Callable, Callee, Emitter, Event, Failure, Handle, OutcomeType, Root, Scope, SubjectType};
///
/// fn end<S: SubjectType>(scope: Scope<S>, came: Result<S::Outcome, Failure>) {
///     match came {
///         Ok(outcome) => scope.complete(outcome),
///         Err(failure) => scope.fail(failure),
///     }
/// }
///
/// fn label(call: &Scope<impl Callable>) -> String {
///     let callee: Option<Callee> = call.callee();
///     callee.map_or(String::new(), |it| format!("{} {:?}", it.name, it.call_id))
/// }
///
/// fn logged(outcome: &impl OutcomeType) -> String {
///     format!("{:?}", outcome.borrowed())
/// }
///
/// fn begin<R: Root>(root: R) -> (Scope<R>, Handle) {
///     let owner = root.owner().clone();
///     let scope = Emitter::new().open(root, |_run| move |it: &Event<'_>| println!("{owner}: {}", it.seq));
///     let handle = scope.handle(); // for what works inside, which must not end it
///     (scope, handle)
/// }
/// ```
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

/// A subject that is opened inside another span. All but those that open a run: [`Root`].
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
    /// A tool executed for somebody else's agent: the root span of a run.
    ServedCall / ServedOutcome = "served_call";
    /// Whatever else a user traces: retrieval, a guardrail, a plan.
    Custom / CustomOutcome = "custom" in Nested;
}

either! {
    Subject { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest ServedCall Custom }
    OutcomeBuf { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest ServedCall Custom }
}
