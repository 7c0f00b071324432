//! What came of a call, and what the model is told of it.

use kaos_hooks::{Str, Usage};

use crate::{ToolError, ToolOutput};

/// What the model is told of a call.
pub(crate) struct CallResult {
    pub(crate) output: ToolOutput,
    /// Whether it is why there is no result.
    pub(crate) failed: bool,
    /// What a sub-agent spent.
    pub(crate) delegated: Option<Usage>,
}

impl CallResult {
    /// That, and why, there is no result.
    pub(super) fn failed(why: impl Into<ToolOutput>) -> Self {
        Self {
            output: why.into(),
            failed: true,
            delegated: None,
        }
    }
}

/// What came of a call.
pub(crate) struct Ended {
    pub(crate) result: Result<ToolOutput, NotDone>,
    pub(crate) delegated: Option<Usage>,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum NotDone {
    Failed(ToolError),
    Skipped(Str),
    Denied(Str),
}

impl From<NotDone> for Ended {
    fn from(why: NotDone) -> Self {
        Self {
            result: Err(why),
            delegated: None,
        }
    }
}

impl From<Ended> for CallResult {
    fn from(ended: Ended) -> Self {
        let progress = match ended.result {
            Ok(output) => Self {
                output,
                failed: false,
                delegated: None,
            },
            Err(NotDone::Failed(why)) => Self::failed(format!("error: {why}")),
            Err(NotDone::Skipped(why)) => Self::failed(format!("skipped: {why}")),
            Err(NotDone::Denied(why)) => Self::failed(format!("denied: {why}")),
        };
        Self {
            delegated: ended.delegated,
            ..progress
        }
    }
}
