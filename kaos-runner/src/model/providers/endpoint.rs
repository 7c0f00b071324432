//! A model behind HTTP, whatever its API: attempts from top to bottom, within limits of time.

use kaos_hooks::{Exchange, Server, Usage};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::error::{Failed, error_in};
use super::http::{Body, BodyKind, Bounds};
use super::lines::{Last, Lines};
use super::names::Names;
use super::sse::{Event, Events};
use super::{Retries, Timeouts, http, json};
use crate::model::usage::add;
use crate::{Deltas, ModelError, ModelErrorKind, ModelReply, ModelRequest};

/// What one model API says in another way than others.
pub(super) trait Api: Send + Sync + 'static {
    /// A reply in the making.
    type Reading<'a>: Reading;

    /// The body of a request, whose tools go by these names.
    fn body(&self, request: &ModelRequest<'_>, names: &Names) -> serde_json::Result<Vec<u8>>;

    /// Who is asked, and the most tools it takes in one request.
    fn most_tools(&self) -> (&str, usize);

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

    /// How many calls, or blocks, it has.
    fn parts(&self) -> usize;

    fn reply(self) -> Result<ModelReply, Failed>;
}

/// The most calls, or blocks, of an answer: a bound for what is done once for each of them.
pub(super) const MAX_PARTS: usize = 1024;

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
    pub(super) sends_baggage: bool,
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
        let (provider, most) = self.api.most_tools();
        let tools = request.tools.len();
        if tools > most {
            let why = format!("the agent has {tools} tools, {provider} takes {most} at most");
            return Err(Failed::new(ModelErrorKind::InvalidRequest, why));
        }
        let names = Names::of(&request);
        let body = self.api.body(&request, &names).map_err(|error| {
            let why = format!("the request cannot be written as JSON: {error}");
            Failed::new(ModelErrorKind::InvalidRequest, why)
        })?;
        let mut spent: Option<Usage> = None;
        let mut attempt = 1;
        loop {
            let mut exchange = http::begin(request.hooks, &self.url, attempt);
            let answered = self.attempt(&body, request, &names, deltas, &mut exchange);
            let failed = match http::finish(answered.await, exchange) {
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
        exchange: &mut Exchange,
    ) -> Result<ModelReply, Failed> {
        let sent = self
            .client
            .post(self.url.clone())
            .headers(http::trace_headers(exchange, self.sends_baggage))
            .header(CONTENT_TYPE, "application/json")
            .headers(self.headers.clone())
            .body(body.to_vec());
        let bounds = Bounds {
            bytes: self.most_bytes,
            between_chunks: self.timeouts.between_chunks,
        };
        let opened = http::send(sent, bounds, exchange);
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
            BodyKind::Json => read(&mut body, Lines::default(), &mut reading, deltas).await,
            BodyKind::Events => read(&mut body, Events::default(), &mut reading, deltas).await,
        };
        let usage = reading.usage();
        let reply = match read {
            Ok(()) => reading.reply(),
            Err(failed) => Err(failed),
        };
        reply.map_err(|failed| failed.spent(usage))
    }
}

/// What takes a body apart into events.
trait Split {
    fn push(&mut self, bytes: &[u8]) -> Vec<Event>;

    fn finish(&mut self) -> Last;
}

impl Split for Events {
    fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.push(bytes)
    }

    fn finish(&mut self) -> Last {
        self.finish().map_or(Last::Nothing, Last::Event)
    }
}

impl Split for Lines {
    fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.push(bytes)
    }

    fn finish(&mut self) -> Last {
        self.finish()
    }
}

async fn read(
    body: &mut Body,
    mut split: impl Split,
    reading: &mut impl Reading,
    deltas: &Deltas,
) -> Result<(), Failed> {
    loop {
        let bytes = match body.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            // All was said; only the tokens may be missing.
            Err(_broken) if reading.is_finished() => break,
            Err(failed) => return Err(failed),
        };
        for event in split.push(&bytes) {
            if take_event(&event, reading, deltas)? {
                return Ok(());
            }
        }
    }
    let ended = match split.finish() {
        Last::Event(event) if event.is_cut() => false,
        Last::Event(event) => take_event(&event, reading, deltas)?,
        Last::Answer(text) => {
            reading.whole(&parse(&text)?)?;
            bounded(reading)?;
            true
        }
        Last::Nothing => false,
    };
    if ended || reading.is_finished() {
        return Ok(());
    }
    Err(Failed::bad_response("the stream ended before the answer"))
}

fn bounded(reading: &impl Reading) -> Result<(), Failed> {
    if reading.parts() > MAX_PARTS {
        let why = format!("the answer has more than {MAX_PARTS} calls or blocks");
        return Err(Failed::new(ModelErrorKind::TooLarge, why));
    }
    Ok(())
}

/// What ends a stream, in words of its own.
const DONE: &[u8] = b"[DONE]";

/// Takes an event; whether the stream ends with it.
fn take_event(event: &Event, reading: &mut impl Reading, deltas: &Deltas) -> Result<bool, Failed> {
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
    let piece = match parse(data) {
        Ok(piece) => piece,
        // What cannot be read behind the answer does not take it back.
        Err(odd) if reading.is_finished() && odd.kind == ModelErrorKind::BadResponse => {
            return Ok(true);
        }
        Err(failed) => return Err(failed),
    };
    reading.piece(&piece, deltas)?;
    bounded(reading)?;
    Ok(reading.is_whole())
}

fn parse(bytes: &[u8]) -> Result<Value, Failed> {
    let value = json::read(bytes).map_err(|error| {
        Failed::bad_response(if bytes.trim_ascii_start().starts_with(b"<") {
            "the response is a page for people, not JSON: is the endpoint's URL right, to its version, such as /v1"
                .to_owned()
        } else {
            format!("the response is not JSON: {error}")
        })
    })?;
    match error_in(&value) {
        Some(error) => Err(Failed::in_answer(error)),
        None => Ok(value),
    }
}
