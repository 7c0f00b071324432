//! What events say of messages and tools: JSON in the schemas of the GenAI conventions
//! (`semantic-conventions-genai`, revision `fe5608e`), made when somebody reads it.

use std::sync::Arc;

use kaos_hooks::{Briefing, Str};
use serde_json::{Value, json};

use crate::turn::toolbox::Toolbox;
use crate::{Content, Image, Message, ModelReply, Part, ToolSpec, ToolUse};

/// What JSON has around a message's texts, in bytes, about.
const AROUND: usize = 64;

/// What a model is told besides the messages; `None` when that is nothing.
pub(crate) fn briefing(toolbox: &Arc<Toolbox>) -> Option<Arc<Briefing>> {
    let tools = (!toolbox.specs.is_empty()).then(|| {
        let toolbox = Arc::clone(toolbox);
        let about = toolbox.specs.len() * 8 * AROUND;
        Str::lazy(about, move || {
            let tools: Vec<Value> = toolbox.specs.iter().map(definition).collect();
            Value::from(tools).to_string()
        })
    });
    of(&toolbox.instructions, tools)
}

/// As [`briefing`], without tools.
pub(crate) fn instructions(instructions: &Str) -> Option<Arc<Briefing>> {
    of(instructions, None)
}

fn of(instructions: &Str, tools: Option<Str>) -> Option<Arc<Briefing>> {
    let instructions = Some(instructions.clone()).filter(|text| !text.is_empty());
    let any = instructions.is_some() || tools.is_some();
    any.then(|| {
        Arc::new(Briefing {
            instructions,
            tools,
        })
    })
}

/// As requests have it: whoever executes it, to the model it is a function.
fn definition(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
    })
}

/// The conversation that is sent, behind the instructions where these go out as a message.
pub(crate) fn input(system: Option<Str>, messages: &Arc<Vec<Message>>) -> Str {
    let messages = Arc::clone(messages);
    let about = messages
        .iter()
        .map(|message| AROUND + weight(message))
        .sum::<usize>()
        + system.as_ref().map_or(0, |text| AROUND + text.len());
    Str::lazy(about, move || {
        let system = system
            .iter()
            .map(|text| json!({ "role": "system", "parts": [text_part(text)] }));
        let messages: Vec<Value> = system.chain(messages.iter().map(message)).collect();
        Value::from(messages).to_string()
    })
}

fn weight(message: &Message) -> usize {
    match message {
        Message::User(content) => content.iter().map(Content::bytes).sum(),
        Message::Assistant(said) => said.parts.iter().map(weight_of_part).sum(),
        Message::Tool(result) => result.output.bytes(),
    }
}

fn weight_of_part(part: &Part) -> usize {
    match part {
        Part::Text(text) => text.len(),
        Part::Reasoning(reasoning) => reasoning.text.len(),
        Part::ToolCall(call) => call.arguments.len(),
        Part::Provider(_) => 0,
    }
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(content) => {
            let parts: Vec<Value> = content.iter().map(given).collect();
            json!({ "role": "user", "parts": parts })
        }
        Message::Assistant(said) => json!({ "role": "assistant", "parts": parts(&said.parts) }),
        Message::Tool(result) => json!({
            "role": "tool",
            "parts": [{
                "type": "tool_call_response",
                "id": result.call_id,
                "response": result.output.text(),
            }],
        }),
    }
}

/// The message that is received.
pub(crate) fn output(reply: &ModelReply) -> Str {
    let (said, reason) = (reply.message.clone(), reply.finish_reason.clone());
    let about = AROUND + said.parts.iter().map(weight_of_part).sum::<usize>();
    Str::lazy(about, move || {
        let mut message = json!({ "role": "assistant", "parts": parts(&said.parts) });
        if let Some(reason) = &reason
            && let Some(message) = message.as_object_mut()
        {
            message.insert("finish_reason".to_owned(), reason.as_str().into());
        }
        Value::from(vec![message]).to_string()
    })
}

/// What only the provider understands is no event's: it may hold what nobody can redact.
fn parts(said: &[Part]) -> Vec<Value> {
    let part = |part: &Part| match part {
        Part::Text(text) if text.is_empty() => None,
        Part::Text(text) => Some(text_part(text)),
        Part::Reasoning(reasoning) if reasoning.text.is_empty() => None,
        Part::Reasoning(reasoning) => {
            Some(json!({ "type": "reasoning", "content": reasoning.text }))
        }
        Part::ToolCall(call) => Some(call_part(call)),
        Part::Provider(_) => None,
    };
    said.iter().filter_map(part).collect()
}

/// An image is told by its address or its type, not by its bytes.
fn given(content: &Content) -> Value {
    match content {
        Content::Image(Image::Url(uri)) => {
            json!({ "type": "uri", "modality": "image", "uri": uri })
        }
        Content::Image(Image::Base64 { media_type, data }) => json!({
            "type": "blob", "modality": "image", "mime_type": media_type, "size": data.len() / 4 * 3,
        }),
        other => text_part(&other.to_text()),
    }
}

fn text_part(text: &str) -> Value {
    json!({ "type": "text", "content": text })
}

/// Arguments that are no JSON stay the text that they are.
fn call_part(call: &ToolUse) -> Value {
    let arguments: Value = serde_json::from_str(&call.arguments)
        .unwrap_or_else(|_not_json| Value::from(call.arguments.as_str()));
    json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments })
}
