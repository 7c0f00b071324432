use async_trait::async_trait;
use kaos_events::{Scope, SpanId, Str, ToolCall, TraceId};

use crate::hook::short_type_name;

/// Decides, before a tool runs, whether it may.
///
/// Gates are asked in order, each seeing the arguments that the former left. The most restrictive
/// verdict wins: allow < rewrite < ask < skip < deny. A gate that fails, panics, or takes longer
/// than its limit has denied, unless it was registered as [`FailOpen`](crate::FailOpen).
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use kaos_hooks::{Gate, GateError, ToolRequest, Verdict};
///
/// struct ReadOnly;
///
/// #[async_trait]
/// impl Gate for ReadOnly {
///     async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
///         Ok(if call.read_only { Verdict::Allow } else { Verdict::deny("this agent only reads") })
///     }
/// }
/// ```
#[async_trait]
pub trait Gate: Send + Sync + 'static {
    /// What it is called in the events; its type's name unless given.
    fn name(&self) -> Str {
        Str::Static(short_type_name::<Self>())
    }

    /// Decides about one call.
    ///
    /// # Errors
    ///
    /// A gate that cannot decide says why; that counts as deny.
    ///
    /// # Cancel safety
    ///
    /// Dropped at its time limit and when the turn is dropped: it must leave nothing half done.
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError>;
}

/// A tool call that waits for the gates.
#[derive(Debug, Clone, Copy)]
pub struct ToolRequest<'a> {
    /// The trace.
    pub trace_id: TraceId,
    /// The tool call's span.
    pub span: SpanId,
    /// The tool.
    pub tool: &'a str,
    /// The id the model gave to this call.
    pub call_id: Option<&'a str>,
    /// The arguments, as JSON, as the gates before this one left them.
    pub arguments: &'a str,
    /// Whether the tool says that it changes nothing.
    pub read_only: bool,
    /// Whether the tool says that it may overwrite or delete. Default: yes.
    pub destructive: bool,
    /// Whether the tool says that doing the same again changes nothing more. Default: no.
    pub idempotent: bool,
}

impl<'a> ToolRequest<'a> {
    /// The call that this scope is about: of this tool, with these arguments, possibly with side
    /// effects.
    pub fn of(scope: &Scope<ToolCall>, tool: &'a str, arguments: &'a str) -> Self {
        let (trace_id, span) = (scope.trace_id(), scope.id());
        Self {
            trace_id,
            span,
            tool,
            call_id: None,
            arguments,
            read_only: false,
            destructive: true,
            idempotent: false,
        }
    }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The tool may run.
    Allow,
    /// The tool may run, with these arguments, as JSON.
    Rewrite(Str),
    /// A person has to decide; without one to ask, this denies.
    Ask(Str),
    /// The tool does not run, and the model is told why; not a failure.
    Skip(Str),
    /// The tool must not run, and the model is told why; a failure of the call.
    Deny(Str),
}

impl Verdict {
    /// A person has to decide, for this reason.
    pub fn ask(reason: impl Into<Str>) -> Self {
        Self::Ask(reason.into())
    }

    /// The tool does not run, for this reason.
    pub fn skip(reason: impl Into<Str>) -> Self {
        Self::Skip(reason.into())
    }

    /// The tool must not run, for this reason.
    pub fn deny(reason: impl Into<Str>) -> Self {
        Self::Deny(reason.into())
    }
}

/// A gate could not decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GateError {
    message: Str,
}

impl GateError {
    /// An error with this message: what failed, and what to do. Content.
    pub fn new(message: impl Into<Str>) -> Self {
        Self {
            message: message.into(),
        }
    }

    pub(crate) fn into_message(self) -> Str {
        self.message
    }
}
