use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Attributes, Str};

/// A request to a model, with its retries.
///
/// # Example
///
/// ```
/// use kaos_events::LlmCall;
///
/// let call = LlmCall::new("openai", "gpt-4o");
/// assert_eq!(call.operation, "chat");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LlmCall {
    /// `gen_ai.operation.name`; `chat` unless set.
    pub operation: Str,
    /// `gen_ai.provider.name`, for example `openai`.
    pub provider: Str,
    /// The model that was asked for.
    pub model: Str,
    /// Whether the response is streamed.
    #[serde(default)]
    pub stream: bool,
    /// Where the request goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// Parameters of the request, where any were set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Box<LlmParams>>,
    /// The messages sent, as JSON: `[{"role", "parts": [{"type": "text", "content"}, …]}]`, the
    /// input messages schema of the GenAI conventions. Content.
    #[serde(skip)]
    pub input: Option<Str>,
    /// What the model is told besides the messages. Content.
    #[serde(skip)]
    pub briefing: Option<Arc<Briefing>>,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

/// What a model is told besides the messages; shared by all calls of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Briefing {
    /// What comes before the conversation. Content.
    pub instructions: Option<Str>,
    /// What the model may call, as a JSON list of `{"type", "name", "description", "parameters"}`,
    /// the tool definitions schema of the GenAI conventions. Content.
    pub tools: Option<Str>,
}

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Host name or address.
    pub address: Str,
    /// TCP port.
    pub port: u16,
}

/// Parameters of a model request; `None` means that the request did not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LlmParams {
    /// The most tokens the model may produce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Sampling temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many of the likeliest tokens are considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// Penalty on frequent tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Penalty on tokens already present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Texts that end the response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Str>,
    /// Seed for repeatable sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How many alternatives were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice_count: Option<u32>,
    /// The format asked for: `text`, `json`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_type: Option<Str>,
}

impl LlmCall {
    /// A chat request to this model of this provider.
    pub fn new(provider: impl Into<Str>, model: impl Into<Str>) -> Self {
        Self {
            operation: Str::Static("chat"),
            provider: provider.into(),
            model: model.into(),
            stream: false,
            server: None,
            params: None,
            input: None,
            briefing: None,
            attributes: Attributes::new(),
        }
    }
}

/// What came of a model call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LlmOutcome {
    /// The provider's id of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Str>,
    /// The model that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_model: Option<Str>,
    /// One reason per choice: `stop`, `length`, `content_filter`, `tool_call`, `error`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finish_reasons: Vec<Str>,
    /// Tokens; `None` when the provider did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// From the request to the first chunk of a streamed response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_first_chunk: Option<Duration>,
    /// The messages received, as JSON, in the output messages schema of the GenAI conventions: as
    /// [`LlmCall::input`], each with a `finish_reason`. Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Str>,
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Tokens of one or more model calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent, cached ones included.
    pub input_tokens: u64,
    /// Tokens received, reasoning included.
    pub output_tokens: u64,
    /// Of the input, those read from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Of the input, those written to the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_creation_tokens: Option<u64>,
    /// Of the output, those spent on reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

impl Usage {
    /// Input and output tokens, nothing else known.
    pub const fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens,
            output_tokens,
            cache_read_tokens: None,
            cache_creation_tokens: None,
            reasoning_tokens: None,
        }
    }

    /// Input plus output.
    pub const fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        fn add(to: &mut Option<u64>, more: Option<u64>) {
            if let Some(more) = more {
                *to = Some(to.unwrap_or(0).saturating_add(more));
            }
        }
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        add(&mut self.cache_read_tokens, other.cache_read_tokens);
        add(&mut self.cache_creation_tokens, other.cache_creation_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
    }
}
