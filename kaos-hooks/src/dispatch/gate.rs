use std::time::Duration;

use async_trait::async_trait;
use kaos_events::{Handle, Settled, SpanId, Str, TraceId};

use crate::dispatch::hook::short_type_name;

/// Decides, before a tool runs, whether it may.
///
/// Gates are asked in order, each seeing the arguments that the former left. The most restrictive
/// verdict wins: allow < rewrite < skip < deny, and what requires approval is denied. A gate that fails, panics, or takes longer
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
///         Ok(if call.annotations.read_only { Verdict::Allow } else { Verdict::deny("this agent only reads") })
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

/// A call of a tool, or of another agent, that waits for the gates: that of an open span, as
/// [`Hooks::before_tool_call`](crate::Hooks::before_tool_call) makes it. Tool and call id are those
/// that the span names, so a gate judges what runs and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct ToolRequest<'a> {
    pub(crate) span: &'a Handle,
    /// The tool, or the other agent.
    pub tool: &'a str,
    /// Whether it is another agent that is to work.
    pub is_agent: bool,
    /// The id the model gave to this call.
    pub call_id: Option<&'a str>,
    /// The arguments, as JSON, as the gates before this one left them.
    pub arguments: &'a str,
    /// What the tool says of itself.
    pub annotations: ToolAnnotations,
    /// How long this gate has for its answer.
    pub limit: Duration,
}

/// What a tool says it does to the world: hints, not promises. The names and defaults are those of
/// the Model Context Protocol (`readOnlyHint`, `destructiveHint`, `idempotentHint`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ToolAnnotations {
    /// It changes nothing. Default: no.
    pub read_only: bool,
    /// It may overwrite or delete; says something only of a tool that is not read-only. Default: yes.
    pub destructive: bool,
    /// Calling it again with the same arguments changes nothing more. Default: no.
    pub idempotent: bool,
}

impl ToolAnnotations {
    /// Changes nothing.
    pub const READ_ONLY: Self = Self {
        read_only: true,
        destructive: false,
        idempotent: true,
    };
}

impl Default for ToolAnnotations {
    /// May do anything.
    fn default() -> Self {
        Self {
            read_only: false,
            destructive: true,
            idempotent: false,
        }
    }
}

impl ToolRequest<'_> {
    /// The trace.
    pub fn trace_id(&self) -> TraceId {
        self.span.trace_id()
    }

    /// The call's span.
    pub fn span(&self) -> SpanId {
        self.span.id()
    }

    /// Waits until the call's events so far cannot be lost any more
    /// ([`Scope::settled`](kaos_events::Scope::settled)).
    pub fn settled(&self) -> Settled {
        self.span.settled()
    }
}

/// What a gate says of one call. More may come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The tool may run.
    Allow,
    /// The tool may run, with these arguments, as JSON.
    Rewrite(Str),
    /// The tool must not run unless a person approves. Nobody can be asked yet: the call is denied, with
    /// [`ApprovalRequired`](kaos_events::ApprovalRequired) in the stream, the failure `no_handler` in
    /// the decision, and this reason for the model.
    RequireApproval(Str),
    /// The tool does not run, and the model is told why; not a failure.
    Skip(Str),
    /// The tool must not run, and the model is told why; a failure of the call.
    Deny(Str),
}

impl Verdict {
    /// The tool must not run unless a person approves, for this reason; today a deny
    /// ([`RequireApproval`](Self::RequireApproval)).
    pub fn require_approval(reason: impl Into<Str>) -> Self {
        Self::RequireApproval(reason.into())
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
