use std::time::Duration;

use crate::{Failure, Outcome, Phase};

/// How a span ends.
#[derive(Clone, Copy)]
pub(crate) enum End<'a> {
    Complete(Outcome<'a>),
    Error(&'a Failure, Option<Outcome<'a>>),
    Cancelled(Option<Outcome<'a>>),
    Suspended(Option<Outcome<'a>>),
}

impl<'a> End<'a> {
    pub(super) fn after(self, duration: Duration) -> Phase<'a> {
        match self {
            Self::Complete(outcome) => Phase::Complete { outcome, duration },
            Self::Error(failure, outcome) => Phase::Error {
                failure,
                outcome,
                duration,
            },
            Self::Cancelled(outcome) => Phase::Cancelled { outcome, duration },
            Self::Suspended(outcome) => Phase::Suspended { outcome, duration },
        }
    }

    pub(super) fn of(phase: Phase<'a>) -> Option<Self> {
        match phase {
            Phase::Start | Phase::Progress(_) => None,
            Phase::Complete { outcome, .. } => Some(Self::Complete(outcome)),
            Phase::Error {
                failure, outcome, ..
            } => Some(Self::Error(failure, outcome)),
            Phase::Cancelled { outcome, .. } => Some(Self::Cancelled(outcome)),
            Phase::Suspended { outcome, .. } => Some(Self::Suspended(outcome)),
        }
    }
}
