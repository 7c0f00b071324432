//! What every answer of one request has, whole or in pieces.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use kaos_hooks::{BodyBuf, EventBuf, SpanId, Subject, TraceId, Usage};
use serde_json::{Map, Value, json};

use crate::{FinishReason, Reply};

/// What every answer of one request has.
#[derive(Debug)]
pub(super) struct Envelope {
    id: String,
    created: u64,
    model: String,
    session: Option<String>,
    span: Option<Standing>,
}

/// Where the turn stands in its trace.
#[derive(Debug)]
struct Standing {
    trace_id: TraceId,
    span_id: SpanId,
    sampled: bool,
}

impl Envelope {
    /// That of a turn which begins with this event, and is seen in its trace or not.
    pub(super) fn new(
        first: Option<&EventBuf>,
        model: String,
        session: Option<String>,
        traced: bool,
    ) -> Self {
        let span = first.and_then(|event| match &event.body {
            BodyBuf::Span(span) => Some(Standing {
                trace_id: event.run.trace_id,
                span_id: span.id,
                sampled: traced && is_sampled(&span.subject),
            }),
            BodyBuf::Value { .. } | BodyBuf::Unknown(_) => None,
        });
        Self {
            id: format!("chatcmpl-{}", unique(first)),
            created: first.map_or(0, |event| event.time.unix_nanos / 1_000_000_000),
            model,
            session,
            span,
        }
    }

    /// What tells the caller its session and its trace.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        if let Some(session) = &self.session {
            put("x-session-id", session);
        }
        if let Some(Standing {
            trace_id,
            span_id,
            sampled,
        }) = &self.span
        {
            put("x-trace-id", &trace_id.to_string());
            let flags = u8::from(*sampled);
            put(
                "traceresponse",
                &format!("00-{trace_id}-{span_id}-{flags:02x}"),
            );
        }
        headers
    }

    /// The whole answer.
    pub(super) fn whole(&self, reply: &Reply) -> Value {
        let message = json!({ "role": "assistant", "content": reply.text(), "refusal": null });
        let choice = json!({
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(reply.finish_reason()),
        });
        let mut whole = self.head("chat.completion");
        whole.insert("choices".to_owned(), json!([choice]));
        let usage = reply
            .usage()
            .map(|usage| ("usage".to_owned(), tokens(&usage)));
        whole.extend(usage);
        whole.into()
    }

    /// What the answer and each of its pieces begin with.
    pub(super) fn head(&self, object: &str) -> Map<String, Value> {
        let session = self.session.as_deref().map(Value::from);
        let head = [
            ("id", Some(self.id.as_str().into())),
            ("object", Some(object.into())),
            ("created", Some(self.created.into())),
            ("model", Some(self.model.as_str().into())),
            ("session_id", session),
        ];
        let head = head.into_iter();
        head.filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// As the caller decided, where there is one.
fn is_sampled(subject: &Subject) -> bool {
    match subject {
        Subject::Turn(turn) => turn
            .parent
            .as_ref()
            .is_none_or(|parent| parent.is_sampled()),
        _ => true,
    }
}

/// The run's own id: no two answers have the same.
fn unique(first: Option<&EventBuf>) -> String {
    let id = first.map(|event| event.run.id.to_string());
    id.unwrap_or_default().replace('-', "")
}

/// OpenAI's word for why an answer ended; an answer that was given is one that stopped.
pub(super) fn finish_reason(reason: Option<&FinishReason>) -> &'static str {
    match reason {
        Some(FinishReason::Length) => "length",
        Some(FinishReason::ContentFilter) => "content_filter",
        Some(FinishReason::Stop | FinishReason::ToolCall | FinishReason::Other(_)) | None => "stop",
    }
}

/// The tokens, as OpenAI counts them.
pub(super) fn tokens(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total(),
        "prompt_tokens_details": { "cached_tokens": usage.cache_read_tokens.unwrap_or(0) },
        "completion_tokens_details": { "reasoning_tokens": usage.reasoning_tokens.unwrap_or(0) },
    })
}
