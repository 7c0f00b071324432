//! Asking an agent: its answer goes on as it comes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::Response;
use futures_util::stream::try_unfold;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Wrong, text};
use super::shared::Shared;

#[derive(Deserialize)]
struct Ask {
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
    let failed = |why: &str| Wrong::not_now(format!("{} {why}", agent.name));
    let url = format!("http://127.0.0.1:{}/v1/chat/completions", agent.port);
    let url = Url::parse(&url).map_err(|_no_url| failed("has no address"))?;
    let client = kaos_runner::http_client(&url, Duration::from_secs(5));
    let client = client.map_err(|_no_client| failed("cannot be asked"))?;
    let body = json!({
        "model": agent.name,
        "messages": [{"role": "user", "content": ask.question}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let mut request = client.post(url).header("Content-Type", "application/json");
    if let Some(token) = &agent.token {
        request = request.bearer_auth(token);
    }
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
    // What leads to the agent stays for as long as it answers.
    let pieces = try_unfold((answered, agent), async |(mut answered, agent)| {
        let piece = answered.chunk().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(piece.map(|piece| (piece, (answered, agent))))
    });
    let mut response: Response = text("text/event-stream", Body::from_stream(pieces));
    if let Some(trace) = trace {
        response.headers_mut().insert("x-trace-id", trace);
    }
    Ok(response)
}
