//! Schemas of tools that model APIs accept. What is sent may say less than the tool's own schema,
//! which the arguments are checked against in any case.

use serde_json::{Map, Value, json};

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

/// How deep a schema is told, references within it included.
const DEEPEST: usize = 32;

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

/// The keys whose values are checked, and those that say nothing to a model.
const CHECKED: &[&str] = &[
    "properties",
    "$defs",
    "definitions",
    "patternProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "prefixItems",
    "type",
    "enum",
    "required",
    "description",
    "title",
    "$ref",
    "format",
    "pattern",
    "items",
    "additionalProperties",
    "uniqueItems",
    "$schema",
    "$id",
    "$anchor",
    "$comment",
];

/// The keys whose values are numbers.
const NUMBERS: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
];

const TYPES: &[&str] = &[
    "string", "number", "integer", "boolean", "array", "object", "null",
];

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

/// Takes out what providers refuse although validators let it pass.
struct Cleaner<'s> {
    root: &'s Value,
    plain_keys: bool,
}

impl Cleaner<'_> {
    fn clean(&self, schema: &Value, depth: usize) -> Value {
        let Value::Object(fields) = schema else {
            // `true` lets everything through; `false` cannot be told, and what is neither is none.
            return json!({});
        };
        if depth > DEEPEST {
            return json!({});
        }
        let fields = fields.iter();
        let kept =
            fields.filter_map(|(key, value)| Some((key.clone(), self.cleaned(key, value, depth)?)));
        let mut made: Map<String, Value> = kept.collect();
        if is(&made, "array") && !made.contains_key("items") {
            made.insert("items".to_owned(), json!({}));
        }
        let open = made.contains_key("additionalProperties");
        if is(&made, "object") && (depth == 0 || !open) && !made.contains_key("properties") {
            made.insert("properties".to_owned(), json!({}));
        }
        Value::Object(made)
    }

    fn cleaned(&self, key: &str, value: &Value, depth: usize) -> Option<Value> {
        let deeper = |schema: &Value| self.clean(schema, depth + 1);
        match (key, value) {
            (
                "properties" | "$defs" | "definitions" | "patternProperties",
                Value::Object(named),
            ) => {
                let plain = |name: &str| key != "properties" || !self.plain_keys || is_plain(name);
                let named = named.iter().filter(|(name, _)| plain(name));
                let named = named.map(|(name, schema)| (name.clone(), deeper(schema)));
                Some(Value::Object(named.collect()))
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(several)) => {
                let several: Vec<Value> = several.iter().map(deeper).collect();
                (!several.is_empty()).then(|| several.into())
            }
            // A list of schemas by place, as before 2020.
            ("items", Value::Array(several)) => {
                let several: Vec<Value> = several.iter().map(deeper).collect();
                Some(if several.is_empty() {
                    json!({})
                } else {
                    json!({ "anyOf": several })
                })
            }
            ("items" | "not" | "contains", schema) => Some(deeper(schema)),
            ("additionalProperties", Value::Object(_)) => Some(deeper(value)),
            ("additionalProperties" | "uniqueItems", Value::Bool(_)) => Some(value.clone()),
            ("type", Value::String(kind)) => TYPES.contains(&kind.as_str()).then(|| value.clone()),
            ("type", Value::Array(kinds)) => {
                let known = |it: &Value| it.as_str().is_some_and(|it| TYPES.contains(&it));
                once_each(kinds, known)
            }
            ("enum", Value::Array(choices)) => once_each(choices, |_| true),
            ("required", Value::Array(names)) => once_each(names, |name| {
                name.as_str()
                    .is_some_and(|name| !self.plain_keys || is_plain(name))
            }),
            ("$ref", Value::String(reference)) => {
                let target = reference
                    .strip_prefix('#')
                    .and_then(|path| self.root.pointer(path));
                target.map(|_| value.clone())
            }
            ("description" | "title" | "format" | "pattern", Value::String(_)) => {
                Some(value.clone())
            }
            (key, Value::Number(_)) if NUMBERS.contains(&key) => Some(value.clone()),
            // What is known, but of another type, and what says nothing to a model.
            (key, _) if CHECKED.contains(&key) || NUMBERS.contains(&key) => None,
            (_, other) => Some(other.clone()),
        }
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'.' || it == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// Those that are wanted, without repetitions; `None` for none.
fn once_each(list: &[Value], wanted: impl Fn(&Value) -> bool) -> Option<Value> {
    let mut once: Vec<Value> = Vec::new();
    for value in list.iter().filter(|value| wanted(value)) {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    (!once.is_empty()).then(|| once.into())
}

fn is(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// With the keys of OpenAPI only: references in place, one type each, no `null` but `nullable`.
fn reduced(schema: &Value, cleaner: &Cleaner<'_>, depth: usize) -> Value {
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
