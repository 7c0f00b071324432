use std::fmt;
use std::sync::Arc;

use kaos_hooks::Str;

use crate::{Limits, Model, Tool, ToolSpec};

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
    pub(crate) subagents: Vec<Self>,
    pub(crate) limits: Limits,
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
            limits: Limits::default(),
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

    /// Adds a tool. Of two tools with the same name the first is called.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Adds an agent that this one may give work to. The model calls it as a tool with the
    /// agent's name and one argument, `task`.
    #[must_use]
    pub fn subagent(mut self, agent: Self) -> Self {
        self.subagents.push(agent);
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

    /// What the model may call: the tools, then the sub-agents.
    pub(crate) fn callable(&self) -> Vec<ToolSpec> {
        let tools = self.tools.iter().map(|tool| tool.spec().clone());
        let agents = self.subagents.iter().map(|agent| {
            let description = agent.description.clone().unwrap_or_default();
            ToolSpec::delegation(agent.name.clone(), description)
        });
        tools.chain(agents).collect()
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
