use std::time::Duration;

use kaos_hooks::{Str, ToolAnnotations, ToolKind};
use serde_json::{Value, json};

use super::schema::CompiledSchema;
use crate::message::estimate::{AROUND, text, value_bytes};

/// What the model is told about a tool, and the gates.
///
/// # Example
///
/// ```
/// use kaos_runner::{ToolAnnotations, ToolSpec};
/// use serde_json::json;
/// use std::time::Duration;
///
/// let mut spec = ToolSpec::new("search", "Searches the contracts.", json!({
///     "type": "object",
///     "properties": { "query": { "type": "string" } },
///     "required": ["query"],
/// }));
/// spec.annotations = ToolAnnotations::READ_ONLY;
/// spec.time_limit = Some(Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: Str,
    /// What it is for.
    pub description: Str,
    /// Its arguments, as a JSON Schema (2020-12). Arguments that do not fit never reach the tool.
    /// A schema that is none, or refers to another document, lets everything through.
    pub schema: Value,
    /// What is structured in its results, as a JSON Schema, for clients of a tool server.
    pub output_schema: Option<Value>,
    /// Who executes it.
    pub kind: ToolKind,
    /// What it does to the world. Default: anything.
    pub annotations: ToolAnnotations,
    /// Wall time of one call. Default: the agent's [`Limits::tool`](crate::Limits::tool).
    pub time_limit: Option<Duration>,
    pub(crate) compiled: CompiledSchema,
}

impl ToolSpec {
    /// A function with this name, purpose and schema, which may have side effects.
    pub fn new(name: impl Into<Str>, description: impl Into<Str>, schema: Value) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            schema,
            output_schema: None,
            kind: ToolKind::Function,
            annotations: ToolAnnotations::default(),
            time_limit: None,
            compiled: CompiledSchema::default(),
        }
    }

    /// What the model is told about a sub-agent.
    pub(crate) fn delegation(agent: Str, description: Str) -> Self {
        let schema = json!({
            "type": "object",
            "properties": { "task": { "type": "string", "description": "What the agent is to do." } },
            "required": ["task"],
        });
        Self::new(agent, description, schema)
    }

    /// How many tokens it takes of a request, about.
    pub(crate) fn tokens(&self) -> u64 {
        AROUND
            + text(&self.name)
            + text(&self.description)
            + value_bytes(&self.schema).div_ceil(3) as u64
    }
}
