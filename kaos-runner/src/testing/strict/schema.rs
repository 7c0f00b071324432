//! Schemas of tools.

use serde_json::Value;

use super::rules::must;

const TYPES: &[&str] = &[
    "string", "number", "integer", "boolean", "array", "object", "null",
];

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

/// What a provider knows of JSON Schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) open_api: bool,
    /// Names of properties are letters, digits, `_`, `.` and `-`.
    pub(super) plain_keys: bool,
}

impl Dialect {
    pub(super) fn judge(self, schema: &Value) -> Result<(), String> {
        must(schema["type"] == "object", || {
            format!("a tool's schema is no object's: {schema}")
        })?;
        let properties = schema["properties"].is_object();
        must(properties, || {
            format!("a tool's schema has no properties: {schema}")
        })?;
        for key in ["anyOf", "oneOf", "allOf", "not", "enum", "const", "$ref"] {
            must(schema.get(key).is_none(), || {
                format!("a tool's schema has `{key}` at its root")
            })?;
        }
        self.schema(schema, schema)
    }

    fn schema(self, schema: &Value, root: &Value) -> Result<(), String> {
        let fields = schema
            .as_object()
            .ok_or_else(|| format!("{schema} is no schema"))?;
        for (key, value) in fields {
            let known = !self.open_api || OPEN_API.contains(&key.as_str());
            must(known, || format!("unknown keyword `{key}`"))?;
            self.keyword(key, value, root)?;
        }
        let is_array = schema["type"] == "array";
        must(!is_array || schema.get("items").is_some(), || {
            format!("an array without items: {schema}")
        })
    }

    fn keyword(self, key: &str, value: &Value, root: &Value) -> Result<(), String> {
        let odd = || format!("`{key}` is {value}");
        let deeper = |value: &Value| self.schema(value, root);
        let known = |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
        match key {
            "type" if self.open_api => must(known(value) && value != "null", odd),
            "type" => must(known(value) || distinct(value, known), odd),
            "properties" | "$defs" | "definitions" | "patternProperties" => {
                let named = value.as_object().ok_or_else(odd)?;
                for name in named
                    .keys()
                    .filter(|_| self.plain_keys && key == "properties")
                {
                    let plain = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
                    let legal = name.chars().all(plain) && (1..=64).contains(&name.len());
                    must(legal, || format!("`{name}` is no key of a property"))?;
                }
                named.values().try_for_each(deeper)
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                let several = value.as_array().filter(|all| !all.is_empty());
                several.ok_or_else(odd)?.iter().try_for_each(deeper)
            }
            "items" | "not" | "contains" => deeper(value),
            "additionalProperties" => value.as_bool().map_or_else(|| deeper(value), |_| Ok(())),
            "enum" => must(distinct(value, |_| true), odd),
            "required" => must(distinct(value, Value::is_string), odd),
            "description" | "title" | "format" | "pattern" => must(value.is_string(), odd),
            "$ref" => {
                let path = value.as_str().and_then(|it| it.strip_prefix('#'));
                must(path.is_some_and(|path| root.pointer(path).is_some()), odd)
            }
            number if NUMBERS.contains(&number) => must(value.is_number(), odd),
            _ => Ok(()),
        }
    }
}

/// Whether it is a list of such values, none of them twice, and not none.
fn distinct(list: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut before = list.iter().enumerate();
    let twice = before.any(|(at, value)| list.iter().take(at).any(|it| it == value));
    !list.is_empty() && !twice && list.iter().all(wanted)
}
