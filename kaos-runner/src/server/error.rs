//! What is answered instead of what was asked for: OpenAI's error object, in words of our own.

mod of_turn;

use std::borrow::Cow;

use axum::http::header::{CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::Json;

/// How many seconds a client is told to wait.
const SOON: u32 = 1;

/// What an answer is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    Free,
    /// JSON of the schema that was given.
    Schema,
}

impl AnswerForm {
    pub(super) fn of(has_schema: bool) -> Self {
        if has_schema { Self::Schema } else { Self::Free }
    }
}

/// An answer that says what is wrong. Its words are ours: nothing of what a model, a store or a library
/// says about itself leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: Cow<'static, str>,
    /// The field that is wrong.
    param: Option<String>,
    /// In how many seconds it may be different.
    retry_after: Option<u32>,
}

impl ApiError {
    const fn new(
        status: StatusCode,
        kind: &'static str,
        code: &'static str,
        message: &'static str,
    ) -> Self {
        Self {
            status,
            kind,
            code,
            message: Cow::Borrowed(message),
            param: None,
            retry_after: None,
        }
    }

    const fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn invalid(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            message: message.into(),
            ..Self::new(status, "invalid_request_error", code, "")
        }
    }

    /// This field has the wrong type or value.
    pub(super) fn field(param: impl Into<String>, wrong: impl std::fmt::Display) -> Self {
        let param = param.into();
        let message = format!("{param}: {wrong}");
        Self {
            param: Some(param),
            ..Self::invalid(StatusCode::BAD_REQUEST, "invalid_value", message)
        }
    }

    /// This field is not known here, and what it asks for is not done.
    pub(super) fn unsupported(param: impl Into<String>, why: &str) -> Self {
        Self {
            code: "unsupported_parameter",
            ..Self::field(param, why)
        }
    }

    pub(super) fn not_json(why: &str) -> Self {
        let message = format!("the body is no JSON object: {why}");
        Self::invalid(StatusCode::BAD_REQUEST, "invalid_json", message)
    }

    pub(super) fn not_received() -> Self {
        let message = "the body ended before it was whole";
        Self::invalid(StatusCode::BAD_REQUEST, "incomplete_body", message)
    }

    pub(super) fn too_slow() -> Self {
        let message = "the body did not arrive in time";
        Self::invalid(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::invalid(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    pub(super) fn too_many_values(limit: usize) -> Self {
        let message = format!("the body has more than {limit} JSON values");
        Self::invalid(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    pub(super) fn malformed() -> Self {
        let message = "the body is not sent as its headers say";
        Self::invalid(StatusCode::BAD_REQUEST, "malformed_body", message)
    }

    pub(super) fn not_this_type() -> Self {
        let message = "the body must be sent as application/json, not encoded";
        Self::invalid(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    pub(super) fn no_such_path() -> Self {
        let message = "there is nothing at this path";
        Self::invalid(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn wrong_method() -> Self {
        let message = "this path does not know this method";
        Self::invalid(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    pub(super) fn bad_host() -> Self {
        let message = "the request must name one host";
        Self::invalid(StatusCode::BAD_REQUEST, "invalid_host", message)
    }

    pub(super) const fn foreign_host() -> Self {
        let message = "this server is not asked under this name; who runs it may allow it";
        Self::new(
            StatusCode::FORBIDDEN,
            "permission_error",
            "host_not_allowed",
            message,
        )
    }

    pub(super) const fn foreign_origin() -> Self {
        let message = "web pages of this origin may not ask this server; who runs it may allow it";
        Self::new(
            StatusCode::FORBIDDEN,
            "permission_error",
            "origin_not_allowed",
            message,
        )
    }

    pub(super) const fn unauthorized() -> Self {
        let message = "the header Authorization must have a bearer token that is known here";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            message,
        )
    }

    pub(super) const fn too_many() -> Self {
        let message = "the agent answers as many requests as it may";
        let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error");
        Self::new(status, kind, "too_many_requests", message).after(SOON)
    }

    pub(super) const fn too_many_bytes() -> Self {
        let message = "the requests that the agent answers are as large as they may be together";
        let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error");
        Self::new(status, kind, "too_many_requests", message).after(SOON)
    }

    pub(super) const fn ending() -> Self {
        let message = "the server is shutting down";
        Self::unavailable("shutting_down", message).after(SOON)
    }

    pub(super) const fn internal() -> Self {
        let message = "something went wrong that should not";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "internal_error",
            message,
        )
    }

    const fn unavailable(code: &'static str, message: &'static str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            code,
            message,
        )
    }

    const fn gateway(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "server_error", code, message)
    }

    /// The error object.
    pub(super) fn body(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        } })
    }

    /// Whether asking again may help. OpenAI's clients ask again by themselves after these statuses unless
    /// they are told.
    fn is_final(&self) -> bool {
        self.status.is_server_error() && self.retry_after.is_none()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.is_final() {
            let header = HeaderName::from_static("x-should-retry");
            headers.insert(header, HeaderValue::from_static("false"));
        }
        if matches!(
            self.status,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT
        ) {
            // The rest of the body is not read.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
