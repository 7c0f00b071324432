//! From what went wrong to a kind of error, and whether to try again.

use std::error::Error;
use std::time::{Duration, SystemTime};

use kaos_hooks::Usage;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::json;
use crate::{ModelError, ModelErrorKind};

/// The longest text of a provider that is kept, in bytes.
const MAX_TEXT_LEN: usize = 4096;

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
    /// Tokens it cost all the same.
    pub(super) usage: Option<Usage>,
}

impl Failed {
    /// One that another attempt would not mend.
    pub(super) fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            passing: false,
            retry_after: None,
            usage: None,
        }
    }

    pub(super) fn bad_response(message: impl Into<String>) -> Self {
        Self::new(ModelErrorKind::BadResponse, message)
    }

    /// There is no connection, or it broke.
    pub(super) fn connection(error: reqwest::Error) -> Self {
        // The URL may hold what should not be shown, the host and the port do not.
        let place = error.url().and_then(|url| {
            let port = url.port_or_known_default()?;
            Some(format!("{}:{port}", url.host_str()?))
        });
        let place = place.filter(|_| error.is_connect());
        let error = error.without_url();
        let mut message = match place {
            Some(place) => {
                format!("no connection to {place}, is the endpoint's URL right: {error}")
            }
            None => format!("the connection broke: {error}"),
        };
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
        let said = Side::of(body);
        let kind = said
            .kind()
            .unwrap_or_else(|| by_status(status, &said.message));
        let text = status.canonical_reason().unwrap_or_default();
        let words = if status.is_redirection() {
            "redirections are not followed; give the URL that the endpoint points to"
        } else {
            &said.message
        };
        let message = format!("{} {text}: {words}", status.as_u16());
        Self {
            passing: said.is_passing(kind) || status == StatusCode::REQUEST_TIMEOUT,
            retry_after: retry_after(headers),
            ..Self::new(kind, message)
        }
    }

    /// An error where an answer, or a chunk of it, should be.
    pub(super) fn in_answer(error: &Value) -> Self {
        let said = Side::in_value(error);
        let by_code = said.status.map(|status| by_status(status, &said.message));
        let by_words = || is_about_length(&said.message).then_some(ModelErrorKind::ContextLength);
        let kind = said.kind().or(by_code).or_else(by_words);
        let kind = kind.unwrap_or(ModelErrorKind::ServerError);
        Self {
            passing: said.is_passing(kind),
            ..Self::new(kind, said.message)
        }
    }

    /// The same, which another attempt may mend.
    pub(super) fn passing(mut self) -> Self {
        self.passing = true;
        self
    }

    /// The same, which cost these tokens.
    pub(super) fn spent(mut self, usage: Option<Usage>) -> Self {
        self.usage = usage;
        self
    }

    /// The error to return: no secret is in it, whatever the provider repeats.
    pub(super) fn into_error(self, secrets: &[String]) -> ModelError {
        let mut message = self.message;
        for secret in secrets {
            if message.contains(secret.as_str()) {
                message = message.replace(secret.as_str(), "***");
            }
        }
        if message.len() > MAX_TEXT_LEN {
            let mut end = MAX_TEXT_LEN;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            message.push('…');
        }
        ModelError::new(self.kind, message).spent(self.usage)
    }
}

/// The error in what should be an answer, wherever in it it stands.
pub(super) fn error_in(answer: &Value) -> Option<&Value> {
    let is_one = |error: &&Value| says_something(error);
    match answer {
        Value::Array(answers) => answers.iter().find_map(error_in),
        Value::Object(fields) => {
            let named = fields.get("error").or_else(|| fields.get("errors"));
            let word = |key: &str| fields.get(key).and_then(Value::as_str) == Some("error");
            named
                .filter(is_one)
                .or_else(|| (word("object") || word("type")).then_some(answer))
        }
        _ => None,
    }
}

/// Some say with every answer that there is no error.
fn says_something(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(is_one) => *is_one,
        Value::Number(code) => code.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => fields.values().any(says_something),
        Value::Array(errors) => errors.iter().any(says_something),
    }
}

/// What a provider says of an error: each has its own shape for it.
struct Side {
    message: String,
    /// The words of `code`, `type` and `status`.
    words: String,
    status: Option<StatusCode>,
}

impl Side {
    fn of(body: &[u8]) -> Self {
        match json::read(body) {
            Ok(value) => Self::in_value(error_in(&value).unwrap_or(&value)),
            Err(_not_json) => Self {
                message: String::from_utf8_lossy(body).trim().to_owned(),
                words: String::new(),
                status: None,
            },
        }
    }

    fn in_value(error: &Value) -> Self {
        if let Value::Array(errors) = error
            && let Some(first) = errors.first()
        {
            return Self::in_value(first);
        }
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let message = text("message").or(text("detail")).or(error.as_str());
        let message = message.map_or_else(|| error.to_string(), str::to_owned);
        let words = ["code", "type", "status"].map(|key| text(key).unwrap_or_default());
        let number = error.get("code").and_then(|code| {
            let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
            u16::try_from(number).ok().filter(|code| *code >= 400)
        });
        Self {
            message,
            words: words.join(" "),
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
            ("not_found_error", Kind::NotFound),
            ("invalid_api_key", Kind::Auth),
            ("authentication_error", Kind::Auth),
            ("permission_error", Kind::Auth),
            ("billing_error", Kind::RateLimited),
            ("insufficient_quota", Kind::RateLimited),
            ("rate_limit", Kind::RateLimited),
            ("overloaded", Kind::Overloaded),
            ("timeout_error", Kind::Timeout),
            ("api_error", Kind::ServerError),
        ];
        let found = WORDS.iter().find(|(word, _)| self.words.contains(word));
        let kind = found.map(|(_, kind)| *kind);
        // The type of all of a provider's refusals.
        let refused = self.words.contains("invalid_request_error");
        kind.or_else(|| (refused && is_about_length(&self.message)).then_some(Kind::ContextLength))
            .or_else(|| (refused && self.status.is_none()).then_some(Kind::InvalidRequest))
    }

    fn is_passing(&self, kind: ModelErrorKind) -> bool {
        use ModelErrorKind as Kind;
        let spent = ["insufficient_quota", "billing_error"];
        let spent = spent.iter().any(|word| self.words.contains(word));
        matches!(
            kind,
            Kind::RateLimited | Kind::Overloaded | Kind::ServerError
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
        503 | 529 => ModelErrorKind::Overloaded,
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

/// How long to wait: in seconds, in milliseconds as some have it, or until a date (RFC 9110, 10.2.3)
/// by the endpoint's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |text: &str| -> Option<f64> {
        let number: f64 = text.trim().parse().ok()?;
        (number >= 0.0).then_some(number)
    };
    let header = |name: &str| headers.get(name)?.to_str().ok();
    // What no duration can hold is longer than anybody waits.
    let wait = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    if let Some(millis) = header("retry-after-ms").and_then(number) {
        return Some(wait(millis / 1000.0));
    }
    let asked = header(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(asked) {
        return Some(wait(seconds));
    }
    let date = |text: &str| httpdate::parse_http_date(text.trim()).ok();
    let (until, now): (SystemTime, SystemTime) = (date(asked)?, date(header(DATE.as_str())?)?);
    // A date that is past says nothing; without a wait of our own the next request came at once.
    until
        .duration_since(now)
        .ok()
        .filter(|wait| !wait.is_zero())
}
