//! Secrets and `ConfigMap`s beside resources.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::held::{Keys, mark_of};
use super::reader::Reader;
use crate::finding::Rule;
use crate::resources::SecretText;
use crate::shape::{self, Found};
use crate::yaml::{Node, Value};

impl Reader {
    /// A Secret or `ConfigMap`: its keys and, where they are texts, values.
    pub(super) fn keys(&mut self, kind: &str, document: &Node, found: &mut Found<'_>) {
        let Some(name) = document.at("metadata.name").and_then(Node::text) else {
            found.add(
                Rule::Required,
                document.mark,
                "metadata.name",
                "it is required",
            );
            return;
        };
        let mut keys = BTreeMap::new();
        let secret = kind == "Secret";
        for place in ["data", "stringData", "binaryData"] {
            for entry in document.get(place).map_or(&[] as &[_], Node::entries) {
                let text = entry.node.text();
                let bytes = text.filter(|_| secret && place == "data").map(decoded);
                let value = match (place, &bytes) {
                    ("binaryData", _) => None,
                    (_, Some(bytes)) => bytes.clone().and_then(|it| String::from_utf8(it).ok()),
                    _ => text.map(str::to_owned),
                };
                if place != "binaryData" && (text.is_none() || bytes == Some(None)) {
                    let expected = if place == "data" && secret {
                        "a text in base64"
                    } else {
                        "a text"
                    };
                    let path = format!("{kind} {name}: {place}.{}", entry.key);
                    let kind = entry.node.kind();
                    let advice = match &entry.node.value {
                        Value::Text(_) => String::new(),
                        Value::Number(_) | Value::Bool(_) => {
                            format!(", found {kind}; put it in quotes: \"…\"")
                        }
                        _ => format!(", found {kind}"),
                    };
                    found.add(
                        Rule::Shape,
                        entry.node.mark,
                        &path,
                        format!("expected {expected}{advice}"),
                    );
                }
                // What is no text is no variable either, but its key is there.
                keys.insert(entry.key.clone(), value.map(SecretText::new));
            }
        }
        let namespace = self.namespace(document);
        let at = (Arc::clone(&namespace), name.to_owned());
        let (kind, all) = if secret {
            ("Secret", &mut self.resources.secrets)
        } else {
            ("ConfigMap", &mut self.resources.config_maps)
        };
        let place = shape::place(found.source, document.mark);
        match all.entry(at) {
            Entry::Occupied(first) => {
                let first = first.get().place.as_ref();
                let first = first.map_or(String::new(), ToString::to_string);
                let message = format!("{kind} {namespace}/{name}: is there already: {first}");
                let mark = mark_of(document, "metadata.name");
                found.add(Rule::Duplicate, mark, "metadata.name", message);
            }
            Entry::Vacant(slot) => {
                slot.insert(Keys {
                    values: keys,
                    place: Some(place),
                });
            }
        }
    }
}

/// What base64 stands for.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(text).ok()
}
