//! A model behind HTTP, whatever its API: attempts from top to bottom, within limits of time.

use kaos_hooks::{Server, Usage};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::{Failed, error_in};
use super::http::{Body, Bounds, Form};
use super::names::Names;
use super::sse::{Event, Events};
use super::{Retries, Timeouts, http, json};
use crate::turn::add;
use crate::{Deltas, ModelError, ModelErrorKind, ModelReply, ModelRequest};

/// What one model API says in another way than others.
pub(super) trait Api: Send + Sync + 'static {
    /// A reply in the making.
    type Reading<'a>: Reading;

    /// The body of a request, whose tools go by these names.
    fn body(&self, request: &ModelRequest<'_>, names: &Names) -> serde_json::Result<Vec<u8>>;

    /// Begins to read the answer.
    fn reading<'a>(&'a self, request: &ModelRequest<'a>, names: &'a Names) -> Self::Reading<'a>;
}

/// A reply in the making.
pub(super) trait Reading: Send {
    /// Takes a whole answer.
    fn whole(&mut self, answer: &Value) -> Result<(), Failed>;

    /// Takes a piece of a streamed answer and hands on what it says.
    fn piece(&mut self, piece: &Value, deltas: &Deltas) -> Result<(), Failed>;

    /// Whether everything was said.
    fn is_whole(&self) -> bool;

    /// Whether it was said why the model stopped: then only accounting can follow.
    fn is_finished(&self) -> bool;

    /// The tokens that were told so far.
    fn usage(&self) -> Option<Usage>;

    fn reply(self) -> Result<ModelReply, Failed>;
}

pub(super) struct Endpoint<A> {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) server: Option<Server>,
    pub(super) headers: HeaderMap,
    /// What must not stand in an error.
    pub(super) secrets: Vec<String>,
    pub(super) api: A,
    pub(super) timeouts: Timeouts,
    pub(super) retries: Retries,
    pub(super) most_bytes: usize,
    /// How many tokens a request and its answer may have.
    pub(super) context: Option<u64>,
}

impl<A: Api> Endpoint<A> {
    pub(super) async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        let total = self.timeouts.total;
        let deadline = Instant::now() + total;
        let answered = timeout_at(deadline, self.attempts(request, deltas, deadline)).await;
        let answered = answered.unwrap_or_else(|_elapsed| {
            let why = format!("no answer within {total:?}");
            Err(Failed::new(ModelErrorKind::Timeout, why))
        });
        answered.map_err(|failed| failed.into_error(&self.secrets))
    }

    /// Attempts, with waits between them, until one succeeds or no further one would help.
    async fn attempts(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
        deadline: Instant,
    ) -> Result<ModelReply, Failed> {
        let names = Names::of(&request);
        let body = self.api.body(&request, &names).map_err(|error| {
            let why = format!("the request cannot be written as JSON: {error}");
            Failed::new(ModelErrorKind::InvalidRequest, why)
        })?;
        let mut spent: Option<Usage> = None;
        let mut attempt = 1;
        loop {
            let failed = match self.attempt(&body, request, &names, deltas).await {
                Ok(mut reply) => {
                    reply.usage = reply.usage.and_then(|usage| add(Some(usage), spent));
                    return Ok(reply);
                }
                Err(failed) => failed,
            };
            spent = add(spent, failed.usage);
            let unseen = deltas.time_to_first_chunk().is_none();
            let delay = self.retries.delay(attempt, &failed);
            // A wait beyond the deadline would only hide what went wrong.
            match delay.filter(|delay| unseen && Instant::now() + *delay < deadline) {
                None => return Err(failed.spent(spent)),
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
        names: &Names,
        deltas: &Deltas,
    ) -> Result<ModelReply, Failed> {
        let sent = self
            .client
            .post(self.url.clone())
            .headers(http::trace_headers(request.hooks))
            .header(CONTENT_TYPE, "application/json")
            .headers(self.headers.clone())
            .body(body.to_vec());
        let bounds = Bounds {
            bytes: self.most_bytes,
            between_chunks: self.timeouts.between_chunks,
        };
        let opened = http::send(sent, bounds);
        let limit = self.timeouts.first_chunk;
        let mut body = if request.stream {
            timeout(limit, opened).await.unwrap_or_else(|_elapsed| {
                let why = format!("no first chunk within {limit:?}");
                Err(Failed::new(ModelErrorKind::Timeout, why))
            })?
        } else {
            opened.await?
        };
        let mut reading = self.api.reading(&request, names);
        // The endpoint decides: some stream always, some never.
        let read = match body.form {
            Form::Json => whole(&mut body, &mut reading).await,
            Form::Events => streamed(&mut body, &mut reading, deltas).await,
        };
        let usage = reading.usage();
        let reply = match read {
            Ok(()) => reading.reply(),
            Err(failed) => Err(failed),
        };
        reply.map_err(|failed| failed.spent(usage))
    }
}

async fn whole(body: &mut Body, reading: &mut impl Reading) -> Result<(), Failed> {
    let mut text: Vec<u8> = Vec::new();
    while let Some(bytes) = body.chunk().await? {
        text.extend_from_slice(&bytes);
    }
    reading.whole(&parse(&text)?)
}

async fn streamed(
    body: &mut Body,
    reading: &mut impl Reading,
    deltas: &Deltas,
) -> Result<(), Failed> {
    let mut events = Events::default();
    loop {
        let bytes = match body.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            // All was said; only the tokens may be missing.
            Err(_broken) if reading.is_finished() => break,
            Err(failed) => return Err(failed),
        };
        for event in events.push(&bytes) {
            if said(&event, reading, deltas)? {
                return Ok(());
            }
        }
    }
    let last = events.finish();
    let ended = match &last {
        Some(event) => said(event, reading, deltas)?,
        None => false,
    };
    if ended || reading.is_finished() {
        return Ok(());
    }
    Err(Failed::bad_response("the stream ended before the answer"))
}

/// What ends a stream, in words of its own.
const DONE: &[u8] = b"[DONE]";

/// Takes an event; whether the stream ends with it.
fn said(event: &Event, reading: &mut impl Reading, deltas: &Deltas) -> Result<bool, Failed> {
    let data = event.data.trim_ascii();
    if data == DONE {
        return Ok(true);
    }
    if event.kind == b"error" {
        let error = json::read(data);
        let error = error.unwrap_or_else(|_text| String::from_utf8_lossy(data).into());
        return Err(Failed::in_answer(error_in(&error).unwrap_or(&error)));
    }
    if data.is_empty() {
        return Ok(false);
    }
    reading.piece(&parse(data)?, deltas)?;
    Ok(reading.is_whole())
}

fn parse(bytes: &[u8]) -> Result<Value, Failed> {
    let value = json::read(bytes).map_err(|error| {
        Failed::bad_response(format!("the response is not what it should be: {error}"))
    })?;
    match error_in(&value) {
        Some(error) => Err(Failed::in_answer(error)),
        None => Ok(value),
    }
}
