//! Requests that are refused, and with which words; and what a request asks of the model.

use kaos_hooks::{BodyBuf, LlmParams, PhaseBuf, Subject};
use kaos_runner::server::Server;
use kaos_runner::testing::{Api, ModelServer};
use kaos_runner::{Agent, AnthropicModel, FunctionModel, ModelReply, OpenAiModel};
use serde_json::{Value, json};

use super::client::post;
use super::{Serving, question, watched};

fn user(content: Value) -> Value {
    let mut message = json!({ "role": "user" });
    message["content"] = content;
    said(message)
}

fn said(message: Value) -> Value {
    let messages = Value::from(vec![message]);
    json!({ "messages": messages })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = question("Hi!", json!({}));
    body[field] = value;
    body
}

/// Headers, a body, and the status and code with which they are refused.
type Request<'a> = (&'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

/// A body, the code with which it is refused, and the field that is named.
type Refused = (Value, &'static str, &'static str);

fn messages() -> Vec<Refused> {
    let wrong = "invalid_value";
    vec![
        (json!({}), wrong, "messages"),
        (json!({ "messages": null }), wrong, "messages"),
        (json!({ "messages": [] }), wrong, "messages"),
        (json!({ "messages": "Hi!" }), wrong, "messages"),
        (said(json!("Hi!")), wrong, "messages[0]"),
        (said(json!({ "content": "Hi!" })), wrong, "messages[0].role"),
        (
            said(json!({ "role": "wizard", "content": "Hi!" })),
            wrong,
            "messages[0].role",
        ),
        (
            said(json!({ "role": 7, "content": "Hi!" })),
            wrong,
            "messages[0].role",
        ),
        (
            said(json!({ "role": "system", "content": "Hi!" })),
            wrong,
            "messages",
        ),
        (
            said(json!({ "role": "assistant", "content": "Hi!" })),
            wrong,
            "messages",
        ),
        (
            said(json!({ "role": "user" })),
            wrong,
            "messages[0].content",
        ),
        (user(json!(null)), wrong, "messages[0].content"),
        (user(json!([])), wrong, "messages[0].content"),
        (user(json!(7)), wrong, "messages[0].content"),
        (user(json!(["Hi!"])), wrong, "messages[0].content[0]"),
        (
            user(json!([{ "text": "Hi!" }])),
            wrong,
            "messages[0].content[0].type",
        ),
        (
            user(json!([{ "type": "text" }])),
            wrong,
            "messages[0].content[0].text",
        ),
        (
            user(json!([{ "type": "text", "text": 7 }])),
            wrong,
            "messages[0].content[0].text",
        ),
        (
            user(json!([{ "type": "input_audio", "input_audio": {} }])),
            "unsupported_parameter",
            "messages[0].content[0].type",
        ),
        (
            user(json!([{ "type": "image_url", "image_url": { "url": "file:///etc/passwd" } }])),
            wrong,
            "messages[0].content[0].image_url.url",
        ),
        (
            user(json!([{ "type": "image_url" }])),
            wrong,
            "messages[0].content[0].image_url",
        ),
        (
            said(json!({ "role": "assistant", "tool_calls": [{ "id": "c" }] })),
            wrong,
            "messages[0].tool_calls[0].function",
        ),
        (
            said(json!({ "role": "tool", "content": "x" })),
            wrong,
            "messages[0].tool_call_id",
        ),
    ]
}

