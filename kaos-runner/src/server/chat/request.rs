//! What a client asks for, read strictly: a field that is known has the right type, or the request is
//! refused with its name; a field that is not known is passed over.

use std::time::Duration;

use axum::http::HeaderMap;
use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::messages::Messages;
use crate::OutputSchema;
use crate::server::error::ApiError;

/// The longest name of a session, in bytes.
const MAX_SESSION: usize = 256;
/// The most texts that end an answer.
const MAX_STOPS: usize = 16;

/// The longest name of a model, in bytes.
const MAX_MODEL: usize = 256;
/// The longest schema of an answer, in bytes.
const MAX_SCHEMA: usize = 64 * 1024;

/// A request for a chat completion.
#[derive(Debug)]
pub(super) struct ChatRequest {
    /// What the client calls the agent.
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) session: Option<String>,
    pub(super) messages: Messages,
    pub(super) params: LlmParams,
    pub(super) output: Option<OutputSchema>,
    pub(super) progress: bool,
    /// The time that the client has for the answer.
    pub(super) within: Option<Duration>,
}

impl ChatRequest {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(body).map_err(|wrong| not_json(&wrong))?;
        let Value::Object(body) = body else {
            return Err(ApiError::not_json("it is JSON of another type"));
        };
        let fields = Fields::of(&body);
        refuse_what_is_not_done(&body, &fields)?;
        let (json, output) = format(&fields)?;
        let max_tokens = [
            fields.count("max_tokens")?,
            fields.count("max_completion_tokens")?,
        ];
        let options = fields.object("stream_options")?;
        let include_usage = options.map(|it| it.bool("include_usage")).transpose()?;
        Ok(Self {
            model: model(&fields)?,
            stream: fields.bool("stream")?.unwrap_or(false),
            include_usage: include_usage.flatten().unwrap_or(false),
            session: session(headers, &fields)?,
            messages: Messages::read(&fields)?,
            params: LlmParams {
                max_tokens: max_tokens.into_iter().flatten().min(),
                temperature: fields.number("temperature", 0.0..=2.0)?,
                top_p: fields.number("top_p", 0.0..=1.0)?,
                frequency_penalty: fields.number("frequency_penalty", -2.0..=2.0)?,
                presence_penalty: fields.number("presence_penalty", -2.0..=2.0)?,
                stop_sequences: stop(&fields)?,
                seed: fields.integer("seed")?,
                output_type: json.then_some(Str::Static("json")),
                ..LlmParams::default()
            },
            output,
            progress: headers.get("x-kaos-progress").is_some_and(|it| it == "1"),
            within: within(headers)?,
        })
    }
}

fn not_json(wrong: &serde_json::Error) -> ApiError {
    let (line, column) = (wrong.line(), wrong.column());
    let what = if wrong.is_eof() {
        "it ends too early"
    } else {
        "it cannot be read"
    };
    ApiError::not_json(&format!("{what}, at line {line}, column {column}"))
}

/// What changes the answer, and is not done here.
fn refuse_what_is_not_done(body: &Map<String, Value>, fields: &Fields<'_>) -> Result<(), ApiError> {
    for name in ["tools", "functions"] {
        let given = body.get(name);
        let none = given.is_none_or(|it| it.is_null() || it.as_array().is_some_and(Vec::is_empty));
        if !none {
            return Err(ApiError::unsupported(
                name,
                "the agent has tools of its own",
            ));
        }
    }
    if fields.count("n")?.is_some_and(|count| count > 1) {
        return Err(ApiError::unsupported("n", "an agent gives one answer"));
    }
    Ok(())
}

/// What the client calls the agent: every piece of a streamed answer says it again.
fn model(fields: &Fields<'_>) -> Result<Option<String>, ApiError> {
    match fields.text("model")? {
        Some(name) if name.len() > MAX_MODEL => {
            Err(fields.wrong("model", "must be at most 256 bytes"))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// The session's name: the header's, else the body's.
fn session(headers: &HeaderMap, fields: &Fields<'_>) -> Result<Option<String>, ApiError> {
    let in_body = fields.text("session_id")?;
    let mut in_headers = headers.get_all("x-session-id").iter();
    let (name, from) = match (in_headers.next(), in_headers.next()) {
        (None, _) => (in_body, "session_id"),
        (Some(name), None) => {
            let name = name.to_str();
            let name = name.map_err(|_bytes| ApiError::field("X-Session-ID", NO_NAME))?;
            (Some(name), "X-Session-ID")
        }
        _ => return Err(ApiError::field("X-Session-ID", "there are several")),
    };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    // It comes back in a header, and stands in spans.
    let legal = name.len() <= MAX_SESSION && name.bytes().all(|it| it.is_ascii_graphic());
    if legal {
        Ok(Some(name.to_owned()))
    } else {
        Err(ApiError::field(from, NO_NAME))
    }
}

/// How long the client waits, in seconds: `X-Request-Timeout`.
fn within(headers: &HeaderMap) -> Result<Option<Duration>, ApiError> {
    let Some(value) = headers.get("x-request-timeout") else {
        return Ok(None);
    };
    let seconds = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
    // What no duration can hold is more than any turn has.
    let time = seconds.map(|it| Duration::try_from_secs_f64(it).unwrap_or(Duration::MAX));
    let wrong = || ApiError::field("X-Request-Timeout", "must be a number of seconds above 0");
    time.ok_or_else(wrong).map(Some)
}

const NO_NAME: &str = "must be at most 256 visible ASCII characters";

fn stop(fields: &Fields<'_>) -> Result<Vec<Str>, ApiError> {
    let wrong = || ApiError::field("stop", "must be a text, or a list of at most 16 texts");
    let texts = match fields.get("stop") {
        None => Vec::new(),
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Array(texts)) if texts.len() <= MAX_STOPS => {
            let texts = texts.iter().map(Value::as_str);
            texts.collect::<Option<_>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if texts.iter().any(|text| text.is_empty()) {
        return Err(wrong());
    }
    Ok(texts.into_iter().map(Str::copied).collect())
}

/// Whether the answer is to be any JSON, and the form that it is to have.
fn format(fields: &Fields<'_>) -> Result<(bool, Option<OutputSchema>), ApiError> {
    let Some(format) = fields.object("response_format")? else {
        return Ok((false, None));
    };
    match format.required("type")? {
        "text" => Ok((false, None)),
        "json_object" => Ok((true, None)),
        "json_schema" => {
            let form = format.object("json_schema")?;
            let form = form.ok_or_else(|| format.wrong("json_schema", "is missing"))?;
            let name = form.required("name")?;
            let legal = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
            if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
                return Err(form.wrong("name", "must be 1 to 64 letters, digits, `_` and `-`"));
            }
            let Some(schema @ Value::Object(_)) = form.get("schema") else {
                return Err(form.wrong("schema", "must be an object"));
            };
            if schema.to_string().len() > MAX_SCHEMA {
                return Err(form.wrong("schema", "must be at most 65536 bytes"));
            }
            if !crate::tool::is_usable(schema) {
                let wrong = "must be a JSON Schema (2020-12) that refers to nothing but itself";
                return Err(form.wrong("schema", wrong));
            }
            let schema = schema.clone();
            Ok((false, Some(OutputSchema::new(Str::copied(name), schema))))
        }
        _ => Err(format.wrong("type", "must be text, json_object or json_schema")),
    }
}
