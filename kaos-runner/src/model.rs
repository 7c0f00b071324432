use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{Hooks, LlmCall, LlmOutcome, Str, Usage};
use serde_json::Value;

use crate::{Deltas, ModelError, ToolSpec, content};

/// A language model.
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// `gen_ai.provider.name`, for example `openai`.
    fn provider(&self) -> Str;

    /// The model that is asked for.
    fn name(&self) -> Str;

    /// What a request says of itself before its messages: server and parameters, where they are
    /// known. Provider and model name unless given.
    fn call(&self) -> LlmCall {
        LlmCall::new(self.provider(), self.name())
    }

    /// Answers a request. What arrives piece by piece may be handed to `deltas`; the reply has all
    /// of it.
    ///
    /// # Errors
    ///
    /// Why there is no answer, after the model's own retries.
    ///
    /// # Cancel safety
    ///
    /// Dropped when the turn is dropped or its time is up: it must stop the request.
    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError>;
}

/// What a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct ModelRequest<'a> {
    /// The agent's instructions.
    pub instructions: &'a str,
    /// The conversation, oldest first; the last message is the one to answer.
    pub messages: &'a [Message],
    /// What the model may call.
    pub tools: &'a [ToolSpec],
    /// Whether somebody reads the text as it arrives.
    pub stream: bool,
    /// The form that the answer must have; `None` for free text.
    pub output: Option<&'a OutputSchema>,
    /// The run's hooks. While the request is made the call's span is current, so
    /// [`inject`](Hooks::inject) hands out the headers that name it.
    pub hooks: &'a Hooks,
}

/// The form of an answer that is JSON.
///
/// # Example
///
/// ```
/// use kaos_runner::OutputSchema;
/// use serde_json::json;
///
/// let verdict = OutputSchema::new("verdict", json!({
///     "type": "object",
///     "properties": { "guilty": { "type": "boolean" } },
///     "required": ["guilty"],
///     "additionalProperties": false,
/// }));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSchema {
    /// What the form is called: letters, digits, `_` and `-`, at most 64 of them.
    pub name: Str,
    /// The form, as a JSON Schema (2020-12).
    pub schema: Value,
}

impl OutputSchema {
    /// A form with this name and schema.
    pub fn new(name: impl Into<Str>, schema: Value) -> Self {
        Self {
            name: name.into(),
            schema,
        }
    }
}

#[async_trait]
impl<M: Model + ?Sized> Model for Arc<M> {
    fn provider(&self) -> Str {
        (**self).provider()
    }

    fn name(&self) -> Str {
        (**self).name()
    }

    fn call(&self) -> LlmCall {
        (**self).call()
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        (**self).respond(request, deltas).await
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// From the user.
    User(Str),
    /// From the model.
    Assistant {
        /// The text.
        text: Str,
        /// The calls it asked for.
        tool_calls: Vec<ToolUse>,
    },
    /// What came of a call.
    Tool {
        /// The call's id.
        call_id: Str,
        /// The result, or why there is none.
        content: Str,
    },
}

/// A call the model asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUse {
    /// The model's id of the call.
    pub id: Str,
    /// The tool, or the sub-agent.
    pub name: Str,
    /// The arguments, as JSON.
    pub arguments: Str,
}

/// A model's answer: text, calls, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelReply {
    /// The text.
    pub text: Str,
    /// The reasoning before the text, where the provider shows it. It is not sent back.
    pub reasoning: Str,
    /// The calls it asks for; none means that the text is the answer.
    pub tool_calls: Vec<ToolUse>,
    /// Tokens; `None` when the provider does not say.
    pub usage: Option<Usage>,
    /// The provider's id of the response.
    pub response_id: Option<Str>,
    /// The model that answered.
    pub response_model: Option<Str>,
    /// Why it stopped: `stop`, `length`, `tool_call`, …
    pub finish_reason: Option<Str>,
}

impl ModelReply {
    /// An answer.
    pub fn text(text: impl Into<Str>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A call of one tool or sub-agent.
    pub fn call(id: impl Into<Str>, name: impl Into<Str>, arguments: impl Into<Str>) -> Self {
        Self::default().and_call(id, name, arguments)
    }

    /// The same with one more call.
    #[must_use]
    pub fn and_call(
        mut self,
        id: impl Into<Str>,
        name: impl Into<Str>,
        arguments: impl Into<Str>,
    ) -> Self {
        let (id, name, arguments) = (id.into(), name.into(), arguments.into());
        self.tool_calls.push(ToolUse {
            id,
            name,
            arguments,
        });
        self
    }

    /// The same with these tokens.
    #[must_use]
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        self.usage = Some(Usage::new(input_tokens, output_tokens));
        self
    }

    pub(crate) fn outcome(&self, time_to_first_chunk: Option<Duration>) -> LlmOutcome {
        LlmOutcome {
            time_to_first_chunk,
            output: Some(content::output(self)),
            response_id: self.response_id.clone(),
            response_model: self.response_model.clone(),
            finish_reasons: self.finish_reason.iter().cloned().collect(),
            usage: self.usage,
            ..LlmOutcome::default()
        }
    }
}
