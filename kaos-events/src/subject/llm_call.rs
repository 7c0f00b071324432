use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, Str, Usage};

fields! {
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
        pub operation: Str as name,
        /// `gen_ai.provider.name`, for example `openai`.
        pub provider: Str as name,
        /// The model that was asked for.
        pub model: Str as name,
        /// Whether the response is streamed.
        #[serde(default)]
        pub stream: bool as number,
        /// Where the request goes.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub server: Option<Server> as fields,
        /// Parameters of the request, where any were set.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub params: Option<Box<LlmParams>> as fields,
        /// The messages sent, as JSON: `[{"role", "parts": [{"type": "text", "content"}, …]}]`, the
        /// input messages schema of the GenAI conventions. Content.
        pub input: Option<Str> as content(InputMessages) at start,
        /// What the model is told besides the messages. Content.
        pub briefing: Option<Arc<Briefing>> as fields at start,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
}

fields! {
    /// What a model is told besides the messages; shared by all calls of a turn.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Briefing {
        /// What comes before the conversation. Content.
        pub instructions: Option<Str> as content(Instructions),
        /// What the model may call, as a JSON list of `{"type", "name", "description", "parameters"}`,
        /// the tool definitions schema of the GenAI conventions. Content.
        pub tools: Option<Str> as content(Instructions),
    }
}

fields! {
    /// A server's address.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Server {
        /// Host name or address.
        pub address: Str as name,
        /// TCP port.
        pub port: u16 as number,
    }
}

fields! {
    /// Parameters of a model request; `None` means that the request did not say.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct LlmParams {
        /// The most tokens the model may produce.
        pub max_tokens: Option<u64> as number,
        /// Sampling temperature.
        pub temperature: Option<f64> as number,
        /// Nucleus sampling threshold.
        pub top_p: Option<f64> as number,
        /// How many of the likeliest tokens are considered.
        pub top_k: Option<u64> as number,
        /// Penalty on frequent tokens.
        pub frequency_penalty: Option<f64> as number,
        /// Penalty on tokens already present.
        pub presence_penalty: Option<f64> as number,
        /// Texts that end the response.
        pub stop_sequences: Vec<Str> as name,
        /// Seed for repeatable sampling.
        pub seed: Option<i64> as number,
        /// How many alternatives were asked for.
        pub choice_count: Option<u32> as number,
        /// The format asked for: `text`, `json`, …
        pub output_type: Option<Str> as name,
    }
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

fields! {
    /// What came of a model call.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct LlmOutcome {
        /// The provider's id of the response.
        pub response_id: Option<Str> as name,
        /// The model that answered.
        pub response_model: Option<Str> as name,
        /// One reason per choice: `stop`, `length`, `content_filter`, `tool_call`, `error`.
        pub finish_reasons: Vec<Str> as name,
        /// Tokens; `None` when the provider did not say.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub usage: Option<Usage> as fields,
        /// From the request to the first chunk of a streamed response.
        pub time_to_first_chunk: Option<Duration> as number,
        /// The messages received, as JSON, in the output messages schema of the GenAI conventions: as
        /// [`LlmCall::input`], each with a `finish_reason`. Content.
        pub output: Option<Str> as content(OutputMessages),
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}
