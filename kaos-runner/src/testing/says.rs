//! Answers as the APIs write them.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value that is not there is null"
)]

use serde_json::{Value, json};

use super::Answer;
use crate::{FinishReason, ModelReply, Part};

/// An API that a [`ModelServer`](super::ModelServer) speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// OpenAI's chat completions.
    ChatCompletions,
    /// Anthropic's Messages API.
    Messages,
}

impl Api {
    /// An answer that says this, streamed or whole, as the API writes it. Thoughts are signed where
    /// the API signs them; tokens that the reply does not tell are not told.
    pub fn answer(self, reply: &ModelReply, streamed: bool) -> Answer {
        if streamed {
            return Answer::stream(self.stream(reply));
        }
        let mut answer = match self {
            Self::ChatCompletions => completion(&chat_message(reply), self.reason(reply)),
            Self::Messages => message(&blocks(reply), self.reason(reply)),
        };
        answer["usage"] = self.usage(reply);
        Answer::json(&answer)
    }

    /// The events of a stream that says this, each text and each call's arguments in two pieces.
    pub fn stream(self, reply: &ModelReply) -> Vec<String> {
        let usage = self.usage(reply);
        match self {
            Self::ChatCompletions => chunks(deltas(reply), self.reason(reply), &usage),
            Self::Messages => block_events(&blocks(reply), self.reason(reply), &usage),
        }
    }

    /// The Messages API tells what it cached beside the input, not as part of it.
    fn usage(self, reply: &ModelReply) -> Value {
        let Some(usage) = reply.usage else {
            return Value::Null;
        };
        let (read, written) = (usage.cache_read_tokens, usage.cache_creation_tokens);
        match self {
            Self::ChatCompletions => json!({
                "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
                "total_tokens": usage.total(),
                "prompt_tokens_details": { "cached_tokens": read },
                "completion_tokens_details": { "reasoning_tokens": usage.reasoning_tokens },
            }),
            Self::Messages => {
                let cached = read.unwrap_or_default() + written.unwrap_or_default();
                json!({
                    "input_tokens": usage.input_tokens.saturating_sub(cached),
                    "cache_read_input_tokens": read, "cache_creation_input_tokens": written,
                    "output_tokens": usage.output_tokens,
                })
            }
        }
    }

    fn reason(self, reply: &ModelReply) -> &str {
        let calls = reply.message.tool_calls().next().is_some();
        let given = reply.finish_reason.as_ref();
        let reason = given.unwrap_or(if calls {
            &FinishReason::ToolCall
        } else {
            &FinishReason::Stop
        });
        match (self, reason) {
            (Self::ChatCompletions, FinishReason::ToolCall) => "tool_calls",
            (Self::ChatCompletions, other) => other.as_str(),
            (Self::Messages, FinishReason::Stop) => "end_turn",
            (Self::Messages, FinishReason::ToolCall) => "tool_use",
            (Self::Messages, FinishReason::Length) => "max_tokens",
            (Self::Messages, FinishReason::ContentFilter) => "refusal",
            (Self::Messages, FinishReason::Other(word)) => word,
        }
    }
}

/// The message of a whole completion.
fn chat_message(reply: &ModelReply) -> Value {
    let mut chat_message = json!({ "role": "assistant", "content": reply.message.joined_text() });
    let thoughts = reply.message.joined_reasoning();
    if !thoughts.is_empty() {
        chat_message["reasoning_content"] = thoughts.into();
    }
    let calls: Vec<Value> = reply
        .message
        .tool_calls()
        .map(|call| {
            json!({
                "id": call.id, "type": "function",
                "function": { "name": call.name, "arguments": call.arguments },
            })
        })
        .collect();
    if !calls.is_empty() {
        chat_message["tool_calls"] = calls.into();
    }
    chat_message
}

fn halves(text: &str) -> [&str; 2] {
    let middle = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.split_at(middle.unwrap_or_default()).into()
}

fn deltas(reply: &ModelReply) -> Vec<Value> {
    let mut deltas = Vec::new();
    let mut index = 0;
    for part in &reply.message.parts {
        match part {
            Part::Text(text) => deltas.extend(halves(text).map(|it| json!({ "content": it }))),
            Part::Reasoning(it) => {
                deltas.extend(halves(&it.text).map(|it| json!({ "reasoning_content": it })));
            }
            Part::ToolCall(call) => {
                let [first, second] = halves(&call.arguments);
                deltas.push(json!({ "tool_calls": [{
                    "index": index, "id": call.id, "type": "function",
                    "function": { "name": call.name, "arguments": first },
                }] }));
                deltas.push(json!({ "tool_calls": [{ "index": index, "function": { "arguments": second } }] }));
                index += 1;
            }
            Part::Provider(_) => {}
        }
    }
    deltas
}

