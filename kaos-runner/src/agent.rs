mod intent_by;
mod limits;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kaos_hooks::Str;

pub use intent_by::IntentBy;
pub use limits::Limits;

#[cfg(feature = "remote")]
use crate::RemoteAgent;
use crate::{Model, Tool, ToolSource};

/// What an agent is: plain configuration, cheap to clone.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, Limits};
///
/// let researcher = Agent::new("researcher", FunctionModel::answer("It is in clause 4."));
/// let agent = Agent::new("assistant", FunctionModel::answer("Clause 4."))
///     .instructions("Answer briefly.")
///     .subagent(researcher)
///     .limits(Limits { steps: 4, ..Limits::default() });
/// ```
#[derive(Clone)]
pub struct Agent {
    pub(crate) name: Str,
    pub(crate) description: Option<Str>,
    pub(crate) instructions: Str,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) tools: Vec<Arc<dyn Tool>>,
    pub(crate) subagents: Vec<Subagent>,
    pub(crate) sources: Vec<Arc<dyn ToolSource>>,
    pub(crate) fenced: bool,
    pub(crate) intent: IntentBy,
    pub(crate) limits: Limits,
    /// The tokens, by estimate, that a request may have because the model has refused more; 0 where it
    /// has not. Clones share it with the model.
    pub(crate) refused: Arc<AtomicU64>,
}

impl Agent {
    /// An agent with this name and model, without instructions, tools or sub-agents.
    pub fn new(name: impl Into<Str>, model: impl Model) -> Self {
        Self {
            name: name.into(),
            description: None,
            instructions: Str::default(),
            model: Arc::new(model),
            tools: Vec::new(),
            subagents: Vec::new(),
            sources: Vec::new(),
            fenced: false,
            intent: IntentBy::default(),
            limits: Limits::default(),
            refused: Arc::default(),
        }
    }

    /// What the model is told before the conversation.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<Str>) -> Self {
        self.instructions = instructions.into();
        self
    }

    /// What the agent is for: told to the agents it is a sub-agent of.
    #[must_use]
    pub fn description(mut self, description: impl Into<Str>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds a tool. A second one of the same name is told to the model, and called by it, with a
    /// number behind its name: `read_2`.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Adds the tools that a source has, such as a server; it is asked at each turn's beginning. Where a
    /// name clashes with another tool's or a sub-agent's, the source's tool gets the source's name
    /// as a prefix: `files_read`.
    #[must_use]
    pub fn tools_from(mut self, source: impl ToolSource) -> Self {
        self.sources.push(Arc::new(source));
        self
    }

    /// Whether tools and sub-agents are called by blocks in the model's text, for models that have
    /// no tool calls of their own. Default: no.
    ///
    /// The model is told in its instructions to write
    ///
    /// ````text
    /// ```tool_call
    /// {"tool": "calculator", "arguments": {"expression": "6*7"}}
    /// ```
    /// ````
    ///
    /// or ```` ```delegate ```` with `{"agent": "researcher", "task": "…"}`, and gets the results as a
    /// message from the user. A block that cannot be read is answered with what is wrong about it.
    #[must_use]
    pub fn fenced_tools(mut self, fenced: bool) -> Self {
        self.fenced = fenced;
        self
    }

    /// How it is found out what a message asks for. Default: by rules.
    #[must_use]
    pub fn intent(mut self, by: IntentBy) -> Self {
        self.intent = by;
        self
    }

    /// Adds an agent that this one may give work to: another [`Agent`] or, with the feature `remote`, a
    /// `RemoteAgent`. The model calls it as a tool with the agent's name and one argument, `task`.
    #[must_use]
    pub fn subagent(mut self, agent: impl Into<Subagent>) -> Self {
        self.subagents.push(agent.into());
        self
    }

    /// What one turn may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The agent's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// An agent that another one may give work to; see [`Agent::subagent`].
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, Subagent};
///
/// /// A coordinator of whoever works, here or (`RemoteAgent`) elsewhere.
/// fn coordinator(team: Vec<Subagent>) -> Agent {
///     let coordinator = Agent::new("coordinator", FunctionModel::answer("Done."));
///     team.into_iter().fold(coordinator, |agent, it| agent.subagent(it))
/// }
/// ```
#[derive(Clone)]
pub struct Subagent(pub(crate) Place);

/// Where a sub-agent works.
#[derive(Clone)]
pub(crate) enum Place {
    Here(Arc<Agent>),
    #[cfg(feature = "remote")]
    Elsewhere(RemoteAgent),
}

impl From<Agent> for Subagent {
    fn from(agent: Agent) -> Self {
        Self(Place::Here(Arc::new(agent)))
    }
}

#[cfg(feature = "remote")]
impl From<RemoteAgent> for Subagent {
    fn from(agent: RemoteAgent) -> Self {
        Self(Place::Elsewhere(agent))
    }
}

impl fmt::Debug for Subagent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Here(agent) => agent.fmt(f),
            #[cfg(feature = "remote")]
            Place::Elsewhere(agent) => agent.fmt(f),
        }
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools = self
            .tools
            .iter()
            .map(|tool| tool.spec().name.clone())
            .collect::<Vec<_>>();
        f.debug_struct("Agent")
            .field("name", &self.name)
            .field("model", &self.model.name())
            .field("tools", &tools)
            .field("subagents", &self.subagents)
            .finish_non_exhaustive()
    }
}
