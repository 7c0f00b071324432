use async_trait::async_trait;
use kaos_hooks::{Failure, Str, ToolKind};
use serde_json::{Value, json};

/// Something an agent can do.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// What the model is told about it.
    fn spec(&self) -> &ToolSpec;

    /// Does it. `arguments` is JSON, as the model, or the last gate that rewrote it, gave it.
    ///
    /// # Errors
    ///
    /// Why it could not. The model is told and may try again.
    ///
    /// # Cancel safety
    ///
    /// Dropped at its time limit and when the turn is dropped: it must leave nothing half done.
    /// Blocking work belongs in `tokio::task::spawn_blocking`, and goes on when dropped.
    async fn call(&self, arguments: &str) -> Result<Str, ToolError>;
}

/// What the model is told about a tool, and the gates.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: Str,
    /// What it is for.
    pub description: Str,
    /// Its arguments, as a JSON Schema (2020-12).
    pub schema: Value,
    /// Who executes it.
    pub kind: ToolKind,
    /// Whether it changes nothing. Default: no, it may have side effects.
    pub read_only: bool,
}

impl ToolSpec {
    /// A function with this name, purpose and schema, which may have side effects.
    pub fn new(name: impl Into<Str>, description: impl Into<Str>, schema: Value) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            schema,
            kind: ToolKind::Function,
            read_only: false,
        }
    }

    /// What the model is told about a sub-agent.
    pub(crate) fn delegation(agent: Str, description: Str) -> Self {
        let schema = json!({
            "type": "object",
            "properties": { "task": { "type": "string", "description": "What the agent is to do." } },
            "required": ["task"],
        });
        Self::new(agent, description, schema)
    }
}

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

    /// The kind: `error.type`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.kind.clone()).message(self.message.clone())
    }
}
