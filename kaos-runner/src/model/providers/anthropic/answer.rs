//! What the Messages API answers, whole or in pieces.

use kaos_hooks::Str;
use serde_json::{Map, Value, json};

use super::block::Block;
use super::request::Fixed;
use crate::model::providers::json;
use crate::model::providers::names::Names;
use crate::{Deltas, FinishReason, Part, ProviderData, Reasoning, ToolUse};

/// A reply in the making.
#[derive(Debug)]
pub(crate) struct AnthropicReply<'a> {
    pub(super) fixed: &'a Fixed,
    pub(super) names: &'a Names,
    /// The tool whose input is the answer, where that was asked for in a form.
    pub(super) form: Option<&'a str>,
    pub(super) blocks: Vec<Block>,
    /// What `usage` said so far; its parts come at different times.
    pub(super) counts: Map<String, Value>,
    pub(super) response_id: Option<String>,
    pub(super) response_model: Option<String>,
    pub(super) finish_reason: Option<FinishReason>,
    pub(super) answered: bool,
    pub(super) ended: bool,
}

impl<'a> AnthropicReply<'a> {
    pub(super) fn new(fixed: &'a Fixed, names: &'a Names, form: Option<&'a str>) -> Self {
        Self {
            fixed,
            names,
            form,
            blocks: Vec::new(),
            counts: Map::new(),
            response_id: None,
            response_model: None,
            finish_reason: None,
            answered: false,
            ended: false,
        }
    }

    /// What a message says of itself, whole or at its beginning.
    pub(super) fn about(&mut self, message: &Value) {
        self.response_id = self.response_id.take().or(json::word(message.get("id")));
        self.response_model = self
            .response_model
            .take()
            .or(json::word(message.get("model")));
        self.counted(message.get("usage"));
        self.stopped(message);
    }

    pub(super) fn counted(&mut self, usage: Option<&Value>) {
        let counts = usage.and_then(Value::as_object).into_iter().flatten();
        for (key, value) in counts.filter(|(_, value)| json::count(Some(value)).is_some()) {
            self.counts.insert(key.clone(), value.clone());
        }
    }

    pub(super) fn stopped(&mut self, message: &Value) {
        if let Some(word) = json::word(message.get("stop_reason")) {
            self.finish_reason = Some(reason(&word));
        }
    }

    pub(super) fn begin(&mut self, index: Option<u64>, block: &Value, deltas: Option<&Deltas>) {
        let Value::Object(value) = block else { return };
        let mut block = Block {
            index,
            id: self.free_id(value),
            value: value.clone(),
            input: String::new(),
        };
        if let Some(Value::String(input)) = value.get("input") {
            block.input.clone_from(input);
        }
        if let Some(deltas) = deltas {
            let (text, thought) = (block.text("text"), block.text("thinking"));
            match block.kind() {
                "text" if !text.is_empty() => deltas.text(text),
                "thinking" if !thought.is_empty() => deltas.thinking(thought),
                _ => {}
            }
        }
        self.blocks.push(block);
    }

    pub(super) fn delta(&mut self, index: Option<u64>, delta: &Value, deltas: &Deltas) {
        let kind = delta
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let of = match kind {
            "text_delta" => Some("text"),
            "thinking_delta" | "signature_delta" => Some("thinking"),
            _ => None,
        };
        let at = self.blocks.iter().rposition(|block| {
            let its = index.is_none() || block.index == index;
            its && of.is_none_or(|kind| block.kind() == kind)
        });
        // A block that never began is begun by what it is.
        let at = at.unwrap_or_else(|| {
            let kind = of.unwrap_or("text");
            self.begin(index, &json!({ "type": kind }), None);
            self.blocks.len() - 1
        });
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let piece = |key: &str| delta.get(key).map(json::text).unwrap_or_default();
        match kind {
            "text_delta" => {
                let piece = piece("text");
                block.append("text", &piece);
                if !piece.is_empty() {
                    deltas.text(piece.into_owned());
                }
            }
            "thinking_delta" => {
                let piece = piece("thinking");
                block.append("thinking", &piece);
                if !piece.is_empty() {
                    deltas.thinking(piece.into_owned());
                }
            }
            "signature_delta" => block.append("signature", &piece("signature")),
            "input_json_delta" => {
                let piece = piece("partial_json");
                block.input.push_str(&piece);
                let id = block.id.clone();
                if piece.is_empty() || block.kind() != "tool_use" {
                    return;
                }
                if self.is_form(at) {
                    deltas.text(piece.into_owned());
                } else {
                    deltas.tool_call_args(id, piece.into_owned());
                }
            }
            _ => {
                // Kinds to come, and citations: lists grow, the rest is replaced, but not what was
                // handed on.
                for (key, value) in delta.as_object().into_iter().flatten() {
                    match (block.value.get_mut(&format!("{key}s")), value) {
                        (Some(Value::Array(list)), value) => list.push(value.clone()),
                        _ if ["type", "text", "thinking"].contains(&key.as_str()) => {}
                        _ => {
                            block.value.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
        }
    }

    /// Whether a call is none, but the answer in its form.
    pub(super) fn is_form(&self, at: usize) -> bool {
        let name = self.blocks.get(at).map(|block| block.text("name"));
        self.form.is_some() && name.as_deref() == self.form
    }

    /// The id of the next block: its own unless an earlier one has it.
    pub(super) fn free_id(&self, block: &Map<String, Value>) -> Str {
        let own = block.get("id").map(json::text).unwrap_or_default();
        if own.is_empty() || self.blocks.iter().any(|block| block.id == *own) {
            return format!("{own}call-{}", self.blocks.len() + 1).into();
        }
        own.into_owned().into()
    }

    pub(super) fn part(&self, at: usize, block: &Block) -> Option<Part> {
        let data = |value: &Map<String, Value>| ProviderData {
            origin: self.fixed.origin.clone(),
            data: value.clone().into(),
        };
        match block.kind() {
            "text" => Some(block.text("text"))
                .filter(|text| !text.is_empty())
                .map(|text| Part::Text(text.into())),
            "thinking" => Some(Part::Reasoning(Reasoning {
                text: block.text("thinking").into(),
                // What has no signature is not taken back.
                provider: (!block.text("signature").is_empty())
                    .then(|| Box::new(data(&block.value))),
            })),
            "tool_use" => {
                let arguments = match block.value.get("input") {
                    _ if !block.input.trim().is_empty() => block.input.clone(),
                    None | Some(Value::Null | Value::String(_)) => "{}".to_owned(),
                    Some(input) => input.to_string(),
                };
                if self.is_form(at) {
                    return Some(Part::Text(arguments.into()));
                }
                let name = self.names.own(&block.text("name"));
                Some(Part::ToolCall(ToolUse::new(
                    block.id.clone(),
                    name,
                    arguments,
                )))
            }
            "" => None,
            _ => {
                let mut value = block.value.clone();
                if let Ok(input) = serde_json::from_str::<Value>(&block.input) {
                    value.insert("input".to_owned(), input);
                }
                Some(Part::Provider(data(&value)))
            }
        }
    }
}

/// The conventions' names for the API's words.
fn reason(word: &str) -> FinishReason {
    match word {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "tool_use" => FinishReason::ToolCall,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::other(word),
    }
}
