//! What chat completions answer, whole or in pieces.
//!
//! Reading is lenient: endpoints leave out fields, send `null` for them, give them other types, and
//! add their own.

use std::sync::atomic::AtomicU64;

use kaos_hooks::{Str, Usage};
use serde_json::{Map, Value};

use super::calls::{self, Calls};
use super::pieces::add;
use super::request::Fixed;
use crate::model::providers::endpoint::{MAX_PARTS, Reading};
use crate::model::providers::error::{Failed, error_in};
use crate::model::providers::json;
use crate::model::providers::names::Names;
use crate::{Deltas, FinishReason, ModelErrorKind, ModelReply, Part, ProviderData};

/// The names of the field that holds the reasoning.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// A reply in the making.
#[derive(Debug)]
pub(crate) struct OpenAiReply<'a> {
    fixed: &'a Fixed,
    names: &'a Names,
    text: String,
    reasoning: String,
    reasoning_field: Option<&'static str>,
    /// Fields of the message that go back to the provider.
    returned: Map<String, Value>,
    calls: Calls<'a>,
    usage: Option<Usage>,
    response_id: Option<String>,
    response_model: Option<String>,
    finish_reason: Option<FinishReason>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
    answered: bool,
}

impl<'a> OpenAiReply<'a> {
    pub(super) fn new(fixed: &'a Fixed, names: &'a Names, unnamed: &'a AtomicU64) -> Self {
        Self {
            fixed,
            names,
            text: String::new(),
            reasoning: String::new(),
            reasoning_field: None,
            returned: Map::new(),
            calls: Calls::new(unnamed),
            usage: None,
            response_id: None,
            response_model: None,
            finish_reason: None,
            service_tier: None,
            system_fingerprint: None,
            answered: false,
        }
    }

    fn take(
        &mut self,
        answer: &Value,
        keys: [&str; 2],
        deltas: Option<&Deltas>,
    ) -> Result<(), Failed> {
        self.response_id = self.response_id.take().or(json::word(answer.get("id")));
        self.response_model = self
            .response_model
            .take()
            .or(json::word(answer.get("model")));
        let word = |key| json::word(answer.get(key));
        self.service_tier = word("service_tier").or(self.service_tier.take());
        self.system_fingerprint = word("system_fingerprint").or(self.system_fingerprint.take());
        // Where every chunk has one, the last counts.
        let counts = answer.get("usage").unwrap_or(answer);
        self.usage = usage(counts).or(self.usage);
        let Some(choice) = first_choice(answer).or_else(|| own_shape(answer)) else {
            return Ok(());
        };
        self.answered = true;
        let message = keys
            .iter()
            .filter_map(|key| choice.get(*key))
            .find(|message| message.is_object());
        let message = message.unwrap_or(&Value::Null);
        self.add_message(message, deltas);
        if let Some(error) = error_in(choice).or_else(|| error_in(message)) {
            return Err(Failed::in_answer(error));
        }
        let done = (choice.get("done") == Some(&Value::Bool(true))).then_some("stop");
        let reason_of = |key: &str| json::word(choice.get(key));
        let ended = reason_of("finish_reason").or_else(|| reason_of("done_reason"));
        match ended.as_deref().or(done) {
            None => Ok(()),
            Some("error") => {
                let why = "the provider stopped with an error";
                Err(Failed::new(ModelErrorKind::ServerError, why).passing())
            }
            Some(word) => {
                self.finish_reason = Some(reason(word));
                Ok(())
            }
        }
    }

    fn add_message(&mut self, message: &Value, deltas: Option<&Deltas>) {
        // Some say the same twice, under both names.
        for field in REASONING {
            let piece = message.get(field).map(json::text).unwrap_or_default();
            if !piece.is_empty() {
                self.reasoning_field.get_or_insert(field);
                self.thought(piece.into_owned(), deltas);
                break;
            }
        }
        if let Some(parts) = message.get("content").and_then(Value::as_array) {
            for thought in parts.iter().filter_map(|part| part.get("thinking")) {
                self.thought(json::text(thought).into_owned(), deltas);
            }
        }
        for key in ["content", "refusal"] {
            let piece = message.get(key).map(json::text).unwrap_or_default();
            if !piece.is_empty() {
                self.text.push_str(&piece);
                if let Some(deltas) = deltas {
                    deltas.text(piece.into_owned());
                }
            }
        }
        for field in self.fixed.quirks.returned {
            if let Some(value) = message.get(*field).filter(|value| !value.is_null()) {
                let before = self.returned.entry(*field).or_insert(Value::Null);
                if value.is_array() && before.is_null() && deltas.is_some() {
                    *before = Value::Array(Vec::new());
                }
                add(before, value.clone());
            }
        }
        let calls = match message.get("tool_calls") {
            Some(Value::Array(calls)) => calls.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => &[],
        };
        let calls = calls.iter().filter(|call| call.is_object());
        // One more is enough to refuse them all.
        for call in calls.take(MAX_PARTS + 1) {
            let call = calls::read(call, self.fixed.quirks.returned_on_calls);
            match deltas {
                Some(deltas) => self.calls.fragment(call, deltas),
                None => self.calls.whole(call),
            }
        }
    }

