//! What every answer of one request has, whole or in pieces.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use kaos_hooks::{BodyBuf, EventBuf, SpanId, TraceId, Usage};
use serde_json::{Value, json};

use crate::{FinishReason, Reply};

/// What every answer of one request has.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) session: Option<String>,
    /// Where the turn stands in its trace.
    span: Option<(TraceId, SpanId)>,
}

impl Envelope {
    /// That of a turn which begins with this event.
    pub(super) fn new(first: Option<&EventBuf>, model: String, session: Option<String>) -> Self {
        let span = first.and_then(|event| match &event.body {
            BodyBuf::Span(span) => Some((event.run.trace_id, span.id)),
            _ => None,
        });
        Self {
            id: format!("chatcmpl-{}", unique(first)),
            created: now(),
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
        if let Some((trace_id, span_id)) = &self.span {
            put("x-trace-id", &trace_id.to_string());
            put("traceresponse", &format!("00-{trace_id}-{span_id}-01"));
        }
        headers
    }

    /// The whole answer.
    pub(super) fn whole(&self, reply: &Reply) -> Value {
        let mut whole = json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": reply.text(), "refusal": null },
                "logprobs": null,
                "finish_reason": finish_reason(reply.finish_reason()),
            }],
        });
        if let Some(usage) = reply.usage() {
            whole["usage"] = tokens(&usage);
        }
        if let Some(session) = &self.session {
            whole["session_id"] = session.as_str().into();
        }
        whole
    }
}

/// The run's own id: no two answers have the same.
fn unique(first: Option<&EventBuf>) -> String {
    let id = first.map(|event| event.run.id.to_string());
    id.unwrap_or_default().replace('-', "")
}

pub(in crate::server) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
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
