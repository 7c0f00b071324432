//! A request goes to the provider, and its answer back, as they are.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::try_unfold;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use tracing::warn;

use super::call::Call;
use super::provider::Provider;
use super::response::{refused, whole};

/// How long a provider may say nothing.
const SILENCE: Duration = Duration::from_secs(300);

/// Bytes of what is looked at of an answer: the rest goes on unseen.
const SEEN: usize = 1024 * 1024;

pub(super) async fn forwarded(provider: &Provider, mut call: Call, body: &Value) -> Response {
    let Some((client, url)) = &provider.to else {
        fail(provider, call, "500");
        return refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the model has no address",
        );
    };
    let mut request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    if let Some(key) = &provider.key {
        request = request.bearer_auth(key.expose());
    }
    for (name, value) in call.span().headers() {
        request = request.header(name, value);
    }
    let answered = match tokio::time::timeout(SILENCE, request.send()).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_why)) => {
            fail(provider, call, "connection");
            return refused(
                StatusCode::BAD_GATEWAY,
                "model_unreachable",
                "the model's provider does not answer",
            );
        }
        Err(_late) => {
            fail(provider, call, "timeout");
            return refused(
                StatusCode::GATEWAY_TIMEOUT,
                "model_timeout",
                "the model's provider says nothing",
            );
        }
    };
    let status =
        StatusCode::from_u16(answered.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    if status.is_redirection() || status.is_informational() {
        fail(provider, call, status.as_str());
        return refused(
            StatusCode::BAD_GATEWAY,
            "bad_response",
            "the model's provider redirects, which is not followed, or wants another protocol",
        );
    }
    let later = answered.headers().get(RETRY_AFTER).cloned();
    let kind = answered.headers().get(CONTENT_TYPE);
    let kind = kind
        .and_then(|it| it.to_str().ok())
        .unwrap_or("application/json")
        .to_owned();
    let passing = Passing {
        answered,
        seen: Vec::new(),
        streams: kind.starts_with("text/event-stream"),
        status,
        call: Some(call),
        model: provider.route.name.clone(),
    };
    let pieces = try_unfold(passing, async |mut passing| {
        let piece = tokio::time::timeout(SILENCE, passing.answered.chunk()).await;
        match piece {
            Ok(Ok(Some(piece))) => {
                passing.see(&piece);
                Ok(Some((piece, passing)))
            }
            Ok(Ok(None)) => {
                passing.end();
                Ok(None)
            }
            Ok(Err(error)) => {
                passing.fail("connection");
                Err(std::io::Error::other(error))
            }
            Err(late) => {
                passing.fail("timeout");
                Err(std::io::Error::other(late))
            }
        }
    });
    let mut response = whole(status, &kind, Body::from_stream(pieces));
    if let Some(later) = later {
        response.headers_mut().insert(RETRY_AFTER, later);
    }
    response
}

fn fail(provider: &Provider, call: Call, why: &str) {
    failed(&provider.route.name, why);
    call.fail(why);
}

fn failed(model: &str, why: &str) {
    warn!(target: "kaos", model, error_type = why, "the model's provider failed");
}

/// An answer on its way. Dropped before its end, nobody wanted the rest.
struct Passing {
    answered: reqwest::Response,
    seen: Vec<u8>,
    streams: bool,
    status: StatusCode,
    call: Option<Call>,
    model: String,
}

impl Passing {
    fn see(&mut self, piece: &[u8]) {
        self.seen.extend_from_slice(piece);
        if self.streams {
            while let Some(end) = self.seen.iter().position(|it| *it == b'\n') {
                let line: Vec<u8> = self.seen.drain(..=end).collect();
                let data = line.strip_prefix(b"data:");
                if let Some(frame) = data.and_then(|it| serde_json::from_slice(it).ok()) {
                    self.take(&frame);
                }
            }
        }
        if self.seen.len() > SEEN {
            self.seen = Vec::new();
        }
    }

    fn take(&mut self, frame: &Value) {
        let Some(call) = &mut self.call else {
            return;
        };
        let call = call.span();
        let text = |name: &str| frame.get(name).and_then(Value::as_str);
        call.response(text("id"), text("model"));
        let choice = frame.get("choices").and_then(|it| it.get(0));
        let finish = choice.and_then(|it| it.get("finish_reason")?.as_str());
        if let Some(finish) = finish {
            call.finished(finish);
        }
        let tokens = |name: &str| frame.get("usage")?.get(name)?.as_u64();
        if let (Some(input), Some(output)) = (tokens("prompt_tokens"), tokens("completion_tokens"))
        {
            call.usage(input, output);
        }
    }

    fn end(&mut self) {
        if !self.streams
            && let Ok(answer) = serde_json::from_slice(&self.seen)
        {
            self.take(&answer);
        }
        if !self.status.is_success() {
            let status = self.status.as_str().to_owned();
            self.fail(&status);
        } else if let Some(call) = self.call.take() {
            call.complete();
        }
    }

    fn fail(&mut self, error_type: &str) {
        if let Some(call) = self.call.take() {
            failed(&self.model, error_type);
            call.fail(error_type);
        }
    }
}
