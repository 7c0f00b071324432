//! Tools whose arguments are no JSON object: model APIs know no others.

use kaos_hooks::Str;
use serde_json::{Map, Value, json};

/// How a tool's arguments stand in what a model writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    /// As they are.
    #[default]
    Object,
    /// They are `null`, which no model can write: whatever it writes means that.
    Null,
    /// As the one field `value`.
    Value,
}

/// What stands beside other schemas instead of being one: it stays at the root.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// What no API accepts at the root of a tool's schema.
const NOT_AT_ROOT: [&str; 7] = ["anyOf", "oneOf", "allOf", "not", "enum", "const", "$ref"];

impl Shape {
    /// The schema that a model is told for this one, an object's in any case, and what becomes of
    /// the arguments.
    pub(crate) fn of(schema: &Value) -> (Value, Self) {
        let Value::Object(root) = schema else {
            return (json!({ "type": "object", "properties": {} }), Self::Object);
        };
        let combined = NOT_AT_ROOT.iter().any(|key| root.contains_key(*key));
        match root.get("type") {
            Some(Value::String(kind)) if kind == "object" && !combined => {
                (with_properties(root), Self::Object)
            }
            None if !combined => (with_properties(root), Self::Object),
            Some(Value::String(kind)) if kind == "null" => {
                (json!({ "type": "object", "properties": {} }), Self::Null)
            }
            _ => (wrapped(root), Self::Value),
        }
    }

    /// The schema that clients of a tool server are told: the tool's own where it is that of an object, whatever
    /// else stands at its root, as the Model Context Protocol asks for no more.
    #[cfg(feature = "mcp-server")]
    pub(crate) fn of_served(schema: &Value) -> (Value, Self) {
        if schema.get("type").is_some_and(|kind| kind == "object") {
            return (schema.clone(), Self::Object);
        }
        Self::of(schema)
    }

    /// The tool's arguments in what the model wrote. What is not of this shape stays as it is.
    pub(crate) fn given(self, written: &Str) -> Str {
        let written = match written.trim() {
            "" => Str::Static("{}"),
            _ => written.clone(),
        };
        match self {
            Self::Object => written,
            Self::Null => Str::Static("null"),
            Self::Value => {
                let object: Option<Map<String, Value>> = serde_json::from_str(&written).ok();
                let value = object.and_then(|mut object| object.remove("value"));
                value.map_or(written, |value| value.to_string().into())
            }
        }
    }
}

fn with_properties(root: &Map<String, Value>) -> Value {
    let mut root = root.clone();
    root.insert("type".to_owned(), "object".into());
    let properties = root.entry("properties").or_insert(Value::Null);
    if !properties.is_object() {
        *properties = json!({});
    }
    Value::Object(root)
}

fn wrapped(root: &Map<String, Value>) -> Value {
    let mut inner = root.clone();
    let mut outer = Map::new();
    for key in DEFINITIONS {
        if let Some(mut definitions) = inner.remove(key) {
            moved(&mut definitions);
            outer.insert(key.to_owned(), definitions);
        }
    }
    let mut inner = Value::Object(inner);
    moved(&mut inner);
    outer.insert("type".to_owned(), "object".into());
    outer.insert("properties".to_owned(), json!({ "value": inner }));
    outer.insert("required".to_owned(), json!(["value"]));
    Value::Object(outer)
}

/// References to what was the root, and beneath it, follow it to its new place.
fn moved(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(path) = reference.strip_prefix('#')
                && (path.is_empty() || path.starts_with('/'))
                && !DEFINITIONS.iter().any(|key| {
                    path.strip_prefix('/')
                        .is_some_and(|path| path.starts_with(key))
                })
            {
                *reference = format!("#/properties/value{path}");
            }
            fields.values_mut().for_each(moved);
        }
        Value::Array(items) => items.iter_mut().for_each(moved),
        _ => {}
    }
}
