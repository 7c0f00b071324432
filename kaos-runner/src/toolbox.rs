//! What an agent may call in one turn: its tools, its sub-agents, and what its sources have now.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use kaos_hooks::{Attributes, Progress, Scope, Str, Turn, catch_panic};

use crate::shape::Shape;
use crate::{Agent, Tool, ToolError, ToolListing, ToolSpec, arguments, fenced};

/// Where tools come from that are not known beforehand, such as a server.
///
/// Asked before each turn; a source that fails leaves the turn without its tools, and the turn says
/// so with the progress `tools_missing`. What else there is to say stands in [`ToolListing`].
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use kaos_runner::{Tool, ToolError, ToolListing, ToolSource};
///
/// struct Plugins(Vec<Arc<dyn Tool>>);
///
/// #[async_trait]
/// impl ToolSource for Plugins {
///     fn name(&self) -> &str {
///         "plugins"
///     }
///
///     async fn tools(&self) -> Result<ToolListing, ToolError> {
///         Ok(self.0.clone().into())
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
    async fn tools(&self) -> Result<ToolListing, ToolError>;
}

/// What the model can ask for by name.
#[derive(Default)]
pub(crate) struct Toolbox {
    callables: Vec<Callable>,
    /// As the model is told, a name each: the agent's tools, its sub-agents, then its sources'. Every
    /// schema is an object's.
    pub(crate) specs: Vec<ToolSpec>,
    /// What the model is told of itself, and of blocks where it calls tools by them.
    pub(crate) instructions: Str,
    /// What the turn says of its sources.
    notes: Vec<(&'static str, Attributes)>,
}

/// What a name stands for.
#[derive(Clone)]
pub(crate) enum Callable {
    /// A tool, and how its arguments stand in what the model writes.
    Tool(Arc<dyn Tool>, Shape),
    /// A sub-agent.
    Subagent(Arc<Agent>),
}

impl Toolbox {
    /// Asks the agent's sources, all at once.
    ///
    /// A name that is taken gets a number behind it: `read_2`. A tool of a source keeps its name
    /// unless another tool or sub-agent has it: then it is `source_tool`, and with a number behind
    /// it if even that is taken.
    pub(crate) async fn of(agent: &Agent) -> Self {
        let mut toolbox = Self::default();
        for tool in &agent.tools {
            toolbox.put(toolbox.free(&tool.spec().name), tool);
        }
        for agent in &agent.subagents {
            let description = agent.description.clone().unwrap_or_default();
            let spec = ToolSpec::delegation(toolbox.free(&agent.name), description);
            toolbox.specs.push(spec);
            toolbox
                .callables
                .push(Callable::Subagent(Arc::clone(agent)));
        }
        let asked = agent.sources.iter().map(|source| async move {
            let tools = catch_panic(source.tools()).await;
            let panicked = |_| Err(ToolError::of_kind("panic", "the source panicked"));
            (source.name(), tools.unwrap_or_else(panicked))
        });
        let mut found = Vec::new();
        for (source, tools) in join_all(asked).await {
            match tools {
                Ok(listing) => {
                    toolbox.note_listing(source, &listing);
                    found.extend(listing.tools.into_iter().map(|tool| (source, tool)));
                }
                Err(why) => toolbox.note("tools_missing", source, ("error.type", why.kind())),
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
        let named = self.specs.iter().zip(&self.callables);
        let agents = named.filter(|(_, callable)| matches!(callable, Callable::Subagent(_)));
        let agents: Vec<Str> = agents.map(|(spec, _)| spec.name.clone()).collect();
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

    /// The name, or the first one with a number behind it that is not taken.
    fn free(&self, name: &Str) -> Str {
        if !self.knows(name) {
            return name.clone();
        }
        let mut numbered = (2..).map(|number| format!("{name}_{number}"));
        let free = numbered.find(|name| !self.knows(name));
        free.unwrap_or_default().into()
    }

    fn knows(&self, name: &str) -> bool {
        self.specs.iter().any(|spec| spec.name == name)
    }

    fn put(&mut self, name: Str, tool: &Arc<dyn Tool>) {
        // Before the turn: the first call's span is not to have that time in it.
        arguments::prepare(tool.spec());
        let (schema, shape) = Shape::of(&tool.spec().schema);
        self.specs.push(ToolSpec {
            name,
            schema,
            ..tool.spec().clone()
        });
        self.callables.push(Callable::Tool(Arc::clone(tool), shape));
    }

    /// What the model calls by this name.
    pub(crate) fn callable(&self, name: &str) -> Option<&Callable> {
        let mut named = self.specs.iter().zip(&self.callables);
        let found = named.find(|(spec, _)| spec.name == name);
        found.map(|(_, callable)| callable)
    }

    fn note_listing(&mut self, source: &str, listing: &ToolListing) {
        if let Some(why) = &listing.stale {
            self.note("tools_stale", source, ("error.type", why.kind()));
        }
        if listing.left_out > 0 {
            let count = listing.left_out.to_string();
            self.note("tools_left_out", source, ("count", &count));
        }
    }

    fn note(&mut self, note: &'static str, source: &str, more: (&str, &str)) {
        let mut attributes = Attributes::new();
        attributes.set("source", Str::copied(source));
        attributes.set(more.0.to_owned(), Str::copied(more.1));
        self.notes.push((note, attributes));
    }

    /// Says which sources have no tools for the turn, old ones, or not all.
    pub(crate) fn tell(&self, turn: &Scope<Turn>) {
        for (note, attributes) in &self.notes {
            let (note, attributes) = (Str::Static(note), attributes.clone());
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
