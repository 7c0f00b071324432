#![doc = include_str!("../docs/models.md")]

mod assembly;
mod builder;
mod env;
mod error;
mod http;
mod retry;
mod sse;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use kaos_hooks::{LlmCall, LlmParams, Server, Str};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::{Deltas, Model, ModelError, ModelErrorKind, ModelReply, ModelRequest};
use assembly::Assembly;
use error::Failed;
use http::Form;
use wire::{Answer, Fixed};

pub use builder::{OpenAiBuilder, SetupError, Timeouts};
pub use env::{model_from_env, model_from_vars};
pub use retry::Retries;

/// A model behind an OpenAI-compatible endpoint: OpenAI, LiteLLM, Ollama, vLLM, llama.cpp, …
///
/// Cheap to clone; clones share the connections.
///
/// # Example
///
/// ```
/// use kaos_hooks::LlmParams;
/// use kaos_runner::{Agent, openai::OpenAiModel};
///
/// let model = OpenAiModel::builder("http://localhost:11434/v1", "llama3.2")
///     .params(LlmParams { temperature: Some(0.2), ..LlmParams::default() })
///     .build()?;
/// let agent = Agent::new("assistant", model);
/// # Ok::<(), kaos_runner::openai::SetupError>(())
/// ```
#[derive(Clone)]
pub struct OpenAiModel(Arc<Inner>);

struct Inner {
    client: Client,
    url: Url,
    server: Option<Server>,
    authorization: Option<HeaderValue>,
    key: Option<String>,
    provider: Str,
    fixed: Fixed,
    timeouts: Timeouts,
    retries: Retries,
    most_bytes: usize,
    /// Calls without an id so far.
    unnamed: AtomicU64,
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
        self.0.provider.clone()
    }

    fn name(&self) -> Str {
        self.0.fixed.model.clone()
    }

    fn call(&self) -> LlmCall {
        let params = &self.0.fixed.params;
        LlmCall {
            server: self.0.server.clone(),
            params: (*params != LlmParams::default()).then(|| Box::new(params.clone())),
            ..LlmCall::new(self.provider(), self.name())
        }
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        let total = self.0.timeouts.total;
        let deadline = Instant::now() + total;
        let answered = timeout_at(deadline, self.0.attempts(request, deltas, deadline)).await;
        let answered = answered.unwrap_or_else(|_elapsed| {
            let why = format!("no answer within {total:?}");
            Err(Failed::new(ModelErrorKind::Timeout, why))
        });
        answered.map_err(|failed| failed.into_error(self.0.key.as_deref()))
    }
}

impl Inner {
    /// Attempts, with waits between them, until one succeeds or no further one would help.
    async fn attempts(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
        deadline: Instant,
    ) -> Result<ModelReply, Failed> {
        let body = self.fixed.body(&request).map_err(|error| {
            let why = format!("the request cannot be written as JSON: {error}");
            Failed::new(ModelErrorKind::InvalidRequest, why)
        })?;
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(&body, request, deltas).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            let unseen = deltas.time_to_first_chunk().is_none();
            let delay = self.retries.delay(attempt, &failed);
            // A wait beyond the deadline would only hide what went wrong.
            match delay.filter(|delay| unseen && Instant::now() + *delay < deadline) {
                None => return Err(failed),
                Some(delay) => {
                    deltas.retry(attempt, failed.kind, delay);
                    sleep(delay).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn attempt(
        &self,
        body: &[u8],
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, Failed> {
        let mut sent = self
            .client
            .post(self.url.clone())
            .headers(http::trace_headers(request.hooks))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_vec());
        if let Some(authorization) = &self.authorization {
            sent = sent.header(AUTHORIZATION, authorization.clone());
        }
        let opened = async {
            let mut body = http::send(sent, self.most_bytes).await?;
            let first = body.chunk().await?;
            Ok((body, first))
        };
        let limit = self.timeouts.first_chunk;
        let (mut body, mut chunk) = if request.stream {
            timeout(limit, opened).await.unwrap_or_else(|_elapsed| {
                let why = format!("no first chunk within {limit:?}");
                Err(Failed::new(ModelErrorKind::Timeout, why))
            })?
        } else {
            opened.await?
        };

        let mut assembly = Assembly::new(&self.unnamed);
        // The endpoint decides: some stream always, some never.
        if body.form == Form::Json {
            let mut text: Vec<u8> = Vec::new();
            while let Some(bytes) = chunk {
                text.extend_from_slice(bytes.as_ref());
                chunk = body.chunk().await?;
            }
            assembly.whole(parse(&text)?);
            return assembly.reply();
        }
        let mut events = sse::Events::default();
        while let Some(bytes) = chunk {
            for data in events.push(bytes.as_ref()) {
                if data == DONE {
                    return assembly.reply();
                }
                assembly.chunk(parse(&data)?, deltas);
            }
            chunk = match body.chunk().await {
                Ok(chunk) => chunk,
                // All was said; only the tokens may be missing.
                Err(_broken) if assembly.is_finished() => None,
                Err(failed) => return Err(failed),
            };
        }
        match events.finish() {
            Some(data) if data == DONE => return assembly.reply(),
            Some(data) => assembly.chunk(parse(&data)?, deltas),
            None => {}
        }
        if assembly.is_finished() {
            assembly.reply()
        } else {
            Err(Failed::bad_response("the stream ended before the answer"))
        }
    }
}

/// What ends a stream.
const DONE: &[u8] = b"[DONE]";

fn parse(json: &[u8]) -> Result<Answer, Failed> {
    let answer: Answer = serde_json::from_slice(json).map_err(|error| {
        Failed::bad_response(format!("the response is not what it should be: {error}"))
    })?;
    match &answer.error {
        Some(error) => Err(Failed::in_answer(error)),
        None => Ok(answer),
    }
}

impl fmt::Debug for OpenAiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiModel")
            .field("provider", &self.0.provider)
            .field("model", &self.0.fixed.model)
            .field("server", &self.0.server)
            .field("path", &self.0.url.path())
            .finish_non_exhaustive()
    }
}