/// The content of a message. Arguments that are no JSON can only be streamed.
fn blocks(reply: &ModelReply) -> Vec<Value> {
    let block = |part: &Part| match part {
        Part::Text(text) => Some(json!({ "type": "text", "text": text })),
        Part::Reasoning(it) => {
            Some(json!({ "type": "thinking", "thinking": it.text, "signature": "sig-1" }))
        }
        Part::ToolCall(call) => {
            let input: Result<Value, _> = serde_json::from_str(&call.arguments);
            let input = input.unwrap_or_else(|_not_json| call.arguments.as_str().into());
            Some(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input }))
        }
        Part::Provider(_) => None,
    };
    reply.message.parts.iter().filter_map(block).collect()
}

/// A whole answer of the Messages API with these blocks.
pub fn message(blocks: &[Value], reason: &str) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "test-model-0613",
        "content": blocks, "stop_reason": reason, "stop_sequence": null,
        "usage": message_usage(),
    })
}

fn message_usage() -> Value {
    json!({
        "input_tokens": 32, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 0,
        "output_tokens": 7,
    })
}

/// The events of a stream of the Messages API with these blocks, their texts in two pieces.
pub fn message_events(blocks: &[Value], reason: &str) -> Vec<String> {
    block_events(blocks, reason, &message_usage())
}

/// What was sent is counted at the beginning, what was received grows until the end.
fn block_events(blocks: &[Value], reason: &str, usage: &Value) -> Vec<String> {
    let mut begun = usage.clone();
    if let Some(received) = begun.get_mut("output_tokens") {
        *received = 1.into();
    }
    let mut events = vec![
        named_event(&json!({ "type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "test-model-0613",
            "content": [], "stop_reason": null, "usage": begun,
        } })),
        named_event(&json!({ "type": "ping" })),
    ];
    for (index, block) in blocks.iter().enumerate() {
        let mut begins = block.clone();
        let mut deltas: Vec<Value> = Vec::new();
        for (key, kind) in [
            ("text", "text_delta"),
            ("thinking", "thinking_delta"),
            ("signature", "signature_delta"),
        ] {
            if let Some(text) = block[key].as_str() {
                begins[key] = "".into();
                let halves = halves(text).map(|piece| json!({ "type": kind, key: piece }));
                deltas.extend(halves);
            }
        }
        if let Some(input) = block.get("input") {
            begins["input"] = json!({});
            let written = input
                .as_str()
                .map_or_else(|| input.to_string(), str::to_owned);
            let written = if written == "{}" {
                String::new()
            } else {
                written
            };
            deltas.extend(
                halves(&written)
                    .map(|piece| json!({ "type": "input_json_delta", "partial_json": piece })),
            );
        }
        events.push(named_event(
            &json!({ "type": "content_block_start", "index": index, "content_block": begins }),
        ));
        events.extend(deltas.iter().map(|delta| {
            named_event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
        }));
        events.push(named_event(
            &json!({ "type": "content_block_stop", "index": index }),
        ));
    }
    events.push(named_event(&json!({
        "type": "message_delta", "delta": { "stop_reason": reason, "stop_sequence": null },
        "usage": { "output_tokens": usage["output_tokens"] },
    })));
    events.push(named_event(&json!({ "type": "message_stop" })));
    events
}

/// An event of the Messages API, which is called what it is.
fn named_event(data: &Value) -> String {
    let kind = data["type"].as_str().unwrap_or_default();
    format!("event: {kind}\n{}", event(data))
}

/// The events of a stream that says this, with the role before, the reason and the tokens behind it.
///
/// # Panics
///
/// Never: JSON can be written.
pub fn events(deltas: impl IntoIterator<Item = Value>, reason: &str) -> Vec<String> {
    chunks(deltas, reason, &usage())
}

fn chunks(deltas: impl IntoIterator<Item = Value>, reason: &str, usage: &Value) -> Vec<String> {
    let chunk = |delta: &Value, reason: Option<&str>| {
        event(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test-model-0613",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
        }))
    };
    let mut events = vec![chunk(&json!({ "role": "assistant", "content": "" }), None)];
    events.extend(deltas.into_iter().map(|delta| chunk(&delta, None)));
    events.push(chunk(&json!({}), Some(reason)));
    events.push(event(&json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "test-model-0613", "choices": [],
        "usage": usage,
    })));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// One event.
pub fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// A whole answer that says this.
pub fn completion(message: &Value, reason: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "test-model-0613",
        "choices": [{ "index": 0, "message": message, "finish_reason": reason }],
        "usage": usage(),
    })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 40, "completion_tokens": 7, "total_tokens": 47,
        "prompt_tokens_details": { "cached_tokens": 8 },
        "completion_tokens_details": { "reasoning_tokens": 3 },
    })
}
