use std::fmt;
use std::sync::Arc;

use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value};

use super::request::Fixed;
use super::{AnthropicModel, Messages};
use crate::model::providers::setup::{KeyIn, Setup, shared_settings};
use crate::model::providers::{SetupError, as_sent};

/// The version of the API that is spoken.
const VERSION: &str = "2023-06-01";

/// The makings of an [`AnthropicModel`]; see [`AnthropicModel::builder`].
///
/// # Example
///
/// What a configuration says of a model, over what it is by default:
///
/// ```
/// use std::time::Duration;
/// use kaos_runner::AnthropicModel;
/// use kaos_runner::models::{AnthropicBuilder, Retries, Timeouts};
///
/// fn patient(model: AnthropicBuilder) -> AnthropicBuilder {
///     let slow = Timeouts { first_chunk: Duration::from_secs(300), total: Duration::from_secs(900), ..Timeouts::default() };
///     model.timeouts(slow).retries(Retries { attempts: 5, ..Retries::default() })
/// }
///
/// let model = patient(AnthropicModel::builder("claude-haiku-4-5").api_key("key")).build()?;
/// # Ok::<(), kaos_runner::models::SetupError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct AnthropicBuilder {
    setup: Setup,
    model: Str,
    provider: Str,
    params: LlmParams,
    fields: Map<String, Value>,
}

impl AnthropicBuilder {
    pub(super) fn new(model: impl Into<Str>) -> Self {
        Self {
            setup: Setup::new("https://api.anthropic.com".to_owned()),
            model: model.into(),
            provider: Str::Static("anthropic"),
            params: LlmParams::default(),
            fields: Map::new(),
        }
    }

    /// Another endpoint: its base URL, the part before `/messages`; one without a path means the
    /// path `/v1`. Default: `https://api.anthropic.com`.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.setup.base_url = base_url.into();
        self
    }

    /// The key, sent as `x-api-key`. Default: none is sent.
    ///
    /// It appears neither in `Debug` nor in an error, even if the provider repeats it.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.setup.key = Some(key.into()).filter(|key| !key.is_empty());
        self
    }

    /// `gen_ai.provider.name`. Default: `anthropic`.
    pub fn provider(mut self, provider: impl Into<Str>) -> Self {
        self.provider = provider.into();
        self
    }

    /// Parameters of every request, which spans show too. The API knows neither penalties nor a
    /// seed; they are not sent. It wants the most tokens of an answer; default: 8192.
    pub fn params(mut self, params: LlmParams) -> Self {
        self.params = LlmParams {
            choice_count: None,
            frequency_penalty: None,
            presence_penalty: None,
            seed: None,
            output_type: None,
            ..params
        };
        self
    }

    /// Sets a field of every request's body that has no setting of its own here, or replaces one:
    /// `thinking`, `tool_choice`, `metadata`, …
    pub fn body_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    shared_settings!();

    /// The model. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL, the key, a header, or the TLS of this machine cannot be used.
    pub fn build(self) -> Result<AnthropicModel, SetupError> {
        let url = self.setup.url("/messages")?;
        let host = url.host_str().unwrap_or_default();
        let origin = format!("{} {host} {}", self.provider, self.model);
        let mut params = self.params;
        params.max_tokens.get_or_insert(8192);
        let api = Messages {
            model: as_sent::model(&self.model, &self.fields),
            params: as_sent::params(&params, &self.fields),
            fixed: Fixed {
                model: self.model,
                provider: self.provider,
                params,
                fields: self.fields,
                origin: origin.into(),
            },
        };
        let fixed = [("anthropic-version", VERSION)];
        let endpoint = self
            .setup
            .endpoint(url, KeyIn::Header("x-api-key"), &fixed, api)?;
        Ok(AnthropicModel(Arc::new(endpoint)))
    }
}

impl fmt::Debug for AnthropicBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnthropicBuilder")
            .field("model", &self.model)
            .field("key", &self.setup.key.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
