//! `GET /memory/events` and `/memory/sessions`: what the agent did of late.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use http_body_util::{BodyExt as _, StreamBody};
use kaos_hooks::memory::{MemoryEvent, MemoryHook, MemoryQuery, MemoryQueryError};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::app::App;
use super::error::ApiError;
use super::json::Json;

/// How many lists are made or sent at once; who asks for one more is told to come later.
pub(super) const AT_ONCE: usize = 4;

pub(super) async fn events(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = pairs(&query);
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    let query = match MemoryQuery::from_pairs(pairs) {
        Ok(query) => query,
        Err(wrong) => return refused(&wrong),
    };
    let agent = app.runner.agent().name();
    let Some(memory) = app.memory.clone() else {
        return Json(json!({ "agent": agent, "events": [], "total": 0 })).into_response();
    };
    // Each may be as large as all that is remembered.
    let Ok(reading) = Arc::clone(&app.listings).try_acquire_owned() else {
        return ApiError::too_many().into_response();
    };
    // Secrets are looked for when an event is first read, which takes its time.
    let found = tokio::task::spawn_blocking(move || {
        let found = memory.find(&query);
        let events: Vec<Value> = found.events.iter().map(MemoryEvent::to_json).collect();
        (events, found.total)
    });
    match found.await {
        Ok((events, total)) => {
            let listed = json!({ "agent": agent, "events": events, "total": total });
            Json(listed).into_response().map(|body| held(body, reading))
        }
        Err(_panicked) => ApiError::internal().into_response(),
    }
}

/// The same body, which keeps this until it was handed on.
fn held(body: Body, reading: OwnedSemaphorePermit) -> Body {
    let pieces = unfold((body, reading), async |(mut body, reading)| {
        let frame = body.frame().await?;
        Some((frame, (body, reading)))
    });
    Body::new(StreamBody::new(pieces))
}

pub(super) async fn sessions(State(app): State<Arc<App>>) -> Json {
    let sessions = app.memory.as_ref().map(MemoryHook::sessions);
    let sessions = sessions.unwrap_or_default();
    let (agent, total) = (app.runner.agent().name(), sessions.len());
    Json(json!({ "agent": agent, "sessions": sessions, "total": total }))
}

/// The parameters behind the question mark, decoded.
fn pairs(query: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pair = |part| {
        let (name, value) = str::split_once(part, '=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    parts.map(pair).collect()
}

/// A text of a form (WHATWG URL, 5.1): `+` is a space, `%41` a byte.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let hex = hex.filter(|two| two.bytes().all(|it| it.is_ascii_hexdigit()));
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                more.get(2..).unwrap_or_default()
            }
            (b'+', _) => {
                bytes.push(b' ');
                more
            }
            (other, _) => {
                bytes.push(*other);
                more
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// What is wrong with a parameter: OpenAI's error object, and beside it the list that KAOS' servers give.
fn refused(wrong: &MemoryQueryError) -> Response {
    let (name, value) = (wrong.parameter, wrong.value.as_str());
    let kind = if name == "limit" {
        "int_parsing"
    } else {
        "value_error"
    };
    let body = json!({
        "error": {
            "message": format!("{name}: {}", wrong.expected),
            "type": "invalid_request_error",
            "param": name,
            "code": "invalid_value",
        },
        "detail": [{ "type": kind, "loc": ["query", name], "msg": wrong.expected, "input": value }],
    });
    (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_as_forms_are() {
        for (query, name, value) in [
            ("session_id=a%20b%2Fc+d", "session_id", "a b/c d"),
            ("limit=1&", "limit", "1"),
            ("limit", "limit", ""),
            ("a=100%", "a", "100%"),
            ("a=%zz%4", "a", "%zz%4"),
            ("a=%FF", "a", "\u{fffd}"),
        ] {
            assert_eq!(pairs(query), [(name.into(), value.into())], "{query}");
        }
    }
}