    fn thought(&mut self, piece: String, deltas: Option<&Deltas>) {
        self.reasoning.push_str(&piece);
        if let Some(deltas) = deltas.filter(|_| !piece.is_empty()) {
            deltas.thinking(piece);
        }
    }
}

impl Reading for OpenAiReply<'_> {
    fn whole(&mut self, answer: &Value) -> Result<(), Failed> {
        self.take(answer, ["message", "delta"], None)?;
        let says = |key: &&str| answer.get(*key).is_some_and(|message| !message.is_null());
        // Some gateways have only words for what is wrong.
        if !self.answered && ["message", "detail"].iter().any(says) {
            return Err(Failed::in_answer(answer));
        }
        Ok(())
    }

    fn piece(&mut self, piece: &Value, deltas: &Deltas) -> Result<(), Failed> {
        self.take(piece, ["delta", "message"], Some(deltas))
    }

    /// The stream says so itself, with `[DONE]`.
    fn is_whole(&self) -> bool {
        false
    }

    fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn parts(&self) -> usize {
        self.calls.len()
    }

    fn reply(self) -> Result<ModelReply, Failed> {
        if !self.answered {
            return Err(Failed::bad_response("the response has no choice"));
        }
        let nothing = self.text.is_empty() && self.calls.len() == 0;
        if nothing && self.finish_reason == Some(FinishReason::ContentFilter) {
            let why = "the provider's filter withheld the answer";
            return Err(Failed::new(ModelErrorKind::ContentFilter, why));
        }
        let origin = &self.fixed.origin;
        let data = |data: Value| ProviderData {
            origin: origin.clone(),
            data,
        };
        let mut reply = ModelReply {
            usage: self.usage,
            response_id: self.response_id.map(Str::from),
            response_model: self.response_model.map(Str::from),
            finish_reason: self.finish_reason,
            ..ModelReply::default()
        };
        for (key, word) in [
            ("openai.response.service_tier", self.service_tier),
            (
                "openai.response.system_fingerprint",
                self.system_fingerprint,
            ),
        ] {
            if let Some(word) = word {
                reply.attributes.set(key, Str::from(word));
            }
        }
        if !self.reasoning.is_empty() {
            reply = reply.and(Part::Reasoning(crate::Reasoning {
                text: self.reasoning.into(),
                provider: self
                    .reasoning_field
                    .map(|field| Box::new(data(field.into()))),
            }));
        }
        if !self.returned.is_empty() {
            reply = reply.and(Part::Provider(data(self.returned.into())));
        }
        if !self.text.is_empty() {
            reply = reply.and(Part::Text(self.text.into()));
        }
        Ok(self
            .calls
            .added_to(reply, |name| self.names.own(name), origin))
    }
}

/// Others are not asked for.
fn first_choice(answer: &Value) -> Option<&Value> {
    let mut choices = answer.get("choices")?.as_array()?.iter();
    choices.find(|choice| choice.is_object() && json::count(choice.get("index")).unwrap_or(0) == 0)
}

/// An answer as Ollama's own API gives it, which some gateways pass on: a message without choices.
fn own_shape(answer: &Value) -> Option<&Value> {
    let is_one = answer.get("done")?.is_boolean() && answer.get("message")?.is_object();
    is_one.then_some(answer)
}

/// The conventions' names for what providers say.
fn reason(word: &str) -> FinishReason {
    match word.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "end_turn" | "stop_sequence" => FinishReason::Stop,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCall,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "content_filter" | "safety" | "refusal" | "recitation" => FinishReason::ContentFilter,
        _ => FinishReason::other(word),
    }
}

/// `None` unless both counts are there: half a count is not zero.
fn usage(counts: &Value) -> Option<Usage> {
    let detail = |of: &str, key: &str| json::count(counts.get(of)?.get(key));
    let count = |key: &str| json::count(counts.get(key));
    let cached = detail("prompt_tokens_details", "cached_tokens");
    let either = |key: &str, own: &str| count(key).or_else(|| count(own));
    Some(Usage {
        cache_read_tokens: cached.or_else(|| count("prompt_cache_hit_tokens")),
        reasoning_tokens: detail("completion_tokens_details", "reasoning_tokens"),
        ..Usage::new(
            either("prompt_tokens", "prompt_eval_count")?,
            either("completion_tokens", "eval_count")?,
        )
    })
}
