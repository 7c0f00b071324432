//! Schemas of the resources, as Kubernetes takes them.

use std::sync::OnceLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::aliases::ALIASES;
use crate::resources::{AgentSpec, Kind, McpServerSpec, ModelApiSpec};

/// The schema of a kind's `spec`: structural, without references, as a `CustomResourceDefinition` needs it.
#[must_use]
pub fn schema(kind: Kind) -> &'static Value {
    static SCHEMAS: OnceLock<[Value; 3]> = OnceLock::new();
    let [agent, mcp_server, model_api] = SCHEMAS.get_or_init(|| {
        [
            of::<AgentSpec>(),
            of::<McpServerSpec>(),
            of::<ModelApiSpec>(),
        ]
    });
    match kind {
        Kind::Agent => agent,
        Kind::McpServer => mcp_server,
        Kind::ModelApi => model_api,
    }
}

/// The schema of a whole document.
pub(super) fn document_schema(kind: Kind) -> &'static Value {
    static SCHEMAS: OnceLock<[Value; 3]> = OnceLock::new();
    let all = SCHEMAS.get_or_init(|| [Kind::Agent, Kind::McpServer, Kind::ModelApi].map(document));
    let [agent, mcp_server, model_api] = all;
    match kind {
        Kind::Agent => agent,
        Kind::McpServer => mcp_server,
        Kind::ModelApi => model_api,
    }
}

fn document(kind: Kind) -> Value {
    let words = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let any = json!({"x-kubernetes-preserve-unknown-fields": true});
    json!({
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "namespace": {"type": "string"},
                    "labels": &words,
                    "annotations": &words,
                    "creationTimestamp": &any,
                    "deletionTimestamp": &any,
                    "finalizers": &any,
                    "generation": &any,
                    "managedFields": &any,
                    "ownerReferences": &any,
                    "resourceVersion": &any,
                    "uid": &any,
                },
            },
            "spec": schema(kind),
            "status": any,
        },
    })
}

/// The same with the places where older versions had fields, so that an API server keeps them. A field that
/// has such a place is not required by the schema: it may stand there.
#[must_use]
pub fn schema_with_aliases(kind: Kind) -> Value {
    let mut whole = json!({"type": "object", "properties": {"spec": schema(kind)}});
    for alias in ALIASES.iter().filter(|alias| alias.kind == kind) {
        let Some(field) = field(&whole, alias.to).cloned() else {
            continue;
        };
        place(&mut whole, alias.from, field);
        no_longer_required(&mut whole, alias.to);
    }
    whole["properties"]["spec"].take()
}

/// The schema of the field at a path.
fn field<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    path.split('.')
        .try_fold(schema, |schema, key| schema.get("properties")?.get(key))
}

fn place(schema: &mut Value, path: &str, field: Value) {
    let mut at = schema;
    for key in path.split('.') {
        at = &mut at["properties"][key];
        if at.is_null() {
            *at = json!({"type": "object"});
        }
    }
    *at = field;
}

fn no_longer_required(schema: &mut Value, path: &str) {
    let Some((parent, name)) = path.rsplit_once('.') else {
        return;
    };
    let mut at = schema;
    for key in parent.split('.') {
        at = &mut at["properties"][key];
    }
    if let Some(required) = at.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|it| it != name);
    }
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    structural(&mut schema);
    schema
}

/// What a structural schema does not have is taken out: null is absent, a variant's description is not kept,
/// and formats of numbers that only Rust has go.
fn structural(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    for key in ["nullable", "title", "components"] {
        map.remove(key);
    }
    if map
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|it| it.starts_with("uint"))
    {
        map.remove("format");
        map.entry("maximum").or_insert_with(|| u32::MAX.into());
    }
    variants(map);
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(structural),
            ("items", items) => structural(items),
            _ => {}
        }
    }
}

/// One of several constants, each with its description, is an enumeration.
fn variants(map: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = map.remove("oneOf") else {
        return;
    };
    let names = variants.iter().filter_map(|variant| {
        let one = variant.get("enum").and_then(|names| names.get(0));
        variant.get("const").or(one).cloned()
    });
    let names: Vec<Value> = names.collect();
    map.insert("type".to_owned(), "string".into());
    map.insert("enum".to_owned(), names.into());
}
