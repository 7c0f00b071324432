//! What providers refuse although validators let it pass.

use serde_json::{Map, Value, json};

/// How deep a schema is told, references within it included.
pub(super) const DEEPEST: usize = 32;

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

/// Takes out what providers refuse although validators let it pass.
pub(super) struct Cleaner<'s> {
    pub(super) root: &'s Value,
    pub(super) plain_keys: bool,
}

impl Cleaner<'_> {
    pub(super) fn clean(&self, schema: &Value, depth: usize) -> Value {
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
