//! From what went wrong to a kind of error, and whether to try again.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{ModelError, ModelErrorKind};

/// The longest text of a provider that is kept, in bytes.
const LONGEST_TEXT: usize = 4096;

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) kind: ModelErrorKind,
    /// Content.
    message: String,
    /// Whether another attempt may do better.
    pub(super) passing: bool,
    /// How long the endpoint asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Failed {
    /// One that another attempt would not mend.
    pub(super) fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            passing: false,
            retry_after: None,
        }
    }

    pub(super) fn bad_response(message: impl Into<String>) -> Self {
        Self::new(ModelErrorKind::BadResponse, message)
    }

    /// There is no connection, or it broke.
    pub(super) fn connection(error: reqwest::Error) -> Self {
        // The URL is the caller's, and not content; but it may hold what should not be shown.
        let error = error.without_url();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self {
            passing: true,
            ..Self::new(ModelErrorKind::Connection, message)
        }
    }

    /// A response whose status is not success.
    pub(super) fn status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let said = Said::of(body);
        let kind = said
            .kind()
            .unwrap_or_else(|| by_status(status, &said.message));
        let text = status.canonical_reason().unwrap_or_default();
        let message = format!("{} {text}: {}", status.as_u16(), said.message);
        Self {
            passing: said.is_passing(kind) || status == StatusCode::REQUEST_TIMEOUT,
            retry_after: retry_after(headers),
            ..Self::new(kind, message)
        }
    }

    /// An error where an answer, or a chunk of it, should be.
    pub(super) fn in_answer(error: &Value) -> Self {
        let said = Said::in_value(error);
        let by_code = said.status.map(|status| by_status(status, &said.message));
        let kind = said.kind().or(by_code);
        let kind = kind.unwrap_or(ModelErrorKind::ServerError);
        Self {
            passing: said.is_passing(kind),
            ..Self::new(kind, said.message)
        }
    }

    /// The error to return: the key is not in it, whatever the provider repeats.
    pub(super) fn into_error(self, key: Option<&str>) -> ModelError {
        let mut message = self.message;
        if let Some(key) = key.filter(|key| message.contains(key)) {
            message = message.replace(key, "***");
        }
        if message.len() > LONGEST_TEXT {
            let mut end = LONGEST_TEXT;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            message.push('…');
        }
        ModelError::new(self.kind, message)
    }
}

/// What a provider says of an error: each has its own shape for it.
struct Said {
    message: String,
    /// The words of `code` and `type`.
    words: String,
    status: Option<StatusCode>,
}

impl Said {
    fn of(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::in_value(value.get("error").unwrap_or(&value)),
            Err(_not_json) => Self {
                message: String::from_utf8_lossy(body).trim().to_owned(),
                words: String::new(),
                status: None,
            },
        }
    }

    fn in_value(error: &Value) -> Self {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let message = text("message").or(text("detail")).or(error.as_str());
        let message = message.map_or_else(|| error.to_string(), str::to_owned);
        let words = format!(
            "{} {}",
            text("code").unwrap_or_default(),
            text("type").unwrap_or_default()
        );
        let number = error.get("code").and_then(|code| {
            let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
            u16::try_from(number).ok().filter(|code| *code >= 400)
        });
        Self {
            message,
            words,
            status: number.and_then(|code| StatusCode::from_u16(code).ok()),
        }
    }

    /// What the words say; they are more exact than the status.
    fn kind(&self) -> Option<ModelErrorKind> {
        use ModelErrorKind as Kind;
        const WORDS: &[(&str, ModelErrorKind)] = &[
            ("context_length", Kind::ContextLength),
            ("exceed_context_size", Kind::ContextLength),
            ("content_filter", Kind::ContentFilter),
            ("content_policy", Kind::ContentFilter),
            ("model_not_found", Kind::NotFound),
            ("invalid_api_key", Kind::Auth),
            ("insufficient_quota", Kind::RateLimited),
            ("rate_limit", Kind::RateLimited),
        ];
        let found = WORDS.iter().find(|(word, _)| self.words.contains(word));
        found.map(|(_, kind)| *kind)
    }

    fn is_passing(&self, kind: ModelErrorKind) -> bool {
        let spent = self.words.contains("insufficient_quota");
        matches!(
            kind,
            ModelErrorKind::RateLimited | ModelErrorKind::ServerError
        ) && !spent
    }
}

fn by_status(status: StatusCode, message: &str) -> ModelErrorKind {
    match status.as_u16() {
        401 | 403 => ModelErrorKind::Auth,
        404 => ModelErrorKind::NotFound,
        408 => ModelErrorKind::Timeout,
        429 => ModelErrorKind::RateLimited,
        400 | 413 | 422 if is_about_length(message) => ModelErrorKind::ContextLength,
        400..=499 => ModelErrorKind::InvalidRequest,
        500..=599 => ModelErrorKind::ServerError,
        _ => ModelErrorKind::BadResponse,
    }
}

/// Servers that have no code for it say it in words.
fn is_about_length(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "context length",
        "context window",
        "context size",
        "prompt is too long",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// How long to wait, in seconds or, as some have it, in milliseconds. A date is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| -> Option<f64> {
        let number: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
        (number >= 0.0).then_some(number)
    };
    let seconds = number("retry-after-ms").map(|millis| millis / 1000.0);
    Duration::try_from_secs_f64(seconds.or_else(|| number("retry-after"))?).ok()
}
