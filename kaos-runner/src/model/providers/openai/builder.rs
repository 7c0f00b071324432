use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value};

use super::quirks::Quirks;
use super::request::Fixed;
use super::{ChatCompletions, OpenAiModel};
use crate::model::providers::setup::{Setup, shared_settings};
use crate::model::providers::{SetupError, as_sent};

/// The makings of an [`OpenAiModel`]; see [`OpenAiModel::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct OpenAiBuilder {
    setup: Setup,
    model: Str,
    provider: Option<Str>,
    params: LlmParams,
    stream_usage: Option<bool>,
    fields: Map<String, Value>,
}

impl OpenAiBuilder {
    pub(in crate::model::providers) fn new(
        base_url: impl Into<String>,
        model: impl Into<Str>,
    ) -> Self {
        Self {
            setup: Setup::new(base_url.into()),
            model: model.into(),
            provider: None,
            params: LlmParams::default(),
            stream_usage: None,
            fields: Map::new(),
        }
    }

    /// The key, sent as `Authorization: Bearer …`, and to Azure as `api-key`. Default: none is sent.
    ///
    /// It appears neither in `Debug` nor in an error, even if the provider repeats it.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.setup.key = Some(key.into()).filter(|key| !key.is_empty());
        self
    }

    /// `gen_ai.provider.name`; where it is one of the provider table's, its row counts whatever the
    /// host. Default: by the host, else `openai`.
    pub fn provider(mut self, provider: impl Into<Str>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Parameters of every request, which spans show too. `output_type: "json"` asks for any JSON
    /// object. One choice is asked for, whatever `choice_count` says. Default: the endpoint's.
    pub fn params(mut self, params: LlmParams) -> Self {
        self.params = LlmParams {
            choice_count: None,
            ..params
        };
        self
    }

    /// Sets a field of every request's body that has no setting of its own here, or replaces one:
    /// `tool_choice`, `reasoning_effort`, … Spans show what is sent in the end.
    pub fn body_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Whether a streamed request asks for the tokens in the last chunk (`stream_options`). Switch
    /// it off for endpoints that refuse the field; the tokens are unknown then, unless the endpoint
    /// tells them unasked. Default: the provider's row, mostly on.
    pub fn stream_usage(mut self, ask: bool) -> Self {
        self.stream_usage = Some(ask);
        self
    }

    /// Uses a client that is there already, with its connections and its time to connect.
    #[cfg(feature = "remote")]
    pub(crate) fn over(mut self, client: reqwest::Client) -> Self {
        self.setup.client = Some(client);
        self
    }

    shared_settings!();

    /// The model. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL, the key, a header, or the TLS of this machine cannot be used.
    pub fn build(self) -> Result<OpenAiModel, SetupError> {
        let url = self.setup.url("/chat/completions")?;
        let host = url.host_str().unwrap_or_default();
        let quirks = Quirks::of(self.provider.as_deref(), host);
        let provider = self.provider.unwrap_or(Str::Static(quirks.provider));
        let origin = format!("{provider} {host} {}", self.model);
        let key_in = quirks.key_in;
        let api = ChatCompletions {
            provider,
            model: as_sent::model(&self.model, &self.fields),
            params: as_sent::params(&self.params, &self.fields),
            fixed: Fixed {
                model: self.model,
                params: self.params,
                stream_usage: self.stream_usage.unwrap_or(quirks.stream_usage),
                fields: self.fields,
                quirks,
                origin: origin.into(),
            },
            unnamed: AtomicU64::new(0),
        };
        let endpoint = self.setup.endpoint(url, key_in, &[], api)?;
        Ok(OpenAiModel(Arc::new(endpoint)))
    }
}

impl fmt::Debug for OpenAiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiBuilder")
            .field("model", &self.model)
            .field("key", &self.setup.key.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
