//! Models that speak Anthropic's Messages API.

mod answer;
mod block;
mod builder;
mod reading;
mod request;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{LlmCall, LlmParams, Str};

use super::endpoint::{Api, Endpoint};
use super::names::Names;
use crate::{Deltas, Model, ModelError, ModelReply, ModelRequest};
use answer::AnthropicReply;
use request::Fixed;

pub use builder::AnthropicBuilder;

/// A model behind Anthropic's Messages API (version `2023-06-01`).
///
/// Cheap to clone; clones share the connections.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, AnthropicModel};
///
/// let model = AnthropicModel::builder("claude-haiku-4-5").api_key("sk-ant-…x").build();
/// # let model = AnthropicModel::builder("claude-haiku-4-5").api_key("key").build();
/// let agent = Agent::new("assistant", model?);
/// # Ok::<(), kaos_runner::models::SetupError>(())
/// ```
#[derive(Clone)]
pub struct AnthropicModel(Arc<Endpoint<Messages>>);

/// The API.
pub(super) struct Messages {
    /// The model and the parameters that requests have in the end.
    model: Str,
    params: LlmParams,
    fixed: Fixed,
}

impl Api for Messages {
    type Reading<'a> = AnthropicReply<'a>;

    fn body(&self, request: &ModelRequest<'_>, names: &Names) -> serde_json::Result<Vec<u8>> {
        self.fixed.body(request, names)
    }

    fn most_tools(&self) -> (&str, usize) {
        (&self.fixed.provider, usize::MAX)
    }

    fn reading<'a>(&'a self, request: &ModelRequest<'a>, names: &'a Names) -> AnthropicReply<'a> {
        let form = request.output.map(|output| output.name.as_str());
        AnthropicReply::new(&self.fixed, names, form)
    }
}

impl AnthropicModel {
    /// The model with this name, at Anthropic unless said otherwise.
    pub fn builder(model: impl Into<Str>) -> AnthropicBuilder {
        AnthropicBuilder::new(model)
    }
}

#[async_trait]
impl Model for AnthropicModel {
    fn provider(&self) -> Str {
        self.0.api.fixed.provider.clone()
    }

    fn name(&self) -> Str {
        self.0.api.model.clone()
    }

    fn call(&self) -> LlmCall {
        LlmCall {
            server: self.0.server.clone(),
            params: Some(Box::new(self.0.api.params.clone())),
            ..LlmCall::new(self.provider(), self.name())
        }
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

impl fmt::Debug for AnthropicModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnthropicModel")
            .field("model", &self.0.api.fixed.model)
            .field("server", &self.0.server)
            .field("path", &self.0.url.path())
            .finish_non_exhaustive()
    }
}
