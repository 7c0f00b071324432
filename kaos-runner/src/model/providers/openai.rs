//! Models that speak chat completions.

mod answer;
mod builder;
mod calls;
mod pieces;
mod quirks;
mod request;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use kaos_hooks::{LlmCall, LlmParams, Str};
use serde_json::Value;

use super::endpoint::{Api, Endpoint};
use super::names::Names;
use crate::{Deltas, Model, ModelError, ModelReply, ModelRequest};
use answer::OpenAiReply;
use request::Fixed;

pub use builder::OpenAiBuilder;

/// A model behind an OpenAI-compatible endpoint: OpenAI, LiteLLM, Ollama, vLLM, llama.cpp, …
///
/// Cheap to clone; clones share the connections.
///
/// # Example
///
/// ```
/// use kaos_hooks::LlmParams;
/// use kaos_runner::{Agent, OpenAiModel};
///
/// let model = OpenAiModel::builder("http://localhost:11434/v1", "llama3.2")
///     .params(LlmParams { temperature: Some(0.2), ..LlmParams::default() })
///     .build()?;
/// let agent = Agent::new("assistant", model);
/// # Ok::<(), kaos_runner::models::SetupError>(())
/// ```
#[derive(Clone)]
pub struct OpenAiModel(Arc<Endpoint<ChatCompletions>>);

/// The API.
pub(super) struct ChatCompletions {
    provider: Str,
    /// The model and the parameters that requests have in the end.
    model: Str,
    params: LlmParams,
    fixed: Fixed,
    /// Calls without an id so far.
    unnamed: AtomicU64,
}

impl Api for ChatCompletions {
    type Reading<'a> = OpenAiReply<'a>;

    fn body(&self, request: &ModelRequest<'_>, names: &Names) -> serde_json::Result<Vec<u8>> {
        self.fixed.body(request, names)
    }

    fn most_tools(&self) -> (&str, usize) {
        (&self.provider, self.fixed.quirks.longest_list)
    }

    fn reading<'a>(&'a self, _request: &ModelRequest<'a>, names: &'a Names) -> OpenAiReply<'a> {
        OpenAiReply::new(&self.fixed, names, &self.unnamed)
    }
}

impl OpenAiModel {
    /// A model with this name at the endpoint with this base URL, the part before
    /// `/chat/completions`; one without a path means the path `/v1`.
    pub fn builder(base_url: impl Into<String>, model: impl Into<Str>) -> OpenAiBuilder {
        OpenAiBuilder::new(base_url, model)
    }
}

#[async_trait]
impl Model for OpenAiModel {
    fn provider(&self) -> Str {
        self.0.api.provider.clone()
    }

    fn name(&self) -> Str {
        self.0.api.model.clone()
    }

    fn call(&self) -> LlmCall {
        let ChatCompletions { fixed, params, .. } = &self.0.api;
        let mut call = LlmCall {
            server: self.0.server.clone(),
            params: (*params != LlmParams::default()).then(|| Box::new(params.clone())),
            ..LlmCall::new(self.provider(), self.name())
        };
        call.attributes.set("openai.api.type", "chat_completions");
        let tier = fixed.fields.get("service_tier").and_then(Value::as_str);
        if let Some(tier) = tier.filter(|tier| *tier != "auto") {
            let tier = Str::copied(tier);
            call.attributes.set("openai.request.service_tier", tier);
        }
        call
    }

    fn instructions_are_a_message(&self) -> bool {
        true
    }

    fn context(&self) -> Option<u64> {
        self.0.context
    }

    async fn check(&self) -> Result<(), ModelError> {
        self.0.check().await
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        self.0.respond(request, deltas).await
    }
}

impl fmt::Debug for OpenAiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiModel")
            .field("provider", &self.0.api.provider)
            .field("model", &self.0.api.fixed.model)
            .field("server", &self.0.server)
            .field("path", &self.0.url.path())
            .finish_non_exhaustive()
    }
}
