use std::fmt;

use kaos_hooks::{Budget, Failure, Intent, NotDurable, Str, TraceId, Usage};

use crate::{FinishReason, ModelError};

/// An agent's answer. Displays as its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(crate) trace_id: TraceId,
    pub(crate) text: Str,
    pub(crate) intent: Intent,
    pub(crate) usage: Option<Usage>,
    pub(crate) durable: Result<(), NotDurable>,
    pub(crate) finish_reason: Option<FinishReason>,
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
    #[error("the limit of {limit} {} was reached; raise it in `Limits`", unit(*budget))]
    Budget {
        /// Which limit.
        budget: Budget,
        /// The limit.
        limit: u64,
        /// How much was used.
        used: u64,
    },
}

fn unit(budget: Budget) -> &'static str {
    match budget {
        Budget::Steps => "steps",
        Budget::Time => "milliseconds",
        Budget::Tokens => "tokens",
        Budget::Events => "events",
    }
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
            Self::ModelPanicked | Self::Budget { .. } => None,
        }
    }

    /// How the failure stands in the events.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Model(error) => error.failure(),
            Self::ModelPanicked => Failure::new("panic"),
            Self::Budget { budget, .. } => {
                Failure::new("budget_exceeded").message(format!("{self} ({})", budget.as_str()))
            }
        }
    }
}
