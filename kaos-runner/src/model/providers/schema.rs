//! Schemas of tools that model APIs accept. What is sent may say less than the tool's own schema,
//! which the arguments are checked against in any case.

mod cleaner;
mod open_api;

use serde_json::Value;

use self::cleaner::Cleaner;
use self::open_api::reduced;

/// What an API knows of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// All of it that has a meaning for a model.
    JsonSchema,
    /// As [`JsonSchema`](Self::JsonSchema), without the properties whose names are not letters, digits,
    /// `_`, `.` and `-`, at most 64.
    PlainKeys,
    /// The part of it that OpenAPI 3.0 has.
    OpenApi,
}

/// The schema as this dialect has it.
pub(super) fn legal(schema: &Value, dialect: Dialect) -> Value {
    let cleaner = Cleaner {
        root: schema,
        plain_keys: dialect == Dialect::PlainKeys,
    };
    match dialect {
        Dialect::JsonSchema | Dialect::PlainKeys => cleaner.clean(schema, 0),
        Dialect::OpenApi => reduced(&cleaner.clean(schema, 0), &cleaner, 0),
    }
}

/// Whether an answer can be held to this schema exactly: every object says all its fields, and all
/// of them are required (OpenAI's structured outputs).
pub(super) fn is_exact(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            let closed = fields.get("additionalProperties") == Some(&Value::Bool(false));
            let listed = |name: &String| {
                let required = fields.get("required").and_then(Value::as_array);
                required.is_some_and(|required| required.iter().any(|it| it == name.as_str()))
            };
            let whole = match fields.get("properties").and_then(Value::as_object) {
                Some(properties) => closed && properties.keys().all(listed),
                None => fields.get("type") != Some(&"object".into()),
            };
            whole && fields.values().all(is_exact)
        }
        Value::Array(items) => items.iter().all(is_exact),
        _ => true,
    }
}
