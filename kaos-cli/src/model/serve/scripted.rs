//! Answers by script: `DEBUG_MOCK_RESPONSES`.

use serde_json::{Map, Value, json};

/// Replies, from the first for each question; for all models, or by model.
pub(super) enum Script {
    All(Vec<Value>),
    ByModel(Map<String, Value>),
}

/// One reply.
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) calls: Vec<Value>,
    pub(super) input: u64,
    pub(super) output: u64,
}

impl Script {
    /// As `kaos agent serve` reads it: what is no JSON list is one reply.
    pub(super) fn read(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Array(replies)) => Self::All(replies),
            Ok(Value::Object(all)) if all.values().all(Value::is_array) => Self::ByModel(all),
            Ok(one) => Self::All(vec![one]),
            Err(_no_json) => Self::All(vec![text.into()]),
        }
    }

    /// The reply to these messages; none if the script does not know the model.
    pub(super) fn reply(&self, model: &str, messages: &[Value]) -> Option<Reply> {
        let replies = match self {
            Self::All(replies) => replies,
            Self::ByModel(all) => all.get(model).and_then(Value::as_array)?,
        };
        let is = |message: &&Value, role: &str| {
            message.get("role").and_then(Value::as_str) == Some(role)
        };
        let since = messages.iter().rev().take_while(|it| !is(it, "user"));
        let at = since.filter(|it| is(it, "assistant")).count();
        let said = replies.get(at).cloned();
        let said = said.unwrap_or_else(|| "[no more mock responses]".into());
        let asked: usize = messages.iter().map(|it| it.to_string().len()).sum();
        Some(read(at, &said, asked))
    }
}

fn read(at: usize, said: &Value, asked: usize) -> Reply {
    let text = said
        .as_str()
        .or_else(|| said.get("text")?.as_str())
        .unwrap_or_default();
    let calls = said.get("tool_calls").and_then(Value::as_array);
    let calls = calls
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, call)| {
            let arguments = match call.get("arguments") {
                None => "{}".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let id = call.get("id").and_then(Value::as_str).map(str::to_owned);
            json!({
                "index": index,
                "id": id.unwrap_or_else(|| format!("call-{}-{}", at + 1, index + 1)),
                "type": "function",
                "function": {"name": call.get("name"), "arguments": arguments},
            })
        });
    let calls: Vec<Value> = calls.collect();
    let given = |name: &str| said.get("usage")?.get(name)?.as_u64();
    // About four characters are a token.
    let estimated = |characters: usize| (characters as u64 / 4).max(1);
    let written = text.len() + calls.iter().map(|it| it.to_string().len()).sum::<usize>();
    Reply {
        text: text.to_owned(),
        input: given("prompt_tokens").unwrap_or_else(|| estimated(asked)),
        output: given("completion_tokens").unwrap_or_else(|| estimated(written)),
        calls,
    }
}
