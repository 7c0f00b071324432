use kaos_hooks::Str;
use serde_json::{Map, Value};

use crate::model::providers::json;

/// A block of the content.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) index: Option<u64>,
    /// The reply's id of a call.
    pub(super) id: Str,
    /// As it began, with its texts as they are by now.
    pub(super) value: Map<String, Value>,
    /// The input of a call, as far as it came in pieces.
    pub(super) input: String,
}

impl Block {
    pub(super) fn kind(&self) -> &str {
        self.value
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.value
            .get(key)
            .map(json::text)
            .unwrap_or_default()
            .into_owned()
    }

    pub(super) fn append(&mut self, key: &str, piece: &str) {
        match self.value.get_mut(key) {
            Some(Value::String(text)) => text.push_str(piece),
            _ => {
                self.value.insert(key.to_owned(), piece.into());
            }
        }
    }
}
