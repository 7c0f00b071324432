use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{Failure, Handle, Hooks, McpCall, Nested, Scope, Str, ToolAnnotations, ToolKind};
use serde_json::{Value, json};

use crate::ToolOutput;
use crate::arguments::Form;
use crate::setting::{Caller, Setting};

/// Something an agent can do.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// What the model is told about it.
    fn spec(&self) -> &ToolSpec;

    /// Does it. `arguments` is JSON that fits the schema of [`spec`](Self::spec), as the model, or
    /// the last gate that rewrote it, gave it.
    ///
    /// # Errors
    ///
    /// Why it could not. The model is told and may try again.
    ///
    /// # Cancel safety
    ///
    /// Dropped at its time limit and when the turn is dropped: it must leave nothing half done.
    /// Blocking work belongs in `tokio::task::spawn_blocking`, and goes on when dropped.
    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError>;
}

/// What a tool, or a source of tools, may use besides its arguments, and where it says how it did its
/// work. Clones are the same call's. The default one is of no run.
#[derive(Clone, Default)]
pub struct ToolContext(Arc<Surroundings>);

#[derive(Default)]
struct Surroundings {
    hooks: Hooks,
    /// What the work is done in.
    span: Option<Handle>,
    caller: Arc<Caller>,
    mcp: Mutex<Option<Box<McpCall>>>,
}

impl ToolContext {
    /// The surroundings of a call in a run with these hooks; for those who call tools themselves.
    pub fn new(hooks: &Hooks) -> Self {
        Self::with(hooks, None, &Arc::default())
    }

    pub(crate) fn of(setting: &Setting<'_>, span: Handle) -> Self {
        Self::with(setting.hooks, Some(span), &setting.caller)
    }

    fn with(hooks: &Hooks, span: Option<Handle>, caller: &Arc<Caller>) -> Self {
        Self(Arc::new(Surroundings {
            hooks: hooks.clone(),
            span,
            caller: Arc::clone(caller),
            mcp: Mutex::default(),
        }))
    }

    /// The run's hooks. While the tool runs the call's span is current, so
    /// [`inject`](Hooks::inject) hands out the headers that name it.
    pub fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    /// Opens a span inside the call's, or the discovery's; `None` where there is no run.
    pub fn open<S: Nested>(&self, subject: S) -> Option<Scope<S>> {
        let span = self.0.span.as_ref()?;
        Some(span.open(subject))
    }

    /// The conversation; `None` where it has no name. That of the turn that was asked for, in its
    /// sub-agents' tools, too.
    pub fn session(&self) -> Option<&str> {
        self.0.caller.session.name()
    }

    /// Who asks: the user's id at the caller, where it was given.
    pub fn user(&self) -> Option<&str> {
        self.0.caller.user.as_deref()
    }

    /// On whose behalf, where that was given.
    pub fn tenant(&self) -> Option<&str> {
        self.0.caller.tenant.as_deref()
    }

    /// Says that the call went through the Model Context Protocol, and how: part of the call's
    /// outcome, however it ends. The last word counts.
    pub fn through_mcp(&self, call: McpCall) {
        *self.0.mcp.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(call));
    }

    pub(crate) fn mcp(&self) -> Option<Box<McpCall>> {
        let mcp = self.0.mcp.lock().unwrap_or_else(PoisonError::into_inner);
        mcp.clone()
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext").finish_non_exhaustive()
    }
}

/// What the model is told about a tool, and the gates.
///
/// # Example
///
/// ```
/// use kaos_runner::{ToolAnnotations, ToolSpec};
/// use serde_json::json;
/// use std::time::Duration;
///
/// let mut spec = ToolSpec::new("search", "Searches the contracts.", json!({
///     "type": "object",
///     "properties": { "query": { "type": "string" } },
///     "required": ["query"],
/// }));
/// spec.annotations = ToolAnnotations::READ_ONLY;
/// spec.time_limit = Some(Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: Str,
    /// What it is for.
    pub description: Str,
    /// Its arguments, as a JSON Schema (2020-12). Arguments that do not fit never reach the tool.
    /// A schema that is none, or refers to another document, lets everything through.
    pub schema: Value,
    /// Who executes it.
    pub kind: ToolKind,
    /// What it does to the world. Default: anything.
    pub annotations: ToolAnnotations,
    /// Wall time of one call. Default: the agent's [`Limits::tool`](crate::Limits::tool).
    pub time_limit: Option<Duration>,
    pub(crate) form: Form,
}

impl ToolSpec {
    /// A function with this name, purpose and schema, which may have side effects.
    pub fn new(name: impl Into<Str>, description: impl Into<Str>, schema: Value) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            schema,
            kind: ToolKind::Function,
            annotations: ToolAnnotations::default(),
            time_limit: None,
            form: Form::default(),
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
