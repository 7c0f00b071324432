//! What can be called by a name.

use std::sync::Arc;

#[cfg(feature = "remote")]
use crate::RemoteAgent;
use crate::tool::shape::Shape;
use crate::{Agent, Tool, ToolSpec};

/// What a name stands for.
pub(super) enum Callable {
    Tool(CalledTool),
    Subagent(CalledAgent),
    #[cfg(feature = "remote")]
    Remote(CalledRemote),
}

impl Callable {
    /// Whether it is an agent, wherever.
    pub(crate) fn is_agent(&self) -> bool {
        !matches!(self, Self::Tool(_))
    }
}

/// A tool, and how its arguments stand in what the model writes.
pub(crate) struct CalledTool {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) shape: Shape,
}

impl CalledTool {
    pub(crate) fn new(tool: Arc<dyn Tool>, shape: Shape) -> Self {
        Self { tool, shape }
    }

    #[cfg(feature = "mcp-server")]
    pub(crate) fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }
}

/// A sub-agent, by the name that the model calls it by.
pub(super) struct CalledAgent {
    pub(super) agent: Arc<Agent>,
    pub(super) spec: ToolSpec,
}

impl CalledAgent {
    pub(super) fn new(agent: Arc<Agent>, spec: ToolSpec) -> Self {
        Self { agent, spec }
    }
}

/// An agent that is served elsewhere, by the name that the model calls it by.
#[cfg(feature = "remote")]
pub(super) struct CalledRemote {
    pub(super) agent: RemoteAgent,
    pub(super) spec: ToolSpec,
}
