//! Asking an agent: its answer goes on as it comes.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Request, Response as HttpResponse, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream::try_unfold;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kaos_hooks::TraceId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::agents::Connected;
use super::answer::{Answer, Wrong, text};
use super::shared::Shared;
use crate::output::foreign;

/// Bytes of an answer, and of what is said in the place of one.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
const MAX_REFUSAL: usize = 64 * 1024;

#[derive(Deserialize)]
pub(super) struct Ask {
    agent: String,
    question: String,
    #[serde(default)]
    session: String,
}

/// Asks an agent; its answer goes on as it comes, as it streams it.
pub(super) async fn ask(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let ask: Result<Ask, _> = serde_json::from_slice(&body);
    let ask =
        ask.map_err(|error| Wrong::bad(format!("expected an agent and a question: {error}")))?;
    let session = HeaderValue::from_str(&ask.session);
    let session =
        session.map_err(|_no_header| Wrong::bad("session: expected printable letters"))?;
    let agent = shared.agents.reach(&ask.agent).await?;
    let name = agent.name.clone();
    let failed = |why: &str| Wrong::not_now(format!("{name} {why}"));
    let request = request(&agent, &ask.question, session);
    let request = request.map_err(|_no_request| failed("cannot be asked"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(agent.stream))
        .await
        .map_err(|_closed| failed("does not answer"))?;
    // What drives the connection, and what leads to it, goes with the answer.
    let mut driven = JoinSet::new();
    driven.spawn(connection);
    let kept = (
        driven,
        #[cfg(feature = "operator")]
        agent.leads,
    );
    let answered = sender.send_request(request).await;
    let answered = answered.map_err(|_no_answer| failed("does not answer"))?;
    if !answered.status().is_success() {
        return Err(failed(&refusal(answered).await));
    }
    let is_stream = answered.headers().get(header::CONTENT_TYPE);
    if !is_stream.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream")) {
        return Err(failed("answers with no stream of events"));
    }
    let trace = trace(&answered);
    let body = Body::new(answered.into_body()).into_data_stream();
    let pieces = try_unfold((body, kept, 0), async |(mut body, kept, read)| {
        let Some(piece) = body.next().await else {
            return Ok(None);
        };
        let piece = piece.map_err(io::Error::other)?;
        let read = read + piece.len();
        if read > MAX_ANSWER {
            return Err(io::Error::other("the answer is too long"));
        }
        Ok(Some((piece, (body, kept, read))))
    });
    let mut response: Response = text("text/event-stream", Body::from_stream(pieces));
    if let Some(trace) = trace {
        response.headers_mut().insert("x-trace-id", trace);
    }
    Ok(response)
}

fn request(
    agent: &Connected,
    question: &str,
    session: HeaderValue,
) -> Result<Request<Body>, axum::http::Error> {
    let body = json!({
        "model": agent.name,
        "messages": [{"role": "user", "content": question}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let mut request = Request::post("/v1/chat/completions")
        .header(header::HOST, &agent.host)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = &agent.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if !session.is_empty() {
        request = request.header("X-Session-ID", session);
    }
    request.body(Body::from(body.to_string()))
}

/// What an agent says in the place of an answer.
async fn refusal(answered: HttpResponse<Incoming>) -> String {
    let status = answered.status();
    let body = to_bytes(Body::new(answered.into_body()), MAX_REFUSAL).await;
    let body: Option<Value> = body.ok().and_then(|it| serde_json::from_slice(&it).ok());
    let message = body
        .as_ref()
        .and_then(|it| it.get("error")?.get("message")?.as_str());
    let message = foreign(message.unwrap_or("says no more"));
    format!("answers with {status}: {message}")
}

/// The trace that it says it is, if it can be one.
fn trace(answered: &HttpResponse<Incoming>) -> Option<HeaderValue> {
    let said = answered.headers().get("x-trace-id")?;
    let is_trace = said.to_str().ok()?.parse::<TraceId>().is_ok();
    is_trace.then(|| said.clone())
}
