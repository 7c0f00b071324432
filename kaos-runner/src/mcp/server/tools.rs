//! The tools that a server has now.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use kaos_hooks::Str;
use rmcp::model;
use serde_json::Value;
use tokio::sync::watch;

use crate::tool::arguments;
use crate::tool::shape::Shape;
use crate::turn::CalledTool;
use crate::{Tool, ToolSpec};

/// A set of tools that may change while it is served: clients that listen are told.
///
/// Clones are the same set.
///
/// # Example
///
/// ```
/// use kaos_runner::mcp::server::{ToolServer, ToolSet};
///
/// let tools = ToolSet::new();
/// let server = ToolServer::new().tools(tools.clone());
/// tools.change(|tools| tools.clear()); // or push what a plugin brought
/// # drop(server);
/// ```
#[derive(Clone)]
pub struct ToolSet(Arc<watch::Sender<Arc<Set>>>);

#[derive(Default)]
pub(super) struct Set {
    given: Vec<Arc<dyn Tool>>,
    pub(super) served: Vec<Served>,
}

/// A tool as it is called, and as clients are told about it.
pub(super) struct Served {
    pub(super) called: CalledTool,
    pub(super) listed: model::Tool,
}

impl ToolSet {
    /// An empty one.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Arc::default())))
    }

    /// Changes the set, and tells clients of it. Of two tools with one name the first is served.
    pub fn change(&self, change: impl FnOnce(&mut Vec<Arc<dyn Tool>>)) {
        self.0.send_modify(|set| {
            let mut given = set.given.clone();
            change(&mut given);
            *set = Arc::new(Set::of(given));
        });
    }

    /// The names of its tools.
    pub fn names(&self) -> Vec<Str> {
        let set = self.now();
        set.served
            .iter()
            .map(|served| served.spec().name.clone())
            .collect()
    }

    pub(super) fn now(&self) -> Arc<Set> {
        Arc::clone(&self.0.borrow())
    }

    /// Whoever waits for changes.
    pub(super) fn changes(&self) -> watch::Receiver<Arc<Set>> {
        self.0.subscribe()
    }
}

impl Default for ToolSet {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Tool> FromIterator<T> for ToolSet {
    fn from_iter<I: IntoIterator<Item = T>>(tools: I) -> Self {
        let set = Self::new();
        let tools = tools
            .into_iter()
            .map(|tool| Arc::new(tool) as Arc<dyn Tool>);
        set.change(|given| given.extend(tools));
        set
    }
}

impl fmt::Debug for ToolSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToolSet").field(&self.names()).finish()
    }
}

impl Set {
    fn of(given: Vec<Arc<dyn Tool>>) -> Self {
        let mut names = HashSet::new();
        let first = |tool: &&Arc<dyn Tool>| {
            let name = &tool.spec().name;
            let first = names.insert(name.clone());
            if !first {
                tracing::warn!(
                    tool = name.as_str(),
                    "a second tool of this name is not served"
                );
            }
            first
        };
        let served = given.iter().filter(first).map(Served::new).collect();
        Self { given, served }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Served> {
        let mut served = self.served.iter();
        served.find(|served| served.spec().name == name)
    }
}

impl Served {
    fn new(tool: &Arc<dyn Tool>) -> Self {
        let spec = tool.spec();
        // Before the first call: its span is not to have that time in it.
        arguments::prepare(spec);
        let (schema, shape) = Shape::of_served(&spec.schema);
        let listed = listed(spec, schema);
        let called = CalledTool::new(Arc::clone(tool), shape);
        Self { called, listed }
    }

    pub(super) fn spec(&self) -> &ToolSpec {
        self.called.spec()
    }
}

fn listed(spec: &ToolSpec, schema: Value) -> model::Tool {
    let object = |schema| match schema {
        Value::Object(fields) => Some(Arc::new(fields)),
        _ => None,
    };
    let description = Some(spec.description.to_string()).filter(|text| !text.is_empty());
    let description = description.map(Into::into);
    let schema = object(schema).unwrap_or_default();
    let mut tool = model::Tool::new_with_raw(spec.name.to_string(), description, schema);
    tool.output_schema = spec.output_schema.clone().and_then(object);
    let does = spec.annotations;
    let hints = model::ToolAnnotations::new()
        .read_only(does.read_only)
        .destructive(does.destructive)
        .idempotent(does.idempotent);
    tool.with_annotations(hints)
}
