use std::fmt;

use kaos_hooks::{Budget, Failure, Intent, NotDurable, Str, TraceId, Usage};
use serde::de::DeserializeOwned;

use super::token_budget::Spent;
use crate::session::seat::NoSeat;
use crate::{FinishReason, Message, ModelError, ModelErrorKind, SessionError};

/// An agent's answer. Displays as its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(crate) trace_id: TraceId,
    pub(crate) text: Str,
    pub(crate) intent: Intent,
    pub(crate) usage: Option<Usage>,
    pub(crate) durable: Result<(), NotDurable>,
    pub(crate) remembered: Result<(), SessionError>,
    pub(crate) finish_reason: Option<FinishReason>,
    pub(crate) steps: u32,
    pub(crate) messages: Vec<Message>,
}

impl Reply {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The trace to look at.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// What the message asked for.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Tokens of all model calls, sub-agents included; `None` when no provider said.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Whether the turn's record cannot be lost any more, where a hook keeps one; so it is where none
    /// does.
    ///
    /// # Errors
    ///
    /// Why not: the answer stands, and an audit trail may be without the turn's end.
    pub const fn durable(&self) -> Result<(), &NotDurable> {
        match &self.durable {
            Ok(()) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Whether the session has the turn; so it is where the turn has no session.
    ///
    /// # Errors
    ///
    /// Why not: the answer stands, and the session's next turn does not know of it.
    pub const fn remembered(&self) -> Result<(), &SessionError> {
        match &self.remembered {
            Ok(()) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// The text as JSON, for a turn whose answer has a form
    /// ([`TurnRequest::output`](crate::TurnRequest::output)).
    ///
    /// # Errors
    ///
    /// It is no JSON, as an answer that was cut, or not of this type.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.text)
    }

    /// How many steps it took, from 1.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// What the turn adds to the conversation, the messages that were answered first. Results that were
    /// left out of the last request are named in it.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Why the model stopped; `None` when the provider does not say. An answer that was cut says
    /// [`Length`](FinishReason::Length) or [`ContentFilter`](FinishReason::ContentFilter).
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        self.finish_reason.as_ref()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A turn without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the turn failed (trace {trace_id})")]
pub struct TurnError {
    trace_id: TraceId,
    usage: Option<Usage>,
    #[source]
    kind: TurnErrorKind,
    durable: Result<(), NotDurable>,
}

/// Why a turn has no answer.
///
/// # Example
///
/// What the user is told:
///
/// ```
/// use kaos_runner::{ModelErrorKind, Reply, SessionError, TurnError, TurnErrorKind};
///
/// fn told(turn: Result<Reply, TurnError>) -> String {
///     let error = match turn {
///         Ok(reply) => return reply.text().to_owned(),
///         Err(error) => error,
///     };
///     match error.kind() {
///         TurnErrorKind::Model(why) if why.is(ModelErrorKind::RateLimited) => "Too many ask at once.".to_owned(),
///         TurnErrorKind::Budget { limit, .. } => format!("That is more work than {limit}."),
///         TurnErrorKind::SessionBusy | TurnErrorKind::Session(SessionError::Lost) => "I am still answering.".to_owned(),
///         _ => format!("Something went wrong: {}", error.trace_id()),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TurnErrorKind {
    /// The model did not answer.
    #[error("the model did not answer")]
    Model(#[source] ModelError),
    /// The model panicked.
    #[error("the model panicked")]
    ModelPanicked,
    /// A limit was reached: `used` of `limit`, in the budget's unit.
    #[error("the limit of {limit} {} was reached; raise it in `Limits`", budget.unit())]
    Budget {
        /// Which limit.
        budget: Budget,
        /// The limit.
        limit: u64,
        /// How much was used.
        used: u64,
    },
    /// Another turn of the session did not end within this turn's limit; or it is one around this turn,
    /// which would wait for ever.
    #[error("another turn of the session is not over")]
    SessionBusy,
    /// The session's store could not be read; or, while the turn worked, its session was taken by
    /// another turn, which its process may do when this one stands still.
    #[error("the session cannot be continued")]
    Session(#[source] SessionError),
}

impl TurnError {
    pub(crate) const fn new(
        trace_id: TraceId,
        usage: Option<Usage>,
        kind: TurnErrorKind,
        durable: Result<(), NotDurable>,
    ) -> Self {
        Self {
            trace_id,
            usage,
            kind,
            durable,
        }
    }

    /// Tokens of all model calls until then, sub-agents included; `None` when no provider said.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The trace to look at.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Whether the turn's record cannot be lost any more; as [`Reply::durable`].
    ///
    /// # Errors
    ///
    /// Why not.
    pub const fn durable(&self) -> Result<(), &NotDurable> {
        match &self.durable {
            Ok(()) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Why.
    pub fn kind(&self) -> &TurnErrorKind {
        &self.kind
    }
}

impl TurnErrorKind {
    /// Tokens of the model call that failed.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            Self::Model(error) => error.usage(),
            Self::ModelPanicked | Self::Budget { .. } | Self::SessionBusy | Self::Session(_) => {
                None
            }
        }
    }

    /// Whether the model refused the conversation as too long.
    pub(crate) fn is_context_length(&self) -> bool {
        matches!(self, Self::Model(error) if error.is(ModelErrorKind::ContextLength))
    }

    /// How the failure stands in the events.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Model(error) => error.failure(),
            Self::ModelPanicked => Failure::new("panic"),
            Self::SessionBusy => Failure::new("session_busy"),
            Self::Session(error) => Failure::new(error.kind()).message(error.to_string()),
            Self::Budget { budget, .. } => {
                Failure::new("budget_exceeded").message(format!("{self} ({})", budget.as_str()))
            }
        }
    }
}

/// There are no tokens left.
impl From<Spent> for TurnErrorKind {
    fn from(Spent { limit, used }: Spent) -> Self {
        Self::Budget {
            budget: Budget::Tokens,
            limit,
            used,
        }
    }
}

impl From<NoSeat> for TurnErrorKind {
    fn from(why: NoSeat) -> Self {
        match why {
            NoSeat::Busy => Self::SessionBusy,
            NoSeat::Store(error) => Self::Session(error),
        }
    }
}

impl From<SessionError> for TurnErrorKind {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}
