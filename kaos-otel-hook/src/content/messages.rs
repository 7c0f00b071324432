//! Content in the shapes of the GenAI conventions: lists of messages, of parts, of tools.

use kaos_hooks::redact::Field;
use serde_json::{Value, json};

use crate::ContentSettings;

/// Messages that an event carries as JSON, each part under the policy of its own field.
///
/// What is no list of messages is one message with one text.
pub(crate) fn messages(content: &ContentSettings, field: Field, text: &str) -> Option<Value> {
    let Ok(Value::Array(mut messages)) = serde_json::from_str::<Value>(text) else {
        return message(content, field, text, None);
    };
    content.redact_messages(field, &mut messages);
    Some(Value::Array(messages))
}

/// One message with one text: a turn's question or its answer. A reason that nobody gave is not made
/// up, though the conventions' schema of output messages (revision `fe5608e`) asks for one.
pub(crate) fn message(
    content: &ContentSettings,
    field: Field,
    text: &str,
    finish_reason: Option<&str>,
) -> Option<Value> {
    let role = if field == Field::Input {
        "user"
    } else {
        "assistant"
    };
    let mut parts = text_parts(content, field, text)?;
    let mut message = json!({ "role": role, "parts": parts.take() });
    if let Some(reason) = finish_reason
        && let Some(message) = message.as_object_mut()
    {
        message.insert("finish_reason".to_owned(), reason.into());
    }
    Some(json!([message]))
}

/// A text as a list of parts: system instructions.
pub(crate) fn text_parts(content: &ContentSettings, field: Field, text: &str) -> Option<Value> {
    let safe = content.text(field, None, text)?;
    Some(json!([{ "type": "text", "content": safe }]))
}

/// A tool's result, which the conventions want to be an object: what is none is its `result`.
pub(crate) fn result(content: &ContentSettings, tool: Option<&str>, text: &str) -> Option<Value> {
    match json_of(content, Field::Result, tool, text)? {
        object @ Value::Object(_) => Some(object),
        other => Some(json!({ "result": other })),
    }
}

/// A JSON text; what is left of it may be none, and is then a JSON string.
pub(crate) fn json_of(
    content: &ContentSettings,
    field: Field,
    tool: Option<&str>,
    text: &str,
) -> Option<Value> {
    let safe = content.text(field, tool, text)?;
    Some(serde_json::from_str(&safe).unwrap_or(Value::String(safe)))
}
