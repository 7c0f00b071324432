//! The agents of a team that runs here, and asking one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::Response;
use futures_util::future::join_all;
use futures_util::stream::try_unfold;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Wrong, json_of, text};
use super::shared::Shared;
use crate::team::state::{Component, Place, Record};

/// How long an agent may take to say what it is.
const CARD: Duration = Duration::from_secs(2);

/// Bytes of what an agent says of itself.
const MAX_CARD_BYTES: usize = 256 * 1024;

fn running(shared: &Shared) -> Option<Record> {
    Place::of(&shared.team).ok()?.running(&shared.team).ok()
}

/// The components; without their tokens.
pub(super) async fn team(State(shared): State<Arc<Shared>>) -> Answer {
    let Some(record) = running(&shared) else {
        return Ok(json_of(&json!({ "running": false, "name": shared.team })));
    };
    let components = join_all(record.components.iter().map(described)).await;
    Ok(json_of(&json!({
        "running": true,
        "name": shared.team,
        "state": record.state,
        "since": record.since,
        "trail": record.trail,
        "components": components,
    })))
}

async fn described(component: &Component) -> Value {
    let is_agent = component.kind == "Agent" && component.stage == "ready";
    let card = if is_agent {
        said(component, "/.well-known/agent-card.json").await
    } else {
        None
    };
    let tools = if is_agent {
        said(component, "/tools").await
    } else {
        None
    };
    json!({
        "name": component.name,
        "kind": component.kind,
        "resource": component.resource,
        "stage": component.stage,
        "port": component.port,
        "pid": component.pid,
        "since": component.since,
        "restarts": component.restarts,
        "why": component.why,
        "card": card,
        "tools": tools,
    })
}

async fn said(component: &Component, path: &str) -> Option<Value> {
    let url = Url::parse(&format!("http://127.0.0.1:{}{path}", component.port)).ok()?;
    let client = kaos_runner::http_client(&url, CARD).ok()?;
    let mut request = client.get(url).timeout(CARD);
    if let Some(token) = &component.token {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.ok()?.error_for_status().ok()?;
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_CARD_BYTES {
            return None;
        }
    }
    serde_json::from_slice(&bytes).ok()
}

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
    let record = running(&shared).ok_or_else(|| Wrong::not_now("no team runs"))?;
    let agent = record
        .agent(&ask.agent)
        .map_err(|error| Wrong::not_found(error.to_string()))?;
    let url = format!("http://127.0.0.1:{}/v1/chat/completions", agent.port);
    let failed = |why: &str| Wrong::not_now(format!("{} {why}", agent.resource));
    let url = Url::parse(&url).map_err(|_no_url| failed("has no address"))?;
    let client = kaos_runner::http_client(&url, Duration::from_secs(5));
    let client = client.map_err(|_no_client| failed("cannot be asked"))?;
    let body = json!({
        "model": agent.resource,
        "messages": [{"role": "user", "content": ask.question}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let mut request = client.post(url).header("Content-Type", "application/json");
    if let Some(token) = &agent.token {
        request = request.bearer_auth(token);
    }
    let session = HeaderValue::from_str(&ask.session);
    let session =
        session.map_err(|_no_header| Wrong::bad("session: expected printable letters"))?;
    if !session.is_empty() {
        request = request.header("X-Session-ID", session);
    }
    let sent = request.body(body.to_string()).send().await;
    let answered = sent.map_err(|_no_answer| failed("does not answer"))?;
    let status = answered.status();
    if !status.is_success() {
        let body: Option<Value> = answered.json().await.ok();
        let message = body
            .as_ref()
            .and_then(|it| it.get("error")?.get("message")?.as_str());
        let message = message.unwrap_or("says no more");
        return Err(failed(&format!("answers with {status}: {message}")));
    }
    let trace = answered.headers().get("x-trace-id").cloned();
    let pieces = try_unfold(answered, async |mut answered| {
        let piece = answered.chunk().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(piece.map(|piece| (piece, answered)))
    });
    let mut response: Response = text("text/event-stream", Body::from_stream(pieces));
    if let Some(trace) = trace {
        response.headers_mut().insert("x-trace-id", trace);
    }
    Ok(response)
}
