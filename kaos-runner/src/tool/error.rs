use kaos_hooks::{Failure, Str, Thrown};

/// Why a tool did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    kind: Str,
    message: Str,
    thrown: Option<Box<Thrown>>,
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
            thrown: None,
        }
    }

    /// The arguments do not fit: the kind `invalid_arguments`.
    pub(crate) fn arguments(message: impl Into<Str>) -> Self {
        Self::of_kind("invalid_arguments", message)
    }

    /// Says what was thrown, where the language of what failed throws.
    #[must_use]
    pub fn thrown(mut self, thrown: Thrown) -> Self {
        self.thrown = Some(Box::new(thrown));
        self
    }

    /// The same, said like this.
    pub(crate) fn with_message(&self, message: Str) -> Self {
        Self {
            message,
            ..self.clone()
        }
    }

    /// The kind: `error.type`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn failure(&self) -> Failure {
        let failure = Failure::new(self.kind.clone()).message(self.message.clone());
        match &self.thrown {
            Some(thrown) => failure.thrown((**thrown).clone()),
            None => failure,
        }
    }
}
