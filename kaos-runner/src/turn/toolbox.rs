//! What an agent may call in one turn: its tools, its sub-agents, and what its sources have now.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "server")]
use std::time::Duration;

use futures_util::future::join_all;
use kaos_hooks::{Attributes, Custom, CustomOutcome, Progress, Scope, Str, Turn, catch_panic};

#[cfg(feature = "server")]
use crate::ToolContext;
use crate::agent::Place;
use crate::tool::arguments;
use crate::tool::fenced;
use crate::tool::shape::Shape;
#[cfg(feature = "remote")]
use crate::turn::callable::CalledRemote;
use crate::turn::callable::{Callable, CalledAgent, CalledTool};
use crate::turn::setting::Setting;
use crate::{Agent, Subagent, Tool, ToolError, ToolListing, ToolSource, ToolSpec};

/// What the model can ask for by name.
#[derive(Default)]
pub(crate) struct Toolbox {
    callables: Vec<Arc<Callable>>,
    /// As the model is told, a name each: the agent's tools, its sub-agents, then its sources'. Every
    /// schema is an object's.
    pub(crate) specs: Vec<ToolSpec>,
    /// What the model is told of itself, and of blocks where it calls tools by them.
    pub(crate) instructions: Str,
    /// What this turn's model is told behind the agent's own instructions.
    more: Option<Str>,
}

impl Toolbox {
    /// What the agent has itself.
    ///
    /// A name that is taken gets a number behind it: `read_2`.
    pub(crate) fn of(agent: &Agent, more: Option<Str>) -> Self {
        let mut toolbox = Self {
            more,
            ..Self::default()
        };
        for tool in &agent.tools {
            toolbox.put(toolbox.free(&tool.spec().name), tool);
        }
        for Subagent(place) in &agent.subagents {
            toolbox.put_agent(place);
        }
        toolbox.instructions = toolbox.briefing(agent);
        toolbox
    }

    /// The same with what the agent's sources have now; `None` where it has no sources.
    ///
    /// They are asked at once, as part of the turn. A tool of a source keeps its name unless another
    /// tool or sub-agent has it: then it is `source_tool`, and with a number behind it if even that is
    /// taken.
    pub(crate) async fn discover(&self, setting: &Setting<'_>, turn: &Scope<Turn>) -> Option<Self> {
        let sources = &setting.agent.sources;
        if sources.is_empty() {
            return None;
        }
        let asked = sources
            .iter()
            .map(async |source| (source.name(), list(setting, turn, &**source).await));
        let mut found = Vec::new();
        for (source, tools) in join_all(asked).await {
            match tools {
                Ok(listing) => {
                    note_listing(turn, source, &listing);
                    found.extend(listing.tools.into_iter().map(|tool| (source, tool)));
                }
                Err(why) => note(turn, "tools_missing", source, ("error.type", why.kind())),
            }
        }
        let mut toolbox = Self {
            callables: self.callables.clone(),
            specs: self.specs.clone(),
            instructions: Str::default(),
            more: self.more.clone(),
        };
        toolbox.add(&found);
        toolbox.instructions = toolbox.briefing(setting.agent);
        Some(toolbox)
    }

    /// What the agent has itself and what its sources have now, outside of a turn; and the sources that do
    /// not say within this time.
    #[cfg(feature = "server")]
    pub(crate) async fn listed(agent: &Agent, limit: Duration) -> (Self, Vec<Str>) {
        let context = ToolContext::default();
        let asked = agent.sources.iter().map(async |source| {
            let listed = tokio::time::timeout(limit, catch_panic(source.tools(&context))).await;
            (source.name(), listed)
        });
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (source, listed) in join_all(asked).await {
            match listed {
                Ok(Ok(Ok(listing))) => {
                    found.extend(listing.tools.into_iter().map(|tool| (source, tool)));
                }
                _ => missing.push(Str::copied(source)),
            }
        }
        let mut toolbox = Self::of(agent, None);
        toolbox.add(&found);
        (toolbox, missing)
    }

    /// What can be called, and whether it is a sub-agent.
    #[cfg(feature = "server")]
    pub(crate) fn with_kinds(self) -> impl Iterator<Item = (ToolSpec, bool)> {
        let all = self.specs.into_iter().zip(self.callables);
        all.map(|(spec, callable)| (spec, callable.is_agent()))
    }

