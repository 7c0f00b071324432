//! What an agent may call in one turn: its tools, its sub-agents, and what its sources have now.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use kaos_hooks::{Attributes, Progress, Scope, Str, Turn, catch_panic};

use crate::{Agent, Tool, ToolError, ToolSpec, arguments, fenced};

/// Where tools come from that are not known beforehand, such as a server.
///
/// Asked before each turn; a source that fails leaves the turn without its tools, and the turn says
/// so with the progress `tools_missing`.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use kaos_runner::{Tool, ToolError, ToolSource};
///
/// struct Plugins(Vec<Arc<dyn Tool>>);
///
/// #[async_trait]
/// impl ToolSource for Plugins {
///     fn name(&self) -> &str {
///         "plugins"
///     }
///
///     async fn tools(&self) -> Result<Vec<Arc<dyn Tool>>, ToolError> {
///         Ok(self.0.clone())
///     }
/// }
/// ```
#[async_trait]
pub trait ToolSource: Send + Sync + 'static {
    /// What it is called: the prefix of tools whose names clash with others. Letters, digits, `_`
    /// and `-`.
    fn name(&self) -> &str;

    /// Its tools at the moment. A source keeps the tools it gave as long as they are the same, so
    /// that each compiles its schema once.
    ///
    /// # Errors
    ///
    /// Why it has none. Nobody limits the time but the source.
    ///
    /// # Cancel safety
    ///
    /// Dropped when the turn is dropped.
    async fn tools(&self) -> Result<Vec<Arc<dyn Tool>>, ToolError>;
}

/// What the model can ask for by name.
#[derive(Default)]
pub(crate) struct Toolbox {
    tools: Vec<(Str, Arc<dyn Tool>)>,
    /// As the model is told: the agent's tools, its sub-agents, then its sources'.
    pub(crate) specs: Vec<ToolSpec>,
    /// What the model is told of itself, and of blocks where it calls tools by them.
    pub(crate) instructions: Str,
    missing: Vec<(Str, ToolError)>,
}

impl Toolbox {
    /// Asks the agent's sources, all at once.
    ///
    /// A tool of a source keeps its name unless another tool or sub-agent has it: then it is
    /// `source_tool`, and with a number behind it if even that is taken.
    pub(crate) async fn of(agent: &Agent) -> Self {
        let mut toolbox = Self::default();
        for tool in &agent.tools {
            toolbox.put(tool.spec().name.clone(), tool);
        }
        for agent in &agent.subagents {
            let description = agent.description.clone().unwrap_or_default();
            let spec = ToolSpec::delegation(agent.name.clone(), description);
            toolbox.specs.push(spec);
        }
        let asked = agent.sources.iter().map(|source| async move {
            let tools = catch_panic(source.tools()).await;
            let panicked = |_| Err(ToolError::of_kind("panic", "the source panicked"));
            (source.name(), tools.unwrap_or_else(panicked))
        });
        let mut found = Vec::new();
        for (source, tools) in join_all(asked).await {
            match tools {
                Ok(tools) => found.extend(tools.into_iter().map(|tool| (source, tool))),
                Err(why) => toolbox.missing.push((Str::copied(source), why)),
            }
        }
        toolbox.add(&found);
        toolbox.instructions = toolbox.told(agent);
        toolbox
    }

    fn told(&self, agent: &Agent) -> Str {
        if !agent.fenced || self.specs.is_empty() {
            return agent.instructions.clone();
        }
        let agents: Vec<Str> = agent.subagents.iter().map(|it| it.name.clone()).collect();
        let blocks = fenced::instructions(&self.specs, &agents);
        let own = agent.instructions.as_str();
        let gap = if own.is_empty() { "" } else { "\n\n" };
        Str::from(format!("{own}{gap}{blocks}"))
    }

    fn add(&mut self, found: &[(&str, Arc<dyn Tool>)]) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let known = self.specs.iter().map(|spec| &spec.name);
        for name in known.chain(found.iter().map(|(_, tool)| &tool.spec().name)) {
            *times.entry(name.to_string()).or_default() += 1;
        }
        for (source, tool) in found {
            let name = &tool.spec().name;
            let name = if times.get(name.as_str()) == Some(&1) {
                name.clone()
            } else {
                let prefixed = format!("{source}_{name}");
                let numbered = (2..).map(|number| format!("{prefixed}_{number}"));
                let mut names = std::iter::once(prefixed.clone()).chain(numbered);
                let free = |name: &String| !times.contains_key(name) && !self.knows(name);
                names.find(free).unwrap_or_default().into()
            };
            self.put(name, tool);
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.specs.iter().any(|spec| spec.name == name)
    }

    fn put(&mut self, name: Str, tool: &Arc<dyn Tool>) {
        // Before the turn: the first call's span is not to have that time in it.
        arguments::prepare(tool.spec());
        let mut spec = tool.spec().clone();
        spec.name.clone_from(&name);
        self.specs.push(spec);
        self.tools.push((name, Arc::clone(tool)));
    }

    /// The tool that the model calls by this name: the first one.
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        let found = self.tools.iter().find(|(known, _)| known == name);
        found.map(|(_, tool)| tool)
    }

    /// Says which sources have no tools for the turn.
    pub(crate) fn tell(&self, turn: &Scope<Turn>) {
        for (source, why) in &self.missing {
            let mut attributes = Attributes::new();
            attributes.set("source", source.clone());
            attributes.set("error.type", Str::copied(why.kind()));
            let note = Str::Static("tools_missing");
            turn.progress(Progress { note, attributes });
        }
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&Str> = self.specs.iter().map(|spec| &spec.name).collect();
        f.debug_tuple("Toolbox").field(&names).finish()
    }
}
