//! Content in the shapes of the GenAI conventions: lists of messages, of parts, of tools.

use std::collections::HashMap;

use kaos_hooks::redact::Field;
use serde_json::{Value, json};

use crate::Content;

/// Messages that an event carries as JSON, each part under the policy of its own field.
///
/// What is no list of messages is one message with one text.
pub(crate) fn messages(content: &Content, field: Field, text: &str) -> Option<Value> {
    let Ok(Value::Array(mut messages)) = serde_json::from_str::<Value>(text) else {
        return message(content, field, text, None);
    };
    let mut tools = HashMap::new();
    for message in &mut messages {
        let parts = message.get_mut("parts").and_then(Value::as_array_mut)?;
        parts.retain_mut(|part| self::part(content, field, part, &mut tools));
    }
    Some(Value::Array(messages))
}

/// One message with one text: a turn's question or its answer.
pub(crate) fn message(
    content: &Content,
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
    if field == Field::Output
        && let Some(message) = message.as_object_mut()
    {
        let reason = finish_reason.unwrap_or("stop");
        message.insert("finish_reason".to_owned(), reason.into());
    }
    Some(json!([message]))
}

/// A text as a list of parts: system instructions.
pub(crate) fn text_parts(content: &Content, field: Field, text: &str) -> Option<Value> {
    let safe = content.text(field, None, text)?;
    Some(json!([{ "type": "text", "content": safe }]))
}

/// A JSON text; what is left of it may be none, and is then a JSON string.
pub(crate) fn json_of(
    content: &Content,
    field: Field,
    tool: Option<&str>,
    text: &str,
) -> Option<Value> {
    let safe = content.text(field, tool, text)?;
    Some(serde_json::from_str(&safe).unwrap_or(Value::String(safe)))
}

/// Makes one part safe; `false` when nothing of it may leave.
fn part(
    content: &Content,
    field: Field,
    part: &mut Value,
    tools: &mut HashMap<String, String>,
) -> bool {
    let text_of =
        |part: &Value, key: &str| part.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = text_of(part, "id");
    let (key, field, tool) = match part.get("type").and_then(Value::as_str) {
        Some("text") => ("content", field, None),
        Some("reasoning") => ("content", Field::Thinking, None),
        Some("tool_call") => {
            let name = text_of(part, "name");
            if let (Some(id), Some(name)) = (id, &name) {
                tools.insert(id, name.clone());
            }
            ("arguments", Field::Arguments, name)
        }
        Some("tool_call_response") => {
            let tool = id.and_then(|id| tools.get(&id).cloned());
            ("response", Field::Result, tool)
        }
        // Other parts (files, images) are not ours to judge.
        _ => return false,
    };
    let Some(value) = part.get_mut(key) else {
        return true;
    };
    let plain = match &*value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let was_text = value.is_string();
    let safe = if was_text {
        content
            .text(field, tool.as_deref(), &plain)
            .map(Value::String)
    } else {
        json_of(content, field, tool.as_deref(), &plain)
    };
    match safe {
        Some(safe) => *value = safe,
        None => return false,
    }
    true
}
