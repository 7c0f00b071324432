//! What is sent to chat completions.

use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value, json};

use super::quirks::{Quirks, Reasoning};
use crate::model::providers::history::{self, Called, NO_RESULT, Side, Spoken};
use crate::model::providers::names::Names;
use crate::model::providers::schema;
use crate::{Content, Image, ModelRequest, OutputSchema, ProviderData, ToolSpec};

/// What is said in every request of a model.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) model: Str,
    pub(super) params: LlmParams,
    pub(super) stream_usage: bool,
    /// Fields of the body besides, or instead of, those made here.
    pub(super) fields: Map<String, Value>,
    pub(super) quirks: Quirks,
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
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(|tool| self.tool(tool, names));
            put("tools", tools.collect());
        }
        put("stream", request.stream.into());
        if request.stream && self.stream_usage {
            put("stream_options", json!({ "include_usage": true }));
        }
        if let Some(format) = self.format(request.output, &self.params) {
            put("response_format", format);
        }
        body.extend(self.params(&self.params));
        body.extend(self.fields.clone());
        if let Some(asked) = request.params {
            self.put_asked(asked, request.output, &mut body);
        }
        serde_json::to_vec(&body)
    }

    fn messages(&self, request: &ModelRequest<'_>, names: &Names) -> Value {
        let mut sent: Vec<Value> = Vec::new();
        if !request.instructions.is_empty() {
            sent.push(json!({ "role": "system", "content": request.instructions }));
        }
        let turns = history::turns(request.messages, self.quirks.ids);
        let last_user = turns.iter().rposition(|turn| matches!(turn, Side::User(_)));
        for (at, turn) in turns.iter().enumerate() {
            match turn {
                Side::User(content) => {
                    let after_tool = sent.last().is_some_and(|it| it["role"] == "tool");
                    if after_tool && !self.quirks.user_after_tool {
                        sent.push(json!({ "role": "assistant", "content": "…" }));
                    }
                    let content: Vec<&Content> = content.iter().map(AsRef::as_ref).collect();
                    sent.push(json!({ "role": "user", "content": given(&content) }));
                }
                Side::Model(spoken) => {
                    self.all_spoken(spoken, Some(at) > last_user, names, &mut sent);
                }
            }
        }
        sent.into()
    }

    /// What the model said in one turn: several messages where one may not have so many calls.
    fn all_spoken(
        &self,
        spoken: &[Spoken<'_>],
        is_current: bool,
        names: &Names,
        sent: &mut Vec<Value>,
    ) {
        let mut rest = spoken;
        while !rest.is_empty() {
            let calls = rest.iter().enumerate();
            let mut calls = calls.filter(|(_, it)| matches!(it, Spoken::Call(_)));
            let beyond = calls.nth(self.quirks.longest_list).map(|(at, _)| at);
            let (some, others) = rest.split_at(beyond.unwrap_or(rest.len()));
            self.spoken(some, is_current, names, sent);
            rest = others;
        }
    }

    /// One message of the model's, and the results of its calls.
    fn spoken(
        &self,
        spoken: &[Spoken<'_>],
        is_current: bool,
        names: &Names,
        sent: &mut Vec<Value>,
    ) {
        let mut text = String::new();
        let mut calls: Vec<Value> = Vec::new();
        let mut results: Vec<Value> = Vec::new();
        let mut message = Map::new();
        let mut reasoning: Option<(&str, String)> = None;
        for part in spoken {
            match part {
                Spoken::Text(piece) => text += piece,
                Spoken::Reasoning(thought) => {
                    let of = thought.provider.as_deref().and_then(|data| self.ours(data));
                    let field = of.and_then(Value::as_str);
                    if let Some(field) = field {
                        let (_, said) = reasoning.get_or_insert((field, String::new()));
                        *said += &thought.text;
                    }
                }
                Spoken::Call(call) => {
                    calls.push(self.call(call, names));
                    results.push(result(call));
                }
                Spoken::Provider(data) => {
                    message.extend(self.fields_of(data, self.quirks.returned));
                }
            }
        }
        message.insert("role".to_owned(), "assistant".into());
        // Never `null`: llama-cpp-python, LM Studio and some Ollamas refuse it beside calls.
        message.insert("content".to_owned(), text.into());
        if !calls.is_empty() {
            let (required, kept) = match self.quirks.reasoning {
                Reasoning::Dropped => (None, false),
                Reasoning::WithCalls => (None, is_current),
                Reasoning::Required(field) => (Some(field), is_current),
            };
            if let Some((field, said)) = reasoning.filter(|_| kept) {
                message.insert(field.to_owned(), said.into());
            }
            if let Some(field) = required {
                message.entry(field).or_insert_with(|| "".into());
            }
            message.insert("tool_calls".to_owned(), calls.into());
        }
        sent.push(message.into());
        sent.append(&mut results);
    }

    fn call(&self, call: &Called<'_>, names: &Names) -> Value {
        let function = json!({ "name": names.sent(call.name), "arguments": call.arguments });
        let mut made = json!({ "id": call.id, "type": "function", "function": function });
        if let (Some(made), Some(data)) = (made.as_object_mut(), call.provider) {
            made.extend(self.fields_of(data, self.quirks.returned_on_calls));
        }
        made
    }

    /// What came from here, and only that.
    fn ours<'d>(&self, data: &'d ProviderData) -> Option<&'d Value> {
        (data.origin == self.origin).then_some(&data.data)
    }

    fn fields_of(&self, data: &ProviderData, known: &[&str]) -> Map<String, Value> {
        let fields = self.ours(data).and_then(Value::as_object);
        let fields = fields.into_iter().flatten();
        let known = fields.filter(|(key, _)| known.contains(&key.as_str()));
        known
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn tool(&self, tool: &ToolSpec, names: &Names) -> Value {
        let mut function = Map::new();
        function.insert("name".to_owned(), names.sent(&tool.name).into());
        let schema = schema::legal(&tool.schema, self.quirks.dialect);
        function.insert("parameters".to_owned(), schema);
        if !tool.description.is_empty() {
            let letters = tool.description.chars();
            let description: String = letters.take(self.quirks.longest_description).collect();
            function.insert("description".to_owned(), description.into());
        }
        json!({ "type": "function", "function": function })
    }

    fn format(&self, output: Option<&OutputSchema>, params: &LlmParams) -> Option<Value> {
        let any = || json!({ "type": "json_object" });
        let Some(output) = output else {
            let json = params.output_type.as_deref() == Some("json");
            return json.then(any);
        };
        if !self.quirks.json_schema {
            return Some(any());
        }
        let schema = schema::legal(&output.schema, self.quirks.dialect);
        let strict = schema::is_exact(&schema);
        let form = json!({ "name": output.name, "schema": schema, "strict": strict });
        Some(json!({ "type": "json_schema", "json_schema": form }))
    }

    /// What this one request asks for: it counts, whatever every other has.
    fn put_asked(
        &self,
        asked: &LlmParams,
        output: Option<&OutputSchema>,
        body: &mut Map<String, Value>,
    ) {
        if asked.max_tokens.is_some() {
            body.retain(|key, _| key != "max_tokens" && key != "max_completion_tokens");
        }
        body.extend(self.params(asked));
        if asked.output_type.is_some() && output.is_none() {
            body.remove("response_format");
            let format = self.format(None, asked);
            body.extend(format.map(|format| ("response_format".to_owned(), format)));
        }
    }

    fn params(&self, params: &LlmParams) -> Map<String, Value> {
        let stop = (!params.stop_sequences.is_empty()).then(|| json!(params.stop_sequences));
        let said = [
            (self.quirks.max_tokens, params.max_tokens.map(Value::from)),
            ("temperature", params.temperature.map(Value::from)),
            ("top_p", params.top_p.map(Value::from)),
            ("top_k", params.top_k.map(Value::from)),
            (
                "frequency_penalty",
                params.frequency_penalty.map(Value::from),
            ),
            ("presence_penalty", params.presence_penalty.map(Value::from)),
            ("stop", stop),
            ("seed", params.seed.map(Value::from)),
        ];
        let said = said.into_iter();
        said.filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

/// What the user says: a text where it is nothing else.
fn given(content: &[&Content]) -> Value {
    if !content
        .iter()
        .any(|it| matches!(it, Content::Image(image) if image.is_accepted()))
    {
        let texts: Vec<_> = content.iter().map(|it| it.to_text()).collect();
        return texts.join("\n\n").into();
    }
    let part = |content: &&Content| match content {
        Content::Image(image) if !image.is_accepted() => {
            json!({ "type": "text", "text": content.to_text() })
        }
        Content::Image(Image::Url(url)) => {
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
        Content::Image(Image::Base64 { media_type, data }) => {
            let url = format!("data:{media_type};base64,{data}");
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
        other => json!({ "type": "text", "text": other.to_text() }),
    };
    content.iter().map(part).collect()
}

/// The API knows results as text only; what is none is named.
fn result(call: &Called<'_>) -> Value {
    let content = call
        .result
        .map_or_else(|| NO_RESULT.into(), |result| result.output.text());
    json!({ "role": "tool", "tool_call_id": call.id, "content": content })
}
