//! A document is compared with its schema, all of it at once.

use serde_json::Value as Schema;

use super::found::Found;
use super::meant::{self, joined};
use super::schema::document_schema;
use crate::finding::Rule;
use crate::resources::Kind;
use crate::yaml::{Node, Value};

/// More than these are not listed: a file of another kind altogether needs no more to be seen as such.
const MAX_LISTED: usize = 200;

/// Compares a resource with the schema of its kind.
pub(super) fn document(kind: Kind, node: &Node, found: &mut Found<'_>) {
    let whole = document_schema(kind);
    let mut walk = Walk {
        whole,
        found,
        unlisted: Vec::new(),
    };
    walk.node(node, whole, "");
    let unlisted = walk.unlisted;
    // What is not listed is counted, and as grave as the gravest of it.
    if let Some(rule) = unlisted.iter().copied().max_by_key(|it| it.severity()) {
        let message = format!("{} more like these are not listed", unlisted.len());
        found.add(rule, node.mark, "", message);
    }
}

struct Walk<'w, 'f, 's> {
    whole: &'w Schema,
    found: &'f mut Found<'s>,
    unlisted: Vec<Rule>,
}

impl Walk<'_, '_, '_> {
    fn node(&mut self, node: &Node, schema: &Schema, path: &str) {
        let Some(expected) = schema.get("type").and_then(Schema::as_str) else {
            return;
        };
        match (expected, &node.value) {
            ("object", Value::Map(_)) => self.object(node, schema, path),
            ("array", Value::List(items)) => self.list(node, items, schema, path),
            ("string", Value::Text(text)) => self.text(node, text, schema, path),
            ("integer", Value::Number(it)) if it.is_i64() || it.is_u64() => {
                self.range(node, it, schema, path);
            }
            ("number", Value::Number(it)) => self.range(node, it, schema, path),
            ("boolean", Value::Bool(_)) => {}
            _ => {
                let message = format!(
                    "expected {}, found {}{}",
                    named(expected),
                    node.kind(),
                    advice(expected, node, path)
                );
                self.add(Rule::Shape, node, path, message);
            }
        }
    }

    fn add(&mut self, rule: Rule, node: &Node, path: &str, message: String) {
        if self.listed(rule) {
            self.found.add(rule, node.mark, path, message);
        }
    }

    /// Whether there is room for one more; else it is counted.
    fn listed(&mut self, rule: Rule) -> bool {
        let listed = self.found.findings.len() < MAX_LISTED;
        if !listed {
            self.unlisted.push(rule);
        }
        listed
    }

    fn object(&mut self, node: &Node, schema: &Schema, path: &str) {
        let preserved = schema.get("x-kubernetes-preserve-unknown-fields").is_some();
        for entry in node.entries().iter().filter(|entry| !entry.node.is_null()) {
            let field = schema.get("properties").and_then(|it| it.get(&entry.key));
            let at = joined(path, &entry.key);
            if let Some(field) = field.or_else(|| schema.get("additionalProperties")) {
                self.node(&entry.node, field, &at);
            } else if !preserved && self.listed(Rule::UnknownField) {
                let meant = meant::field(path, &entry.key, schema, self.whole);
                let meant = meant.map_or(String::new(), |it| format!("; `{it}` was meant?"));
                let message = format!("no version of KAOS has this field{meant}");
                self.found.add(Rule::UnknownField, entry.mark, &at, message);
            }
        }
        let required = schema.get("required").and_then(Schema::as_array);
        for name in required.into_iter().flatten().filter_map(Schema::as_str) {
            if node.get(name).is_none() {
                self.add(
                    Rule::Required,
                    node,
                    &joined(path, name),
                    "it is required".to_owned(),
                );
            }
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &Schema, path: &str) {
        let least = schema.get("minItems").and_then(Schema::as_u64).unwrap_or(0);
        if (items.len() as u64) < least {
            self.add(
                Rule::Shape,
                node,
                path,
                format!("at least {least} is required"),
            );
        }
        if let Some(schema) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.node(item, schema, &format!("{path}[{index}]"));
            }
        }
    }

    fn text(&mut self, node: &Node, text: &str, schema: &Schema, path: &str) {
        if let Some(words) = schema.get("enum").and_then(Schema::as_array) {
            let words: Vec<&str> = words.iter().filter_map(Schema::as_str).collect();
            if !words.contains(&text) {
                let meant = meant::nearest(text, words.iter().copied());
                let meant = meant.map_or(String::new(), |it| format!("; `{it}` was meant?"));
                let message = format!("expected one of {}{meant}", words.join(", "));
                self.add(Rule::Shape, node, path, message);
            }
        }
        // The schemas have this one pattern.
        if schema.get("pattern").is_some() && !is_duration(text) {
            let message = "expected a duration such as `300s` or `1h30m`".to_owned();
            self.add(Rule::Shape, node, path, message);
        }
    }

    fn range(&mut self, node: &Node, number: &serde_json::Number, schema: &Schema, path: &str) {
        let bound = |name| schema.get(name).and_then(Schema::as_f64);
        let number = number.as_f64().unwrap_or(f64::NAN);
        let (least, most) = (bound("minimum"), bound("maximum"));
        if least.is_some_and(|it| number < it) || most.is_some_and(|it| number > it) {
            let message = match (least, most) {
                (Some(least), Some(most)) => format!("expected a number from {least} to {most}"),
                (Some(least), None) => format!("expected a number of at least {least}"),
                _ => "the number is too large".to_owned(),
            };
            self.add(Rule::Shape, node, path, message);
        }
    }
}

fn named(expected: &str) -> &'static str {
    match expected {
        "object" => "a map",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "true or false",
    }
}

/// What to do about the commonest mistakes.
fn advice(expected: &str, node: &Node, path: &str) -> &'static str {
    let last = path.rsplit('.').next().unwrap_or_default();
    match (
        last.trim_end_matches(|it: char| it == ']' || it == '[' || it.is_ascii_digit()),
        &node.value,
    ) {
        ("env", Value::Map(_)) => return "; write - {name: A, value: \"…\"} for each variable",
        ("mcpServers" | "access", Value::Map(_)) => {
            return "; it is a list of names: [calculator, …]";
        }
        ("apiKey", Value::Text(_)) => {
            return "; write apiKey: {value: …}, or {valueFrom: {secretKeyRef: {name: …, key: …}}}";
        }
        _ => {}
    }
    match (expected, &node.value) {
        ("string", Value::Number(_)) => "; put it in quotes: \"…\"",
        ("string", Value::Bool(_)) => {
            "; put it in quotes: \"…\" (unquoted, Kubernetes reads yes, no, on, off, y, n, true and false as booleans)"
        }
        ("integer" | "number" | "boolean", Value::Text(_)) => "; write it without quotes",
        ("array", Value::Text(_)) => "; a list of one is written as [\"…\"]",
        _ => "",
    }
}

/// `^([0-9]+(h|m|s|ms)){1,4}$`, the schemas' one pattern.
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..4 {
        let unit = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        if unit.len() == rest.len() {
            return false;
        }
        let Some(next) = ["ms", "h", "m", "s"]
            .iter()
            .find_map(|it| unit.strip_prefix(it))
        else {
            return false;
        };
        if next.is_empty() {
            return true;
        }
        rest = next;
    }
    false
}
