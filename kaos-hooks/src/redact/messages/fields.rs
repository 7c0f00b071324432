//! The words and fields that messages are known by.

use serde_json::{Map, Value};

/// The words that say who speaks.
pub(super) const ROLES: &[&str] = &[
    "system",
    "developer",
    "user",
    "assistant",
    "model",
    "tool",
    "function",
];

/// The words that say why a message ended.
pub(super) const FINISH_REASONS: &[&str] = &[
    "stop",
    "length",
    "content_filter",
    "tool_call",
    "tool_calls",
    "error",
];

/// Fields that messages are known by, whatever became of the text around them.
const KEYS: &[&str] = &[
    "role",
    "parts",
    "content",
    "type",
    "tool_calls",
    "arguments",
    "response",
    "output",
    "text",
    "thinking",
    "call_id",
    "tool_call_id",
    "tool_use_id",
];

/// Fields with the id of a call.
pub(super) const CALL_IDS: &[&str] = &["id", "tool_call_id", "tool_use_id", "call_id"];

pub(super) fn text_of(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Whether a text that is no list of messages begins as one or has the keys of one, also where it
/// is quoted once more, comes line by line or lost its beginning.
pub(super) fn claims_to_be_messages(text: &str) -> bool {
    let opens = text.trim_start_matches(|sign: char| sign.is_whitespace() || sign == '\u{feff}');
    let has = |key: &str| {
        text.match_indices(key).any(|(at, _)| {
            let (before, after) = (text.get(..at), text.get(at + key.len()..));
            before.is_some_and(|it| it.ends_with(['"', '\'']))
                && after.is_some_and(|it| it.trim_start_matches('\\').starts_with(['"', '\'']))
        })
    };
    opens.starts_with("{\"") || opens.starts_with("[{") || KEYS.iter().any(|key| has(key))
}

/// A string's text, or any other value's JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Moves a field whose value is one of `words`; any other value is unnamed.
pub(super) fn word(
    fields: &mut Map<String, Value>,
    named: &mut Map<String, Value>,
    key: &str,
    words: &[&str],
) {
    let is_known = fields
        .get(key)
        .and_then(Value::as_str)
        .is_some_and(|value| words.contains(&value));
    if is_known {
        named.extend(fields.remove_entry(key));
    }
}
