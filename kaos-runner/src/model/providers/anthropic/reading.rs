//! How an answer of the Messages API is read: whole, or event by event.

use kaos_hooks::{Attributes, Str, Usage};
use serde_json::{Value, json};

use super::answer::AnthropicReply;
use crate::model::providers::endpoint::{MAX_PARTS, Reading};
use crate::model::providers::error::Failed;
use crate::model::providers::json;
use crate::{AssistantMessage, Deltas, FinishReason, ModelErrorKind, ModelReply};

impl Reading for AnthropicReply<'_> {
    fn whole(&mut self, answer: &Value) -> Result<(), Failed> {
        self.about(answer);
        match answer.get("content") {
            Some(Value::Array(blocks)) => {
                self.answered = true;
                // One more is enough to refuse them all.
                for block in blocks.iter().take(MAX_PARTS + 1) {
                    self.begin(None, block, None);
                }
                Ok(())
            }
            Some(Value::String(text)) => {
                self.answered = true;
                self.begin(None, &json!({ "type": "text", "text": text }), None);
                Ok(())
            }
            _ if answer
                .get("message")
                .or_else(|| answer.get("detail"))
                .is_some() =>
            {
                Err(Failed::in_answer(answer))
            }
            _ => Ok(()),
        }
    }

    fn piece(&mut self, piece: &Value, deltas: &Deltas) -> Result<(), Failed> {
        let index = json::count(piece.get("index"));
        match piece.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                self.answered = true;
                if let Some(message) = piece.get("message") {
                    self.about(message);
                }
            }
            Some("content_block_start") => {
                if let Some(block) = piece.get("content_block") {
                    self.begin(index, block, Some(deltas));
                }
            }
            Some("content_block_delta") => {
                if let Some(delta) = piece.get("delta") {
                    self.answered = true;
                    self.delta(index, delta, deltas);
                }
            }
            Some("message_delta") => {
                self.counted(piece.get("usage"));
                if let Some(delta) = piece.get("delta") {
                    self.stopped(delta);
                }
            }
            Some("message_stop") => self.ended = true,
            // A whole answer, as one event.
            Some("message") => self.whole(piece)?,
            _ => {}
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.ended
    }

    fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// The API counts what it cached beside the input; the conventions count it as part of it.
    fn usage(&self) -> Option<Usage> {
        let count = |key: &str| json::count(self.counts.get(key));
        let (read, written) = (
            count("cache_read_input_tokens"),
            count("cache_creation_input_tokens"),
        );
        let sent = count("input_tokens")?;
        let all = [read, written].into_iter().flatten();
        let all = all.fold(sent, u64::saturating_add);
        Some(Usage {
            cache_read_tokens: read,
            cache_creation_tokens: written,
            ..Usage::new(all, count("output_tokens")?)
        })
    }

    fn parts(&self) -> usize {
        self.blocks.len()
    }

    fn reply(self) -> Result<ModelReply, Failed> {
        if !self.answered {
            return Err(Failed::bad_response("the response has no content"));
        }
        let blocks = self.blocks.iter().enumerate();
        let parts = blocks.filter_map(|(at, block)| self.part(at, block));
        let message = AssistantMessage {
            parts: parts.collect(),
        };
        if message.is_empty() && self.finish_reason == Some(FinishReason::ContentFilter) {
            let why = "the model refused to answer";
            return Err(Failed::new(ModelErrorKind::ContentFilter, why));
        }
        let form_given = self.form.is_some() && message.tool_calls().next().is_none();
        let finish_reason = match self.finish_reason.clone() {
            Some(FinishReason::ToolCall) if form_given => Some(FinishReason::Stop),
            other => other,
        };
        Ok(ModelReply {
            attributes: Attributes::new(),
            message,
            usage: self.usage(),
            response_id: self.response_id.map(Str::from),
            response_model: self.response_model.map(Str::from),
            finish_reason,
        })
    }
}
