//! The JSON of chat completions, as far as it is written or read here.
//!
//! Reading is lenient: endpoints leave out fields, send `null` for them, and add their own.

use kaos_hooks::{LlmParams, Str, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Message, ModelRequest, OutputSchema, ToolSpec};

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Sent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Callable<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(flatten)]
    params: Params<'a>,
}

#[derive(Serialize)]
struct Params<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "<[Str]>::is_empty")]
    stop: &'a [Str],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Sent<'a> {
    System {
        content: &'a str,
    },
    User {
        content: &'a str,
    },
    Assistant {
        /// Never `null`: llama-cpp-python, LM Studio and some Ollamas refuse it beside calls.
        content: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Asked<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Asked<'a> {
    id: &'a str,
    r#type: &'static str,
    function: AskedFunction<'a>,
}

#[derive(Serialize)]
struct AskedFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Callable<'a> {
    r#type: &'static str,
    function: CallableFunction<'a>,
}

#[derive(Serialize)]
struct CallableFunction<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: Form<'a> },
}

#[derive(Serialize)]
struct Form<'a> {
    name: &'a str,
    schema: &'a Value,
    strict: bool,
}

/// What is said in every request of a model.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) model: Str,
    pub(super) params: LlmParams,
    pub(super) stream_usage: bool,
    /// Fields of the body besides, or instead of, those made here.
    pub(super) fields: Map<String, Value>,
}

impl Fixed {
    /// The body of a request.
    pub(super) fn body(&self, request: &ModelRequest<'_>) -> serde_json::Result<Vec<u8>> {
        let instructions = (!request.instructions.is_empty()).then_some(Sent::System {
            content: request.instructions,
        });
        let messages = request.messages.iter().map(sent);
        let include_usage = request.stream && self.stream_usage;
        let body = Request {
            model: &self.model,
            messages: instructions.into_iter().chain(messages).collect(),
            tools: request.tools.iter().map(callable).collect(),
            stream: request.stream,
            stream_options: include_usage.then_some(StreamOptions { include_usage }),
            response_format: self.format(request.output),
            params: self.params(),
        };
        if self.fields.is_empty() {
            return serde_json::to_vec(&body);
        }
        let mut body = serde_json::to_value(&body)?;
        if let Value::Object(body) = &mut body {
            body.extend(self.fields.clone());
        }
        serde_json::to_vec(&body)
    }

    fn format<'a>(&self, output: Option<&'a OutputSchema>) -> Option<Format<'a>> {
        let json = self.params.output_type.as_deref() == Some("json");
        let schema = |output: &'a OutputSchema| Format::JsonSchema {
            json_schema: Form {
                name: &output.name,
                schema: &output.schema,
                strict: true,
            },
        };
        output.map(schema).or(json.then_some(Format::JsonObject))
    }

    fn params(&self) -> Params<'_> {
        let params = &self.params;
        Params {
            max_tokens: params.max_tokens,
            temperature: params.temperature,
            top_p: params.top_p,
            top_k: params.top_k,
            frequency_penalty: params.frequency_penalty,
            presence_penalty: params.presence_penalty,
            stop: &params.stop_sequences,
            seed: params.seed,
        }
    }
}

fn sent(message: &Message) -> Sent<'_> {
    match message {
        Message::User(content) => Sent::User { content },
        Message::Assistant { text, tool_calls } => Sent::Assistant {
            content: text,
            tool_calls: tool_calls
                .iter()
                .map(|call| Asked {
                    id: &call.id,
                    r#type: "function",
                    function: AskedFunction {
                        name: &call.name,
                        arguments: &call.arguments,
                    },
                })
                .collect(),
        },
        Message::Tool { call_id, content } => Sent::Tool {
            tool_call_id: call_id,
            content,
        },
    }
}

fn callable(tool: &ToolSpec) -> Callable<'_> {
    Callable {
        r#type: "function",
        function: CallableFunction {
            name: &tool.name,
            description: &tool.description,
            parameters: &tool.schema,
        },
    }
}

/// An answer, or one chunk of a streamed one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) id: Option<Str>,
    pub(super) model: Option<Str>,
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Counts>,
    pub(super) error: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: Option<u64>,
    /// In a whole answer.
    pub(super) message: Option<Said>,
    /// In a chunk.
    pub(super) delta: Option<Said>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Said {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    /// Most endpoints' name for it.
    pub(super) reasoning_content: Option<String>,
    /// The other name.
    pub(super) reasoning: Option<String>,
    pub(super) tool_calls: Option<Vec<Called>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Called {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    pub(super) function: Option<CalledFunction>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CalledFunction {
    pub(super) name: Option<String>,
    /// JSON in a string; some endpoints send the object itself.
    pub(super) arguments: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptCounts>,
    completion_tokens_details: Option<CompletionCounts>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PromptCounts {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CompletionCounts {
    reasoning_tokens: Option<u64>,
}

impl Counts {
    /// `None` unless both counts are there: half a count is not zero.
    pub(super) fn usage(&self) -> Option<Usage> {
        let prompt = self.prompt_tokens_details.as_ref();
        let completion = self.completion_tokens_details.as_ref();
        Some(Usage {
            cache_read_tokens: prompt.and_then(|details| details.cached_tokens),
            reasoning_tokens: completion.and_then(|details| details.reasoning_tokens),
            ..Usage::new(self.prompt_tokens?, self.completion_tokens?)
        })
    }
}
