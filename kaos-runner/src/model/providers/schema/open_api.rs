//! Schemas as OpenAPI has them.

use serde_json::{Map, Value, json};

use super::cleaner::{Cleaner, DEEPEST};

/// The keys of schemas in OpenAPI.
const OPEN_API: &[&str] = &[
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "properties",
    "required",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "anyOf",
];

/// With the keys of OpenAPI only: references in place, one type each, no `null` but `nullable`.
pub(super) fn reduced(schema: &Value, cleaner: &Cleaner<'_>, depth: usize) -> Value {
    let Value::Object(fields) = schema else {
        return json!({});
    };
    if depth > DEEPEST {
        return json!({ "type": "object" });
    }
    if let Some(Value::String(reference)) = fields.get("$ref") {
        let target = reference
            .strip_prefix('#')
            .and_then(|path| cleaner.root.pointer(path));
        return target.map_or_else(
            || json!({ "type": "object" }),
            |target| reduced(&cleaner.clean(target, 1), cleaner, depth + 8),
        );
    }
    let deeper = |schema: &Value| reduced(schema, cleaner, depth + 1);
    let mut made = Map::new();
    for (key, value) in fields {
        let (key, value) = match (key.as_str(), value) {
            ("properties", Value::Object(named)) => {
                let named = named
                    .iter()
                    .map(|(name, schema)| (name.clone(), deeper(schema)));
                ("properties", Value::Object(named.collect()))
            }
            ("anyOf" | "oneOf", Value::Array(several)) => {
                let null = json!({ "type": "null" });
                let is_null = |it: &&Value| it.get("type") == null.get("type");
                if several.iter().any(|it| is_null(&it)) {
                    made.insert("nullable".to_owned(), true.into());
                }
                let rest = several.iter().filter(|it| !is_null(it));
                ("anyOf", Value::Array(rest.map(deeper).collect()))
            }
            ("allOf", Value::Array(several)) => {
                for one in several {
                    if let Value::Object(fields) = deeper(one) {
                        made.extend(fields);
                    }
                }
                continue;
            }
            ("items", schema) => ("items", deeper(schema)),
            ("const", one) => ("enum", json!([one])),
            // Formats are few there.
            ("format", format) if format != "date-time" => continue,
            (key, value) => (key, value.clone()),
        };
        if OPEN_API.contains(&key) {
            made.insert(key.to_owned(), value);
        }
    }
    one_type(&mut made);
    // Words are the only choices there.
    if let Some(Value::Array(choices)) = made.get_mut("enum") {
        let words = choices.iter().all(Value::is_string);
        if !words {
            made.remove("enum");
        }
    }
    if let Some(Value::Array(several)) = made.get("anyOf")
        && let [one] = several.as_slice()
        && let Value::Object(one) = one.clone()
    {
        made.remove("anyOf");
        made.extend(one);
    }
    Value::Object(made)
}

fn one_type(made: &mut Map<String, Value>) {
    let kinds: Vec<Value> = match made.remove("type") {
        None => return,
        Some(Value::Array(kinds)) => kinds,
        Some(one) => vec![one],
    };
    let nullable = kinds.iter().any(|kind| kind == "null");
    let mut kinds = kinds.into_iter().filter(|kind| kind != "null");
    if nullable {
        made.insert("nullable".to_owned(), true.into());
    }
    // Of several types the first is told; of none but `null`, any text.
    let first = kinds.next().unwrap_or_else(|| "string".into());
    made.insert("type".to_owned(), first);
}