    fn briefing(&self, agent: &Agent) -> Str {
        let own = self.own(agent);
        if !agent.fenced || self.specs.is_empty() {
            return own;
        }
        let named = self.specs.iter().zip(&self.callables);
        let agents = named.filter(|(_, callable)| callable.is_agent());
        let agents: Vec<Str> = agents.map(|(spec, _)| spec.name.clone()).collect();
        let blocks = fenced::instructions(&self.specs, &agents);
        between(&own, &blocks)
    }

    fn own(&self, agent: &Agent) -> Str {
        match &self.more {
            Some(more) => between(&agent.instructions, more),
            None => agent.instructions.clone(),
        }
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

    fn put_agent(&mut self, place: &Place) {
        let (name, description) = match place {
            Place::Here(agent) => (
                agent.name.clone(),
                agent.description.clone().unwrap_or_default(),
            ),
            #[cfg(feature = "remote")]
            Place::Elsewhere(agent) => (agent.called_so(), agent.described()),
        };
        let spec = ToolSpec::delegation(self.free(&name), description);
        self.specs.push(spec.clone());
        self.callables.push(Arc::new(match place {
            Place::Here(agent) => Callable::Subagent(CalledAgent::new(Arc::clone(agent), spec)),
            #[cfg(feature = "remote")]
            Place::Elsewhere(agent) => Callable::Remote(CalledRemote {
                agent: agent.clone(),
                spec,
            }),
        }));
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
        let called = CalledTool::new(Arc::clone(tool), shape);
        self.callables.push(Arc::new(Callable::Tool(called)));
    }

    /// What the model calls by this name.
    pub(super) fn callable(&self, name: &str) -> Option<&Callable> {
        let mut named = self.specs.iter().zip(&self.callables);
        let found = named.find(|(spec, _)| spec.name == name);
        found.map(|(_, callable)| &**callable)
    }
}

fn between(first: &str, second: &str) -> Str {
    let gap = if first.is_empty() { "" } else { "\n\n" };
    Str::from(format!("{first}{gap}{second}"))
}

/// Asks a source for its tools, in a span of the turn.
async fn list(
    setting: &Setting<'_>,
    turn: &Scope<Turn>,
    source: &dyn ToolSource,
) -> Result<ToolListing, ToolError> {
    let mut span = Custom::new("tools.discovery");
    span.attributes.set("source", Str::copied(source.name()));
    let scope = turn.open(span);
    let limit = setting.limits.tool;
    let context = setting.context(scope.handle());
    let asked = tokio::time::timeout(limit, catch_panic(source.tools(&context)));
    let listed = match scope.entered(asked).await {
        Ok(Ok(listed)) => listed,
        Ok(Err(_panicked)) => Err(ToolError::of_kind("panic", "the source panicked")),
        Err(_elapsed) => {
            let why = format!("the source did not list its tools within {limit:?}");
            Err(ToolError::of_kind("timeout", why))
        }
    };
    match &listed {
        Ok(listing) => {
            let mut outcome = CustomOutcome::default();
            let count = i64::try_from(listing.tools.len()).unwrap_or(i64::MAX);
            outcome.attributes.set("tools", count);
            scope.complete(outcome);
        }
        Err(why) => scope.fail(why.failure()),
    }
    listed
}

/// Says what a source's tools are not: as it has them now, or all.
fn note_listing(turn: &Scope<Turn>, source: &str, listing: &ToolListing) {
    if let Some(why) = &listing.stale {
        note(turn, "tools_stale", source, ("error.type", why.kind()));
    }
    if listing.left_out > 0 {
        let count = listing.left_out.to_string();
        note(turn, "tools_left_out", source, ("count", &count));
    }
}

/// Says something of a source.
fn note(turn: &Scope<Turn>, note: &'static str, source: &str, (key, value): (&str, &str)) {
    let mut attributes = Attributes::new();
    attributes.set("source", Str::copied(source));
    attributes.set(key.to_owned(), Str::copied(value));
    let note = Str::Static(note);
    turn.progress(Progress { note, attributes });
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&Str> = self.specs.iter().map(|spec| &spec.name).collect();
        f.debug_tuple("Toolbox").field(&names).finish()
    }
}
