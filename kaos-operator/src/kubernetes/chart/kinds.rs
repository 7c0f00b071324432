//! Schemas of values that are Kubernetes' own affair.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

pub(super) fn objects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "object"}})
}

pub(super) fn policy(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["Always", "IfNotPresent", "Never"]})
}

pub(super) fn runtimes(_: &mut SchemaGenerator) -> Schema {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"image": text, "command": texts, "args": texts, "paramsEnvVar": text, "requiredEnv": texts},
        },
    })
}
