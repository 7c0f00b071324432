use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kaos_hooks::{LlmParams, Server, Str};
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};

use super::wire::Fixed;
use super::{OpenAiModel, Retries};

/// How long a model call may take; the clock is tokio's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, for each attempt. Too short fails on a slow network, too long hides a host that
    /// is down. Default: 10 seconds.
    pub connect: Duration,
    /// From an attempt's request to the first bytes of a streamed body. Too short gives up on long
    /// prompts and models that are still being loaded. Default: 60 seconds.
    pub first_chunk: Duration,
    /// The whole call with its retries and their waits. Default: 5 minutes.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_chunk: Duration::from_secs(60),
            total: Duration::from_secs(5 * 60),
        }
    }
}

/// A model cannot be made as it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A variable is needed and not set.
    #[error("{variable} is not set; set it to {expected}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it is for, with an example.
        expected: &'static str,
    },
    /// The base URL cannot be used.
    #[error("the base URL {why}; give one such as http://localhost:11434/v1")]
    Url {
        /// What is wrong with it; the URL itself may hold a password.
        why: &'static str,
    },
    /// The key cannot stand in a header.
    #[error("the API key has characters that cannot be sent; look for line breaks in it")]
    Key,
    /// The HTTP client cannot be built.
    #[error("cannot build the HTTP client")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The makings of an [`OpenAiModel`]; see [`OpenAiModel::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct OpenAiBuilder {
    base_url: String,
    key: Option<String>,
    provider: Str,
    fixed: Fixed,
    timeouts: Timeouts,
    retries: Retries,
    most_bytes: usize,
}

impl OpenAiBuilder {
    pub(super) fn new(base_url: impl Into<String>, model: impl Into<Str>) -> Self {
        Self {
            base_url: base_url.into(),
            key: None,
            provider: Str::Static("openai"),
            fixed: Fixed {
                model: model.into(),
                params: LlmParams::default(),
                stream_usage: true,
                fields: Map::new(),
            },
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            most_bytes: 16 * 1024 * 1024,
        }
    }

    /// The key, sent as `Authorization: Bearer …`. Default: none is sent.
    ///
    /// It appears neither in `Debug` nor in an error, even if the provider repeats it.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into()).filter(|key| !key.is_empty());
        self
    }

    /// `gen_ai.provider.name`. Default: `openai`, whatever the endpoint.
    pub fn provider(mut self, provider: impl Into<Str>) -> Self {
        self.provider = provider.into();
        self
    }

    /// Parameters of every request, which spans show too. `output_type: "json"` asks for any JSON
    /// object. One choice is asked for, whatever `choice_count` says. Default: the endpoint's.
    pub fn params(mut self, params: LlmParams) -> Self {
        self.fixed.params = LlmParams {
            choice_count: None,
            ..params
        };
        self
    }

    /// Sets a field of every request's body that has no setting of its own here, or replaces one:
    /// `tool_choice`, `max_completion_tokens`, `reasoning_effort`, …
    pub fn body_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fixed.fields.insert(name.into(), value.into());
        self
    }

    /// Whether a streamed request asks for the tokens in the last chunk (`stream_options`). Switch
    /// it off for endpoints that refuse the field; the tokens are unknown then. Default: on.
    pub fn stream_usage(mut self, ask: bool) -> Self {
        self.fixed.stream_usage = ask;
        self
    }

    /// How long a call may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// When a request is sent again.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The largest response, in bytes, streamed or not: what bounds the memory of a call, which is a
    /// small multiple of it. Too small cuts off long answers: streamed, every token has a frame of
    /// some hundred bytes around it. Default: 16 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// The model. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL, the key, or the TLS of this machine cannot be used.
    pub fn build(self) -> Result<OpenAiModel, SetupError> {
        let url = endpoint(&self.base_url)?;
        let authorization = self.key.as_ref().map(|key| {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_unsendable| SetupError::Key)?;
            value.set_sensitive(true);
            Ok(value)
        });
        let server = url.host_str().map(|host| Server {
            address: Str::copied(host),
            port: url.port_or_known_default().unwrap_or_default(),
        });
        Ok(OpenAiModel(Arc::new(super::Inner {
            client: crate::http_client::client(&url, self.timeouts.connect)
                .map_err(SetupError::Client)?,
            authorization: authorization.transpose()?,
            key: self.key,
            url,
            server,
            provider: self.provider,
            fixed: self.fixed,
            timeouts: self.timeouts,
            retries: self.retries,
            most_bytes: self.most_bytes,
            unnamed: AtomicU64::new(0),
        })))
    }
}

/// `/chat/completions` beneath the base URL; a base URL without a path means the usual `/v1`.
fn endpoint(base_url: &str) -> Result<Url, SetupError> {
    let wrong = |why| Err(SetupError::Url { why });
    let Ok(mut url) = Url::parse(base_url.trim()) else {
        return wrong("is no URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("is neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds credentials, which belong into the API key");
    }
    let base = match url.path().trim_end_matches('/') {
        "" => "/v1",
        path => path,
    };
    let path = format!("{base}/chat/completions");
    url.set_path(&path);
    Ok(url)
}

impl fmt::Debug for OpenAiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiBuilder")
            .field("model", &self.fixed.model)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
