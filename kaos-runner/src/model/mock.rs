//! `DEBUG_MOCK_RESPONSES`, as the KAOS data plane reads it.

use serde_json::Value;

use crate::{FunctionModel, Message, ModelReply, ModelRequest};

impl FunctionModel {
    /// A model, called `mock`, that gives these replies: a JSON array, read as the KAOS data plane
    /// reads `DEBUG_MOCK_RESPONSES`.
    ///
    /// A reply is a text, or an object with `text` and `tool_calls`, each of those with `name`,
    /// `arguments` and `id`; a text that holds such an object is the object. Every turn begins with
    /// the first reply; after the last, `[no more mock responses]` is the answer. What is no JSON
    /// array is one reply.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_runner::FunctionModel;
    ///
    /// let model = FunctionModel::mock(
    ///     r#"[{"tool_calls": [{"name": "echo", "arguments": {"text": "hi"}}]}, "It said: hi"]"#,
    /// );
    /// ```
    pub fn mock(replies: &str) -> Self {
        let replies = match serde_json::from_str(replies) {
            Ok(Value::Array(replies)) => replies,
            Ok(one) => vec![one],
            Err(_not_json) => vec![Value::from(replies)],
        };
        Self::new(move |request| {
            let at = answered(request);
            let reply = replies.get(at).map(|reply| read(at, reply));
            Ok(reply.unwrap_or_else(|| ModelReply::text("[no more mock responses]")))
        })
        .named("mock")
    }

    /// The [`mock`](Self::mock) of the variable `DEBUG_MOCK_RESPONSES`; `None` if it is not set.
    pub fn mock_from_env() -> Option<Self> {
        let replies = std::env::var("DEBUG_MOCK_RESPONSES").ok()?;
        (!replies.trim().is_empty()).then(|| Self::mock(&replies))
    }
}

/// How often the model has answered in this turn.
fn answered(request: &ModelRequest<'_>) -> usize {
    let turn = request.messages.iter().rev();
    turn.take_while(|message| !matches!(message, Message::User(_)))
        .filter(|message| matches!(message, Message::Assistant(_)))
        .count()
}

fn read(at: usize, reply: &Value) -> ModelReply {
    let inner: Option<Value> = reply
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .filter(|inner: &Value| inner.get("tool_calls").is_some());
    let reply = inner.as_ref().unwrap_or(reply);
    let text_of = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
    let text = match reply {
        Value::String(text) => text.clone(),
        Value::Object(_) => text_of(reply, "text").unwrap_or_default(),
        other => other.to_string(),
    };
    let calls = reply.get("tool_calls").and_then(Value::as_array);
    let calls = calls.into_iter().flatten().zip(1..);
    calls.fold(ModelReply::text(text), |reply, (call, number)| {
        let id = text_of(call, "id").unwrap_or_else(|| format!("call-{}-{number}", at + 1));
        let name = text_of(call, "name").unwrap_or_default();
        let arguments = match call.get("arguments") {
            None => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        reply.and_call(id, name, arguments)
    })
}
