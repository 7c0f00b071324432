//! What events say of messages and tools: JSON in the schemas of the GenAI conventions
//! (`semantic-conventions-genai`, revision `fe5608e`).

use std::sync::Arc;

use kaos_hooks::{Briefing, Str};
use serde_json::{Value, json};

use crate::{Message, ModelReply, ToolSpec, ToolUse};

/// What a model is told besides the messages; `None` when that is nothing.
pub(crate) fn briefing(instructions: &Str, tools: &[ToolSpec]) -> Option<Arc<Briefing>> {
    let tools: Vec<Value> = tools.iter().map(definition).collect();
    let briefing = Briefing {
        instructions: Some(instructions.clone()).filter(|text| !text.is_empty()),
        tools: (!tools.is_empty()).then(|| Value::from(tools).to_string().into()),
    };
    (briefing != Briefing::default()).then(|| Arc::new(briefing))
}

fn definition(tool: &ToolSpec) -> Value {
    json!({
        "type": tool.kind.as_str(),
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
    })
}

/// The conversation that is sent.
pub(crate) fn input(messages: &[Message]) -> Str {
    let messages: Vec<Value> = messages.iter().map(message).collect();
    Value::from(messages).to_string().into()
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({ "role": "user", "parts": [text_part(text)] }),
        Message::Assistant { text, tool_calls } => {
            json!({ "role": "assistant", "parts": parts(text, tool_calls) })
        }
        Message::Tool { call_id, content } => json!({
            "role": "tool",
            "parts": [{ "type": "tool_call_response", "id": call_id, "response": content }],
        }),
    }
}

/// The message that is received.
pub(crate) fn output(reply: &ModelReply) -> Str {
    let reason = reply.finish_reason.as_deref();
    let reason = reason.unwrap_or(if reply.tool_calls.is_empty() {
        "stop"
    } else {
        "tool_call"
    });
    let mut said = Vec::new();
    if !reply.reasoning.is_empty() {
        said.push(json!({ "type": "reasoning", "content": reply.reasoning }));
    }
    said.extend(parts(&reply.text, &reply.tool_calls));
    let message = json!({ "role": "assistant", "parts": said, "finish_reason": reason });
    Value::from(vec![message]).to_string().into()
}

fn parts(text: &Str, tool_calls: &[ToolUse]) -> Vec<Value> {
    let text = (!text.is_empty()).then(|| text_part(text));
    text.into_iter()
        .chain(tool_calls.iter().map(call_part))
        .collect()
}

fn text_part(text: &Str) -> Value {
    json!({ "type": "text", "content": text })
}

/// Arguments that are no JSON stay the text that they are.
fn call_part(call: &ToolUse) -> Value {
    let arguments: Value = serde_json::from_str(&call.arguments)
        .unwrap_or_else(|_not_json| Value::from(call.arguments.as_str()));
    json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments })
}
