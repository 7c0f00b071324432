//! How large a conversation is: exactly in bytes, about in tokens.

use serde_json::Value;

use crate::{AssistantMessage, Content, Image, Message, Part, ProviderData};

/// What a message or a tool costs besides its texts.
pub(crate) const AROUND: u64 = 8;

/// What an image costs: providers count by its size in pixels, which is not known here.
const IMAGE: u64 = 1_000;

/// About how many tokens a text is: four ASCII characters are one, and every other character is one.
/// Too many for most texts and models, so that what fits by estimate fits.
pub(crate) fn text(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let letters = text.len() - ascii;
    // Of a letter that is not ASCII, the bytes after its first.
    let rest = text.bytes().filter(|byte| byte & 0xc0 == 0x80).count();
    (ascii.div_ceil(4) + letters - rest) as u64
}

/// About how many tokens a message is.
pub(crate) fn message(message: &Message) -> u64 {
    AROUND
        + match message {
            Message::User(content) => content.iter().map(content_tokens).sum(),
            Message::Assistant(said) => said.parts.iter().map(part).sum::<u64>(),
            Message::Tool(result) => result.output.parts.iter().map(content_tokens).sum(),
        }
}

/// About how many tokens an answer was.
pub(crate) fn answer(said: &AssistantMessage) -> u64 {
    said.parts.iter().map(part).sum()
}

fn content_tokens(content: &Content) -> u64 {
    match content {
        Content::Image(_) => IMAGE,
        other => text(&other.to_text()),
    }
}

fn part(part: &Part) -> u64 {
    match part {
        Part::Text(said) => text(said),
        Part::Reasoning(reasoning) => {
            text(&reasoning.text) + provider(reasoning.provider.as_deref())
        }
        Part::ToolCall(call) => {
            AROUND + text(&call.name) + text(&call.arguments) + provider(call.provider.as_deref())
        }
        Part::Provider(data) => provider(Some(data)),
    }
}

fn provider(data: Option<&ProviderData>) -> u64 {
    data.map_or(0, |data| value_bytes(&data.data).div_ceil(4) as u64)
}

/// How many bytes a message's texts, images and what its provider added take.
pub(crate) fn bytes(message: &Message) -> usize {
    let own = size_of::<Message>();
    own + match message {
        Message::User(content) => content.iter().map(content_bytes).sum::<usize>(),
        Message::Assistant(said) => said.parts.iter().map(part_bytes).sum(),
        Message::Tool(result) => {
            let parts = result.output.parts.iter().map(content_bytes);
            result.call_id.len() + parts.sum::<usize>()
        }
    }
}

fn content_bytes(content: &Content) -> usize {
    let own = size_of::<Content>();
    own + match content {
        Content::Structured(value) => value_bytes(value),
        Content::Image(Image::Base64 { data, .. }) => data.len(),
        other => other.bytes(),
    }
}

fn part_bytes(part: &Part) -> usize {
    let data = |data: Option<&ProviderData>| data.map_or(0, |data| value_bytes(&data.data));
    let own = size_of::<Part>();
    own + match part {
        Part::Text(text) => text.len(),
        Part::Reasoning(reasoning) => reasoning.text.len() + data(reasoning.provider.as_deref()),
        Part::ToolCall(call) => {
            call.id.len() + call.name.len() + call.arguments.len() + data(call.provider.as_deref())
        }
        Part::Provider(it) => data(Some(it)),
    }
}

pub(crate) fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(value_bytes).sum::<usize>(),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| key.len() + 4 + value_bytes(value);
            2 + fields.iter().map(field).sum::<usize>()
        }
    }
}
