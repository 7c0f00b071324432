use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kaos_hooks::{Attributes, Handle, Hooks, McpCall, Nested, Progress, Scope, Session, Str};
use serde_json::Value;
use tracing::Level;

use super::progress::{ProgressListener, ToolProgress};
use crate::ToolError;

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
    #[cfg(feature = "remote")]
    elsewhere: Mutex<kaos_hooks::SubagentOutcome>,
    listener: Option<ProgressListener>,
    client: Option<Arc<dyn ClientSide>>,
}

impl ToolContext {
    /// The surroundings of a call in a run with these hooks; for those who call tools themselves.
    pub fn new(hooks: &Hooks) -> Self {
        Self::with(hooks, None, &Arc::default())
    }

    pub(crate) fn with(hooks: &Hooks, span: Option<Handle>, caller: &Arc<Caller>) -> Self {
        Self(Arc::new(Surroundings {
            hooks: hooks.clone(),
            span,
            caller: Arc::clone(caller),
            mcp: Mutex::default(),
            #[cfg(feature = "remote")]
            elsewhere: Mutex::default(),
            listener: None,
            client: None,
        }))
    }

    /// Who hears of what the tool has done so far, and whose call it is. Of a context that nobody else has
    /// yet.
    pub(crate) fn served(
        mut self,
        listener: Option<ProgressListener>,
        client: Option<Arc<dyn ClientSide>>,
    ) -> Self {
        if let Some(own) = Arc::get_mut(&mut self.0) {
            own.listener = listener;
            own.client = client;
        }
        self
    }

    pub(super) fn client_side(&self) -> Option<Arc<dyn ClientSide>> {
        self.0.client.clone()
    }

    /// Says how far the call is: a client of a tool server that asked for it hears of it at once, and
    /// the call's span has the note `progress`, without the words.
    pub fn progress(&self, progress: ToolProgress) {
        if let Some(span) = &self.0.span {
            let mut attributes = Attributes::new();
            attributes.set("done", progress.done);
            if let Some(total) = progress.total {
                attributes.set("total", total);
            }
            let note = Str::Static("progress");
            span.progress(Progress { note, attributes });
        }
        if let Some(listener) = &self.0.listener {
            listener(progress);
        }
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

#[cfg(feature = "remote")]
impl ToolContext {
    /// Says what an agent elsewhere told of its work.
    pub(crate) fn set_elsewhere(&self, outcome: kaos_hooks::SubagentOutcome) {
        let elsewhere = self.0.elsewhere.lock();
        *elsewhere.unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    pub(crate) fn elsewhere(&self) -> kaos_hooks::SubagentOutcome {
        let elsewhere = self.0.elsewhere.lock();
        elsewhere.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext").finish_non_exhaustive()
    }
}

/// Who is answered, and in which conversation; the same for sub-agents.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) user: Option<Str>,
    pub(crate) tenant: Option<Str>,
    /// How many agents elsewhere the task has passed through.
    #[cfg(feature = "remote")]
    pub(crate) depth: u32,
}

/// What a client may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Sampling,
    Elicitation,
}

/// The way to the client.
#[async_trait]
pub(crate) trait ClientSide: Send + Sync {
    async fn log(&self, level: Level, text: Str);

    /// The answer's result.
    async fn ask(
        &self,
        question: Question,
        params: Value,
        context: &ToolContext,
    ) -> Result<Value, ToolError>;
}
