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
    let mut spec = schema(kind).clone();
    for alias in ALIASES.iter().filter(|alias| alias.kind == kind) {
        let path = |path: &'static str| path.split('.').skip(1); // without `spec`
        let Some(field) = path(alias.to)
            .try_fold(&spec, |at, key| at.get("properties")?.get(key))
            .cloned()
        else {
            continue;
        };
        place(&mut spec, path(alias.from), field);
        if let Some(required) = spec.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|it| path(alias.to).ne(it.as_str()));
        }
    }
    spec
}

/// Puts the schema of a field at a path, with the objects that lead there.
fn place<'k>(object: &mut Value, mut path: impl Iterator<Item = &'k str>, field: Value) {
    let Some(key) = path.next() else {
        *object = field;
        return;
    };
    let Some(object) = object.as_object_mut() else {
        return;
    };
    object.entry("type").or_insert_with(|| "object".into());
    let fields = object.entry("properties").or_insert_with(|| json!({}));
    if let Some(fields) = fields.as_object_mut() {
        place(fields.entry(key).or_insert_with(|| json!({})), path, field);
    }
}

/// The structural schema of a type.
pub(crate) fn of<T: JsonSchema>() -> Value {
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
    or_null(map);
    variants(map);
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(structural),
            ("items", items) => structural(items),
            _ => {}
        }
    }
}

/// Something or null is something.
fn or_null(map: &mut Map<String, Value>) {
    let Some(Value::Array(both)) = map.remove("anyOf") else {
        return;
    };
    let something = both.into_iter().find(|it| {
        it.get("enum")
            .is_none_or(|it| it.get(0) != Some(&Value::Null))
    });
    for (key, value) in something
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        map.entry(key).or_insert_with(|| value.clone());
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
