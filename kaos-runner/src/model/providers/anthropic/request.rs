//! What is sent to the Messages API.

use std::collections::BTreeSet;

use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value, json};

use crate::model::providers::history::{self, Called, NO_RESULT, Side, Spoken, plain_id};
use crate::model::providers::names::Names;
use crate::model::providers::schema::{self, Dialect};
use crate::{Content, Image, Message, ModelRequest, OutputSchema, ProviderData, ToolSpec};

/// What is said in every request of a model.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) model: Str,
    pub(super) provider: Str,
    pub(super) params: LlmParams,
    /// Fields of the body besides, or instead of, those made here.
    pub(super) fields: Map<String, Value>,
    /// Where what only the provider understands comes from, and may go back to.
    pub(super) origin: Str,
}

impl Fixed {
    /// The body of a request.
    pub(super) fn body(
        &self,
        request: &ModelRequest<'_>,
        names: &Names,
    ) -> serde_json::Result<Vec<u8>> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", self.model.as_str().into());
        put("messages", self.messages(request, names));
        if !request.instructions.trim().is_empty() {
            put("system", request.instructions.into());
        }
        put("stream", request.stream.into());
        let params = &self.params;
        put("max_tokens", params.max_tokens.into());
        body.extend(parameters(params));
        let mut tools: Vec<Value> = request
            .tools
            .iter()
            .map(|tool| tool_definition(tool, names))
            .collect();
        if tools.is_empty() {
            // A conversation with calls needs the tools, even where none may be called any more.
            tools = mentioned(request.messages, names);
            if !tools.is_empty() {
                body.insert("tool_choice".to_owned(), json!({ "type": "none" }));
            }
        }
        body.extend(self.fields.clone());
        body.extend(request.params.map(parameters).unwrap_or_default());
        if let Some(output) = request.output {
            // An answer of a form is the input of a tool that must be called; thinking is not
            // possible beside that.
            body.remove("thinking");
            let choice = if request.tools.is_empty() {
                tools.clear();
                json!({ "type": "tool", "name": output.name })
            } else {
                json!({ "type": "any" })
            };
            tools.push(form(output));
            body.insert("tool_choice".to_owned(), choice);
        }
        if !tools.is_empty() {
            body.insert("tools".to_owned(), tools.into());
        }
        serde_json::to_vec(&body)
    }

    fn messages(&self, request: &ModelRequest<'_>, names: &Names) -> Value {
        let mut sent: Vec<Value> = Vec::new();
        // What the user says next follows the results of the calls before, in one message.
        let mut results: Vec<Value> = Vec::new();
        for turn in history::turns(request.messages, plain_id) {
            match turn {
                Side::User(content) => {
                    let mut parts = std::mem::take(&mut results);
                    parts.extend(content.iter().map(|content| given(content)));
                    sent.push(json!({ "role": "user", "content": parts }));
                }
                Side::Model(spoken) => {
                    if !results.is_empty() {
                        let parts = std::mem::take(&mut results);
                        sent.push(json!({ "role": "user", "content": parts }));
                    }
                    let parts = spoken.iter().filter_map(|part| self.spoken(part, names));
                    let parts: Vec<Value> = parts.collect();
                    sent.push(json!({ "role": "assistant", "content": parts }));
                    results.extend(spoken.iter().filter_map(|part| match part {
                        Spoken::Call(call) => Some(result(call)),
                        _ => None,
                    }));
                }
            }
        }
        if !results.is_empty() {
            sent.push(json!({ "role": "user", "content": results }));
        }
        sent.into()
    }

    fn spoken(&self, part: &Spoken<'_>, names: &Names) -> Option<Value> {
        match part {
            Spoken::Text(text) => Some(text_part(text)),
            // Thoughts without their signature are refused.
            Spoken::Reasoning(reasoning) => self.ours(reasoning.provider.as_deref()?),
            Spoken::Provider(data) => self.ours(data),
            Spoken::Call(call) => {
                let input: Value = serde_json::from_str(&call.arguments).unwrap_or(json!({}));
                Some(json!({
                    "type": "tool_use", "id": call.id, "name": names.sent(call.name), "input": input,
                }))
            }
        }
    }

    /// What came from here, and only that.
    fn ours(&self, data: &ProviderData) -> Option<Value> {
        (data.origin == self.origin).then(|| data.data.clone())
    }
}

/// Those parameters that the API knows.
fn parameters(params: &LlmParams) -> Map<String, Value> {
    let stop = (!params.stop_sequences.is_empty()).then(|| json!(params.stop_sequences));
    let parameters = [
        ("max_tokens", params.max_tokens.map(Value::from)),
        ("temperature", params.temperature.map(Value::from)),
        ("top_p", params.top_p.map(Value::from)),
        ("top_k", params.top_k.map(Value::from)),
        ("stop_sequences", stop),
    ];
    let parameters = parameters.into_iter();
    parameters
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

fn result(call: &Called<'_>) -> Value {
    let is_blank = |it: &&Content| matches!(it, Content::Text(text) if text.trim().is_empty());
    let (parts, failed): (Vec<Value>, bool) = match call.result {
        None => (vec![text_part(NO_RESULT)], true),
        Some(result) => {
            let parts = result.output.parts.iter().filter(|it| !is_blank(it));
            (parts.map(given).collect(), result.failed)
        }
    };
    let mut made = Map::new();
    made.insert("type".to_owned(), "tool_result".into());
    made.insert("tool_use_id".to_owned(), call.id.as_str().into());
    if !parts.is_empty() {
        made.insert("content".to_owned(), parts.into());
    }
    if failed {
        made.insert("is_error".to_owned(), true.into());
    }
    made.into()
}

fn given(content: &Content) -> Value {
    match content {
        Content::Image(image) if !image.is_accepted() => text_part(&content.to_text()),
        Content::Image(Image::Url(url)) => {
            json!({ "type": "image", "source": { "type": "url", "url": url } })
        }
        Content::Image(Image::Base64 { media_type, data }) => {
            let source = json!({ "type": "base64", "media_type": media_type, "data": data });
            json!({ "type": "image", "source": source })
        }
        other => text_part(&other.to_text()),
    }
}

fn text_part(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn tool_definition(tool: &ToolSpec, names: &Names) -> Value {
    let schema = schema::legal(&tool.schema, Dialect::PlainKeys);
    let name = names.sent(&tool.name);
    if tool.description.trim().is_empty() {
        return json!({ "name": name, "input_schema": schema });
    }
    json!({ "name": name, "description": tool.description, "input_schema": schema })
}

fn form(output: &OutputSchema) -> Value {
    let schema = schema::legal(&output.schema, Dialect::PlainKeys);
    json!({ "name": output.name, "description": "Gives the answer.", "input_schema": schema })
}

/// The tools that a conversation mentions, without their schemas.
fn mentioned(messages: &[Message], names: &Names) -> Vec<Value> {
    let parameters = messages.iter().filter_map(|message| match message {
        Message::Assistant(parameters) => {
            Some(parameters.tool_calls().map(|call| names.sent(&call.name)))
        }
        _ => None,
    });
    let called: BTreeSet<&str> = parameters.flatten().collect();
    let schema = json!({ "type": "object", "properties": {} });
    let tool = |name| json!({ "name": name, "input_schema": schema });
    called.into_iter().map(tool).collect()
}
