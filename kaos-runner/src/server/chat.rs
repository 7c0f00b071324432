//! `POST /v1/chat/completions`: a turn of the agent.

mod fields;
mod messages;
pub(super) mod receive;
mod request;
pub(super) mod said;
mod stream;
mod values;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use kaos_hooks::Incoming;
use tokio_stream::StreamExt as _;

use self::receive::Upload;
use self::request::ChatRequest;
use self::said::Envelope;
use self::stream::{Held, Streamed};
use super::app::App;
use super::error::{AnswerForm, ApiError};
use super::json::Json;
use crate::TurnRequest;
#[cfg(feature = "remote")]
use crate::remote::{depth, said};

/// How long a body that is on its way when the server is told to end may still take.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// How many bytes are read in no time worth mentioning.
const AT_ONCE: usize = 16 * 1024;

pub(super) async fn completions(State(app): State<Arc<App>>, request: Request) -> Response {
    let answered = answer(app, request).await;
    answered.unwrap_or_else(axum::response::IntoResponse::into_response)
}

/// What is refused takes nobody's place while the rest of it arrives, which it may, so that its client reads why.
async fn answer(app: Arc<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let mut upload = Upload::new(&app.bounds, &parts.headers, body);
    let why = match taken(&app, &parts.headers, &mut upload).await {
        Ok((asked, held)) => return answered(&app, &parts, asked, held).await,
        Err(why) => why,
    };
    tokio::select! {
        () = app.drain.ending() => {}
        () = upload.pass_over() => {}
    }
    Err(why)
}

/// What is asked for, and its place among what is answered.
async fn taken(
    app: &App,
    headers: &HeaderMap,
    upload: &mut Upload<'_>,
) -> Result<(ChatRequest, Held), ApiError> {
    let running = app.drain.enter().ok_or_else(ApiError::ending)?;
    let permit = Arc::clone(&app.permits).try_acquire_owned();
    let permit = permit.map_err(|_none| ApiError::too_many())?;
    // A request that is not there yet is no turn: a client that sends slowly holds up no end.
    let ending = async {
        app.drain.ending().await;
        tokio::time::sleep(ON_ITS_WAY).await;
    };
    let body = tokio::select! {
        biased;
        () = app.drain.cancelled() => return Err(ApiError::ending()),
        body = upload.receive(&app.room) => body?,
        () = ending => return Err(ApiError::ending()),
    };
    let held = Held {
        _running: running,
        _permit: permit,
        _room: body.room,
    };
    Ok((read(headers, body.bytes).await?, held))
}

/// The answer, unless the server ends at once.
async fn answered(
    app: &App,
    parts: &Parts,
    asked: ChatRequest,
    held: Held,
) -> Result<Response, ApiError> {
    let drain = app.drain.clone();
    tokio::select! {
        biased;
        () = drain.cancelled() => Err(ApiError::ending()),
        answered = run(app, parts, asked, held) => answered,
    }
}

async fn run(
    app: &App,
    parts: &Parts,
    asked: ChatRequest,
    held: Held,
) -> Result<Response, ApiError> {
    // Who made a span for the request has said so.
    let incoming = parts.extensions.get::<Incoming>().cloned();
    let incoming = incoming.or_else(|| app.runner.observed_by().extract(&parts.headers));
    #[cfg(feature = "remote")]
    let incoming = with_depth(incoming, &parts.headers);
    let (stream, include_usage) = (asked.stream, asked.include_usage);
    let progress = app.progress || asked.progress;
    let model = asked
        .model
        .clone()
        .unwrap_or_else(|| app.runner.agent().name().to_owned());
    let session = asked.session.clone();
    let form = AnswerForm::of(asked.output.is_some());
    let at_the_end = form == AnswerForm::Schema || app.runner.agent().fenced;
    let mut events = turn(app, asked, incoming).run();
    let first = events.next().await;
    let traced = app.runner.observed_by().is_traced();
    let envelope = Envelope::new(first.as_ref(), model, session, traced);
    let mut response = if stream {
        let headers = envelope.headers();
        let streamed = Streamed {
            events,
            root: first.map(|event| event.run.id),
            envelope,
            include_usage,
            progress,
            form,
            at_the_end,
            max_steps: app.runner.agent().limits.steps,
            keep_alive: app.bounds.keep_alive,
            drain: app.drain.clone(),
            held,
        };
        (headers, stream::body(streamed)).into_response()
    } else {
        let response = match events.into_reply().await {
            Ok(reply) => Json(envelope.whole(&reply)).into_response(),
            Err(why) => ApiError::of(why.kind(), form).into_response(),
        };
        (envelope.headers(), response).into_response()
    };
    let headers = response.headers_mut();
    if stream {
        let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
        headers.insert(CONTENT_TYPE, events);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // Proxies that collect answers before they hand them on (nginx).
        let buffering = HeaderName::from_static("x-accel-buffering");
        headers.insert(buffering, HeaderValue::from_static("no"));
    }
    Ok(response)
}

/// What is asked for. Reading much of it takes a while, and is not done where others wait.
async fn read(headers: &HeaderMap, body: Vec<u8>) -> Result<ChatRequest, ApiError> {
    if body.len() <= AT_ONCE {
        return ChatRequest::read(headers, &body);
    }
    let headers = headers.clone();
    let reading = tokio::task::spawn_blocking(move || ChatRequest::read(&headers, &body));
    reading
        .await
        .unwrap_or_else(|_panicked| Err(ApiError::internal()))
}

/// How many agents a task has passed through is known also where nobody looks at the baggage.
#[cfg(feature = "remote")]
fn with_depth(incoming: Option<Incoming>, headers: &HeaderMap) -> Option<Incoming> {
    let given = incoming.as_ref().is_some_and(|it| !it.baggage.is_empty());
    let all = headers.get_all("baggage").iter();
    let depth = all.filter_map(|it| it.to_str().ok()).map(depth).max();
    let depth = depth.filter(|depth| *depth > 0 && !given);
    let Some(depth) = depth else {
        return incoming;
    };
    let mut incoming = incoming.unwrap_or_default();
    incoming.baggage = said(depth).into();
    Some(incoming)
}

/// The turn that was asked for.
fn turn(app: &App, asked: ChatRequest, incoming: Option<Incoming>) -> TurnRequest {
    let ChatRequest {
        stream,
        session,
        messages,
        params,
        output,
        within,
        ..
    } = asked;
    let named = session.is_some();
    let mut turn = app.runner.turn(messages.asked, session.unwrap_or_default());
    if !named {
        turn = turn.history(messages.history);
    }
    if let Some(within) = within {
        let mut limits = app.runner.agent().limits.clone();
        limits.turn = limits.turn.min(within);
        turn = turn.limits(limits);
    }
    if messages.delegated {
        turn = turn.attribute("kaos.delegated", true);
    }
    if let Some(form) = output {
        turn = turn.output(form);
    }
    turn.instructions(messages.instructions)
        .params(params)
        .streamed(stream)
        .parent(incoming)
}
