//! What a client is told of a turn without an answer.

use axum::http::StatusCode;
use kaos_hooks::Budget;

use super::{AnswerForm, ApiError, SOON};
use crate::{ModelError, ModelErrorKind, SessionError, TurnErrorKind};

/// How many seconds a client is told to wait for a model or a session.
const LATER: u32 = 5;

impl ApiError {
    /// A turn without an answer, which was to be this.
    pub(in crate::server) fn of(why: &TurnErrorKind, form: AnswerForm) -> Self {
        match why {
            TurnErrorKind::Budget {
                budget: Budget::Steps,
                limit,
                ..
            } if form == AnswerForm::Schema => {
                let words = "the agent found no answer that fits the schema of response_format";
                let message = format!("{words} within its limit of {limit} steps");
                Self {
                    param: Some("response_format".to_owned()),
                    ..Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, "max_steps", message)
                }
            }
            TurnErrorKind::Model(error) => Self::of_model(error),
            TurnErrorKind::ModelPanicked => Self::internal(),
            TurnErrorKind::Budget { budget, limit, .. } => Self::of_limit(*budget, *limit),
            TurnErrorKind::SessionBusy => {
                let message = "another turn of the session is not over";
                let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error");
                Self::new(status, kind, "session_busy", message).after(LATER)
            }
            TurnErrorKind::Session(SessionError::Lost) => {
                let message = "another turn took the session meanwhile";
                Self::unavailable("session_lost", message).after(SOON)
            }
            TurnErrorKind::Session(_) => {
                let message = "the session's conversation cannot be read";
                Self::unavailable("session_unavailable", message).after(LATER)
            }
        }
    }

    fn of_model(error: &ModelError) -> Self {
        use ModelErrorKind as Kind;
        let is = |kind| error.is(kind);
        if is(Kind::RateLimited) {
            let message = "the model takes no more requests at the moment";
            let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "rate_limit_error");
            Self::new(status, kind, "model_rate_limited", message).after(LATER)
        } else if is(Kind::ContextLength) {
            let message = "the conversation is longer than the model can take";
            Self {
                param: Some("messages".to_owned()),
                ..Self::invalid(StatusCode::BAD_REQUEST, "context_length_exceeded", message)
            }
        } else if is(Kind::ContentFilter) {
            let message = "the model refuses to answer this";
            Self::invalid(StatusCode::BAD_REQUEST, "content_filter", message)
        } else if is(Kind::InvalidRequest) {
            let message = "the model does not accept the request: a parameter, perhaps";
            Self::invalid(StatusCode::BAD_REQUEST, "model_refused_request", message)
        } else if is(Kind::Timeout) {
            let message = "the model did not answer in time";
            Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "server_error",
                "model_timeout",
                message,
            )
        } else if is(Kind::Overloaded) {
            let message = "the model has too much to do at the moment";
            Self::unavailable("model_overloaded", message).after(LATER)
        } else if is(Kind::Auth) {
            Self::gateway("model_auth", "the agent may not use its model")
        } else if is(Kind::NotFound) {
            Self::gateway("model_not_found", "the agent's model is not there")
        } else if is(Kind::Connection) {
            Self::gateway("model_unreachable", "the agent's model cannot be reached")
        } else {
            Self::gateway("model_failed", "the agent's model failed")
        }
    }

    fn of_limit(budget: Budget, limit: u64) -> Self {
        let (code, unit) = match budget {
            Budget::Time => {
                let message = "the turn took longer than it may";
                let status = StatusCode::GATEWAY_TIMEOUT;
                return Self::new(status, "server_error", "turn_timeout", message);
            }
            Budget::Steps => ("max_steps", "steps"),
            Budget::Tokens => ("max_tokens", "tokens"),
            Budget::ToolCalls => ("max_tool_calls", "calls of tools"),
            Budget::Events => ("max_events", "events"),
            _ => ("limit", "something that is counted"),
        };
        let message = format!("the agent found no answer within its limit of {limit} {unit}");
        Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }
}
