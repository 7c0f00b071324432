use kaos_hooks::{Failure, Str};

/// Why a tool did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    kind: Str,
    message: Str,
}

impl ToolError {
    /// An error with this message, of the kind `tool_error`. The message is content.
    pub fn new(message: impl Into<Str>) -> Self {
        Self::of_kind("tool_error", message)
    }

    /// An error of this kind: `error.type`, one of few values.
    pub fn of_kind(kind: impl Into<Str>, message: impl Into<Str>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
        }
    }

    /// The arguments do not fit: the kind `invalid_arguments`.
    pub(crate) fn arguments(message: impl Into<Str>) -> Self {
        Self::of_kind("invalid_arguments", message)
    }

    /// The kind: `error.type`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.kind.clone()).message(self.message.clone())
    }
}
