use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use kaos_hooks::{Str, Usage};
use serde_json::Value;

use super::error::Failed;
use super::wire::{Answer, Called, Said};
use crate::{Deltas, ModelErrorKind, ModelReply, ToolUse};

/// The longest finish reason of a provider's own that is kept, in characters.
const LONGEST_REASON: usize = 40;

/// A reply in the making.
#[derive(Debug)]
pub(super) struct Assembly<'a> {
    /// Numbers the calls that the endpoint gave no id.
    unnamed: &'a AtomicU64,
    text: String,
    reasoning: String,
    calls: Vec<Building>,
    /// The endpoint's index of a call → its place in `calls`.
    places: HashMap<u64, usize>,
    usage: Option<Usage>,
    response_id: Option<Str>,
    response_model: Option<Str>,
    finish_reason: Option<Str>,
    answered: bool,
}

#[derive(Debug)]
struct Building {
    /// Whether the endpoint gave the id.
    named: bool,
    id: Str,
    name: String,
    arguments: String,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(unnamed: &'a AtomicU64) -> Self {
        Self {
            unnamed,
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            places: HashMap::new(),
            usage: None,
            response_id: None,
            response_model: None,
            finish_reason: None,
            answered: false,
        }
    }

    /// Takes a whole answer.
    pub(super) fn whole(&mut self, mut answer: Answer) {
        if let Some(choice) = first_choice(&mut answer) {
            let said = choice.message.or(choice.delta).unwrap_or_default();
            self.finish(choice.finish_reason);
            self.said(said, None);
        }
        self.about(answer);
    }

    /// Takes a chunk of a streamed answer, and hands on what it says.
    pub(super) fn chunk(&mut self, mut answer: Answer, deltas: &Deltas) {
        if let Some(choice) = first_choice(&mut answer) {
            let said = choice.delta.or(choice.message).unwrap_or_default();
            self.finish(choice.finish_reason);
            self.said(said, Some(deltas));
        }
        self.about(answer);
    }

    fn about(&mut self, answer: Answer) {
        let some = |text: Option<Str>| text.filter(|text| !text.is_empty());
        self.response_id = self.response_id.take().or(some(answer.id));
        self.response_model = self.response_model.take().or(some(answer.model));
        // Where every chunk has one, the last counts.
        let usage = answer.usage.and_then(|counts| counts.usage());
        self.usage = usage.or(self.usage);
    }

    fn said(&mut self, said: Said, deltas: Option<&Deltas>) {
        self.answered = true;
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(piece) = some(said.reasoning_content).or(some(said.reasoning)) {
            self.reasoning.push_str(&piece);
            if let Some(deltas) = deltas {
                deltas.thinking(piece);
            }
        }
        for piece in some(said.content).into_iter().chain(some(said.refusal)) {
            self.text.push_str(&piece);
            if let Some(deltas) = deltas {
                deltas.text(piece);
            }
        }
        for called in said.tool_calls.into_iter().flatten() {
            self.called(called, deltas);
        }
    }

    fn called(&mut self, called: Called, deltas: Option<&Deltas>) {
        let Called {
            index,
            id,
            function,
        } = called;
        let id = id.filter(|id| !id.is_empty());
        let function = function.unwrap_or_default();
        let name = function.name.filter(|name| !name.is_empty());
        let arguments = match function.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        let known = match index {
            _ if deltas.is_none() => None,
            Some(index) => self.places.get(&index).copied(),
            // Without an index a fragment that names nothing belongs to the latest call.
            None if id.is_none() && name.is_none() => self.calls.len().checked_sub(1),
            None => None,
        };
        // One index for two ids is a mistake that some endpoints make.
        let known = known.filter(|at| {
            let call = self.calls.get(*at);
            call.is_some_and(|call| id.as_deref().is_none_or(|id| !call.named || call.id == id))
        });
        let at = known.unwrap_or(self.calls.len());
        if known.is_none() {
            let named = id.is_some();
            let id = id.map_or_else(|| self.made_up(), Str::from);
            self.calls.push(Building {
                named,
                id,
                name: String::new(),
                arguments: String::new(),
            });
            if let Some(index) = index {
                self.places.insert(index, at);
            }
        }
        let Some(call) = self.calls.get_mut(at) else {
            return;
        };
        if let Some(name) = name.filter(|_| call.name.is_empty()) {
            call.name = name;
        }
        if !arguments.is_empty() {
            call.arguments.push_str(&arguments);
            if let Some(deltas) = deltas {
                deltas.tool_call_args(call.id.clone(), arguments);
            }
        }
    }

    fn made_up(&self) -> Str {
        let number = self.unnamed.fetch_add(1, Ordering::Relaxed);
        format!("call-{}", number.wrapping_add(1)).into()
    }

    /// The conventions' names; a provider's own are kept, cut.
    fn finish(&mut self, reason: Option<String>) {
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else {
            return;
        };
        self.finish_reason = Some(match reason.as_str() {
            "tool_calls" | "function_call" => Str::Static("tool_call"),
            _ => reason
                .chars()
                .take(LONGEST_REASON)
                .collect::<String>()
                .into(),
        });
    }

    /// Whether the endpoint said why it stopped: then it has said everything.
    pub(super) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    pub(super) fn reply(self) -> Result<ModelReply, Failed> {
        if !self.answered {
            return Err(Failed::bad_response("the response has no choice"));
        }
        let nothing = self.text.is_empty() && self.calls.is_empty();
        if nothing && self.finish_reason.as_deref() == Some("content_filter") {
            let why = "the provider's filter withheld the answer";
            return Err(Failed::new(ModelErrorKind::ContentFilter, why));
        }
        let tool_calls = self.calls.into_iter().map(|call| ToolUse {
            id: call.id,
            name: call.name.into(),
            // A call without arguments; the tools read JSON.
            arguments: if call.arguments.is_empty() {
                Str::Static("{}")
            } else {
                call.arguments.into()
            },
        });
        Ok(ModelReply {
            text: self.text.into(),
            reasoning: self.reasoning.into(),
            tool_calls: tool_calls.collect(),
            usage: self.usage,
            response_id: self.response_id,
            response_model: self.response_model,
            finish_reason: self.finish_reason,
        })
    }
}

/// Others are not asked for.
fn first_choice(answer: &mut Answer) -> Option<super::wire::Choice> {
    let mut choices = answer.choices.take().into_iter().flatten();
    choices.find(|choice| choice.index.unwrap_or(0) == 0)
}