fn fields() -> Vec<Refused> {
    let format = |format: Value| with("response_format", format);
    let wrong = "invalid_value";
    vec![
        (with("model", json!(7)), wrong, "model"),
        (with("model", json!("m".repeat(257))), wrong, "model"),
        (with("stream", json!("false")), wrong, "stream"),
        (with("stream_options", json!(true)), wrong, "stream_options"),
        (
            with("stream_options", json!({ "include_usage": 1 })),
            wrong,
            "stream_options.include_usage",
        ),
        (with("temperature", json!("hot")), wrong, "temperature"),
        (with("temperature", json!(2.1)), wrong, "temperature"),
        (with("top_p", json!(-0.1)), wrong, "top_p"),
        (
            with("presence_penalty", json!(3)),
            wrong,
            "presence_penalty",
        ),
        (with("max_tokens", json!(0)), wrong, "max_tokens"),
        (with("max_tokens", json!(1.5)), wrong, "max_tokens"),
        (
            with("max_completion_tokens", json!(-1)),
            wrong,
            "max_completion_tokens",
        ),
        (with("seed", json!("x")), wrong, "seed"),
        (with("stop", json!(7)), wrong, "stop"),
        (with("stop", json!([7])), wrong, "stop"),
        (with("stop", json!("")), wrong, "stop"),
        (with("stop", json!(vec!["x"; 17])), wrong, "stop"),
        (with("n", json!(0)), wrong, "n"),
        (with("n", json!(2)), "unsupported_parameter", "n"),
        (
            with("tools", json!([{ "type": "function" }])),
            "unsupported_parameter",
            "tools",
        ),
        (
            with("functions", json!([{ "name": "f" }])),
            "unsupported_parameter",
            "functions",
        ),
        (with("session_id", json!(42)), wrong, "session_id"),
        (with("session_id", json!("a b")), wrong, "session_id"),
        (
            with("session_id", json!("x".repeat(257))),
            wrong,
            "session_id",
        ),
        (with("session_id", json!("naïve")), wrong, "session_id"),
        (format(json!("json")), wrong, "response_format"),
        (format(json!({})), wrong, "response_format.type"),
        (
            format(json!({ "type": "xml" })),
            wrong,
            "response_format.type",
        ),
        (
            format(json!({ "type": "json_schema" })),
            wrong,
            "response_format.json_schema",
        ),
        (
            format(
                json!({ "type": "json_schema", "json_schema": { "name": "a b", "schema": {} } }),
            ),
            wrong,
            "response_format.json_schema.name",
        ),
        (
            format(json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": 1 } })),
            wrong,
            "response_format.json_schema.schema",
        ),
    ]
}

#[tokio::test]
async fn a_field_of_the_wrong_kind_is_named_and_no_turn_begins() {
    let (server, seen) = Serving::with(FunctionModel::answer("Hello.")).await;
    for (body, code, param) in messages().into_iter().chain(fields()) {
        let answer = server.chat(&body).await;
        assert_eq!(answer.error(), (400, code.to_owned()), "{body}");
        let error = answer.json()["error"].take();
        assert_eq!(error["param"], param, "{body}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert!(seen.events().is_empty());
}

#[tokio::test]
async fn what_is_no_request_is_refused_by_what_is_wrong_with_it() {
    let (server, seen) = Serving::with(FunctionModel::answer("Hello.")).await;
    let good = question("Hi!", json!({})).to_string();
    let json: (&str, &str) = ("Content-Type", "application/json; charset=utf-8");
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let table: &[Request<'_>] = &[
        (&[json], b"", 400, "invalid_json"),
        (&[json], b"{x", 400, "invalid_json"),
        (&[json], b"[]", 400, "invalid_json"),
        (&[json], b"null", 400, "invalid_json"),
        (&[json], b"{\"messages\":[]} x", 400, "invalid_json"),
        (&[json], b"{\"a\":\"\xff\"}", 400, "invalid_json"),
        (&[json], b"\xef\xbb\xbf{}", 400, "invalid_json"),
        (&[json], br#"{"a":"\ud800"}"#, 400, "invalid_json"),
        (&[json], deep.as_bytes(), 400, "invalid_json"),
        (
            &[("Content-Type", "text/plain")],
            good.as_bytes(),
            415,
            "unsupported_media_type",
        ),
        (
            &[("Content-Type", "")],
            good.as_bytes(),
            415,
            "unsupported_media_type",
        ),
        (
            &[json, ("Content-Encoding", "gzip")],
            good.as_bytes(),
            415,
            "unsupported_media_type",
        ),
        (
            &[json, ("X-Session-ID", "a b")],
            good.as_bytes(),
            400,
            "invalid_value",
        ),
        (
            &[json, ("X-Session-ID", "a"), ("X-Session-ID", "b")],
            good.as_bytes(),
            400,
            "invalid_value",
        ),
    ];
    for (headers, body, status, code) in table {
        let request = post("/v1/chat/completions", headers, body);
        let answer = server.connect().await.ask(&request).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(
            answer.error(),
            (*status, (*code).to_owned()),
            "{headers:?} {shown:.60}"
        );
    }
    assert!(seen.events().is_empty());
}

#[tokio::test]
async fn what_is_empty_or_unknown_is_passed_over() {
    let (server, _) = Serving::with(FunctionModel::answer("Hello.")).await;
    let nothing = [
        "model",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "max_tokens",
        "seed",
        "stop",
        "n",
        "tools",
        "functions",
        "session_id",
        "response_format",
    ];
    for field in nothing {
        let answer = server.chat(&with(field, Value::Null)).await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.text());
    }
    for (field, value) in [
        ("n", json!(1)),
        ("tools", json!([])),
        ("tool_choice", json!("auto")),
        ("user", json!("u-7")),
        ("metadata", json!({ "a": [1, 2] })),
        ("response_format", json!({ "type": "text" })),
        ("logit_bias", json!(7)),
    ] {
        let answer = server.chat(&with(field, value)).await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.text());
    }
}

/// The parameters of the one model call that was seen.
fn params(events: &[kaos_hooks::EventBuf]) -> LlmParams {
    let calls = events.iter().filter_map(|event| match &event.body {
        BodyBuf::Span(span) if span.phase == PhaseBuf::Start => match &span.subject {
            Subject::LlmCall(call) => Some(call.params.clone().map(|it| *it).unwrap_or_default()),
            _ => None,
        },
        _ => None,
    });
    let calls: Vec<LlmParams> = calls.collect();
    assert_eq!(calls.len(), 1);
    calls.into_iter().next().unwrap()
}

#[tokio::test]
async fn parameters_reach_the_model_and_its_span_and_a_limit_only_falls() {
    let asked = json!({
        "temperature": 0.5, "top_p": 0.25, "stop": ["END"], "seed": 7, "presence_penalty": -1,
        "max_tokens": 900, "max_completion_tokens": 800, "response_format": { "type": "json_object" },
    });
    let own = LlmParams {
        max_tokens: Some(500),
        temperature: Some(1.0),
        seed: Some(1),
        ..LlmParams::default()
    };
    for (limit, expected) in [(500, 500), (2_000, 800)] {
        let model =
            ModelServer::start([Api::ChatCompletions.answer(&ModelReply::text("{}"), false)]).await;
        let params_of = LlmParams {
            max_tokens: Some(limit),
            ..own.clone()
        };
        let open_ai = OpenAiModel::builder(model.url(), "m")
            .params(params_of)
            .build()
            .unwrap();
        let (runner, seen) = watched(Agent::new("assistant", open_ai));
        let server = Serving::start(Server::new(runner)).await;
        let answer = server.chat(&question("Hi!", asked.clone())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let sent = &model.requests()[0].body;
        let limits = [&sent["max_tokens"], &sent["max_completion_tokens"]];
        let limits: Vec<_> = limits.iter().filter_map(|it| it.as_u64()).collect();
        assert_eq!(limits, [expected]);
        for (field, value) in [
            ("temperature", json!(0.5)),
            ("top_p", json!(0.25)),
            ("stop", json!(["END"])),
            ("seed", json!(7)),
            ("presence_penalty", json!(-1.0)),
            ("response_format", json!({ "type": "json_object" })),
            ("stream", json!(false)),
        ] {
            assert_eq!(sent[field], value, "{field}");
        }
        let told = params(&seen.events());
        assert_eq!((told.max_tokens, told.seed), (Some(expected), Some(7)));
        assert_eq!(
            (told.temperature, told.output_type.as_deref()),
            (Some(0.5), Some("json"))
        );
    }
    let model =
        ModelServer::start([Api::Messages.answer(&ModelReply::text("Hello."), false)]).await;
    let anthropic = AnthropicModel::builder("m")
        .base_url(model.url())
        .api_key("k")
        .build()
        .unwrap();
    let (runner, _) = watched(Agent::new("assistant", anthropic));
    let server = Serving::start(Server::new(runner)).await;
    let more = json!({ "temperature": 0.5, "stop": "END", "seed": 7, "max_tokens": 9 });
    assert_eq!(server.chat(&question("Hi!", more)).await.status, 200);
    let sent = &model.requests()[0].body;
    assert_eq!(
        (&sent["temperature"], &sent["stop_sequences"]),
        (&json!(0.5), &json!(["END"]))
    );
    assert_eq!((&sent["max_tokens"], sent.get("seed")), (&json!(9), None));
}
