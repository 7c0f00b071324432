//! A reply of the script, as OpenAI's chat completions have it.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use kaos_hooks::{IdSource as _, RandomIds};
use serde_json::{Value, json};

use super::call::Call;
use super::response::{json_of, whole};
use super::scripted::Reply;

pub(super) fn scripted(mut call: Call, model: &str, reply: &Reply, streams: bool) -> Response {
    let id = format!("chatcmpl-{:016x}", RandomIds.next());
    let finish = if reply.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    let span = call.span();
    span.response(Some(&id), Some(model));
    span.finished(finish);
    span.usage(reply.input, reply.output);
    call.complete();
    let usage = json!({
        "prompt_tokens": reply.input,
        "completion_tokens": reply.output,
        "total_tokens": reply.input + reply.output,
    });
    let said = |name: &str, choice: Value, usage: &Value| json!({"id": id, "object": name, "created": 0, "model": model, "choices": [choice], "usage": usage});
    if !streams {
        let calls = Some(&reply.calls).filter(|it| !it.is_empty());
        let message = json!({"role": "assistant", "content": reply.text, "tool_calls": calls});
        let choice = json!({"index": 0, "message": message, "finish_reason": finish});
        return json_of(StatusCode::OK, &said("chat.completion", choice, &usage));
    }
    let mut body = String::new();
    let mut frame = |delta: Value, finish: Option<&str>, usage: &Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let frame = said("chat.completion.chunk", choice, usage);
        body.extend(["data: ", &frame.to_string(), "\n\n"]);
    };
    frame(
        json!({"role": "assistant", "content": ""}),
        None,
        &Value::Null,
    );
    for piece in reply.text.split_inclusive(' ') {
        frame(json!({"content": piece}), None, &Value::Null);
    }
    if !reply.calls.is_empty() {
        frame(json!({"tool_calls": reply.calls}), None, &Value::Null);
    }
    frame(json!({}), Some(finish), &usage);
    body.push_str("data: [DONE]\n\n");
    whole(StatusCode::OK, "text/event-stream", Body::from(body))
}
