//! Responses as OpenAI's clients expect them.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) fn json_of(status: StatusCode, value: &Value) -> Response {
    whole(status, "application/json", Body::from(value.to_string()))
}

pub(super) fn whole(status: StatusCode, kind: &str, body: Body) -> Response {
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .body(body);
    // Whatever a provider says it is, it is then of no type.
    response.unwrap_or_default()
}

/// OpenAI's error object.
pub(super) fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let kind = if status.is_server_error() {
        "server_error"
    } else {
        "invalid_request_error"
    };
    let error = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    json_of(status, &error)
}
