//! What a model is: the trait, what it is asked and what it answers; models made of functions.

mod deltas;
mod error;
mod finish_reason;
mod function;
mod mock;
pub(crate) mod params;
#[cfg(feature = "models")]
pub mod providers;
mod reply;
mod scripted;
pub(crate) mod usage;

use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{Hooks, LlmCall, LlmParams, Str};
use serde_json::Value;

pub use deltas::Deltas;
#[cfg(feature = "testing")]
pub use deltas::RecordedDeltas;
pub use error::{ModelError, ModelErrorKind};
pub use finish_reason::FinishReason;
pub use function::FunctionModel;
pub use reply::ModelReply;
pub use scripted::Scripted;

use crate::{Message, ToolSpec};

/// A language model.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model",
    label = "does not implement `Model`",
    note = "with the feature `models`, `OpenAiModel` and `AnthropicModel` are models, and `models::model_by_name(..)?` makes one; without a network, `FunctionModel` is"
)]
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

    /// Whether a request has the instructions as its first message (role `system`), and not in a place
    /// of their own: spans show them where they were sent. A place of their own unless given.
    fn instructions_are_a_message(&self) -> bool {
        false
    }

    /// How many tokens a request and its answer may have together; `None` where that is not known. Of a
    /// conversation that is longer, the oldest turns are left out.
    fn context(&self) -> Option<u64> {
        None
    }

    /// Whether it can be asked, at the price of one quick request at most and of no tokens. Unless given, it
    /// is taken for granted.
    ///
    /// # Errors
    ///
    /// Why a request would fail now.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    async fn check(&self) -> Result<(), ModelError> {
        Ok(())
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
    /// What this request asks for in place of the model's own parameters, field by field; `None` for
    /// nothing.
    pub params: Option<&'a LlmParams>,
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

    fn instructions_are_a_message(&self) -> bool {
        (**self).instructions_are_a_message()
    }

    fn context(&self) -> Option<u64> {
        (**self).context()
    }

    async fn check(&self) -> Result<(), ModelError> {
        (**self).check().await
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        (**self).respond(request, deltas).await
    }
}
