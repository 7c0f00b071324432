//! Endpoints that are broken, slow or hostile: a typed error or the answer, soon, and nothing else.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kaos_runner::models::{Retries, Timeouts};
use kaos_runner::testing::{Answer, Api, ModelServer, Strict, completion, event, events};
use kaos_runner::{
    Agent, AnthropicModel, Deltas, Message, Model, ModelError, ModelReply, ModelRequest,
    OpenAiModel, Runner, ToolSpec, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::both::{APIS, model};
use super::{KEY, MODES, Mode};

/// Asks without a runner.
async fn ask(
    model: &dyn Model,
    messages: &[Message],
    tools: &[ToolSpec],
    mode: Mode,
) -> Result<ModelReply, ModelError> {
    let hooks = kaos_hooks::Hooks::default();
    let (deltas, _heard) = Deltas::heard();
    let request = ModelRequest {
        instructions: "",
        messages,
        tools,
        stream: mode == Mode::Streamed,
        output: None,
        hooks: &hooks,
    };
    model.respond(request, &deltas).await
}

const TEXT: &[(&str, &str)] = &[("content-type", "text/event-stream")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn hello(with: &str, instead: &str) -> String {
    let body = completion(&json!({ "content": "Hello." }), "stop").to_string();
    assert!(body.contains(with), "{with}");
    body.replace(with, instead)
}

fn hello_events() -> String {
    events([json!({ "content": "Hello." })], "stop").concat()
}

/// What the endpoint answers, and what comes of it: a text, or the kind of an error.
fn answers() -> Vec<(&'static str, Answer, Result<&'static str, &'static str>)> {
    let ok = |headers: &[(&str, &str)], body: String| Answer::new("200 OK", headers, body);
    let html = "<!doctype html><title>Sign in</title>".to_owned();
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let call = |function: Value| {
        let said = json!({ "content": "Hello.", "tool_calls": [function] });
        completion(&said, "stop").to_string()
    };
    let other_choice = hello(r#""index":0"#, r#""index":1"#);
    let done = |behind: &str| hello_events() + behind;
    let trailers = Answer::head(
        "200 OK",
        &[
            ("content-type", "text/event-stream"),
            ("transfer-encoding", "chunked"),
            ("trailer", "x-sum"),
        ],
    )
    .chunks([hello_events()])
    .then("0\r\nx-sum: 1\r\n\r\n");
    let long_line = event(
        &json!({ "choices": [{ "delta": { "content": "Hello." }, "finish_reason": "stop",
        "padding": "x".repeat(1024 * 1024) }] }),
    );
    vec![
        (
            "a page",
            ok(&[("content-type", "text/html")], html.clone()),
            Err("bad_response"),
        ),
        (
            "a page as JSON",
            ok(JSON, html.clone()),
            Err("bad_response"),
        ),
        ("a page as a stream", ok(TEXT, html), Err("bad_response")),
        (
            "gzip",
            ok(
                &[
                    ("content-type", "application/json"),
                    ("content-encoding", "gzip"),
                ],
                "\u{1f}\u{8b}\u{8}".to_owned(),
            ),
            Err("bad_response"),
        ),
        (
            "UTF-16",
            Answer::new("200 OK", JSON, utf16),
            Err("bad_response"),
        ),
        ("nothing", ok(JSON, String::new()), Err("bad_response")),
        (
            "only blanks",
            ok(JSON, " \n".repeat(1000)),
            Err("bad_response"),
        ),
        (
            "204",
            Answer::head("204 No Content", &[]),
            Err("bad_response"),
        ),
        (
            "a redirect",
            Answer::new("302 Found", &[("location", "/v1/chat/completions")], ""),
            Err("bad_response"),
        ),
        ("deep lists", ok(JSON, deep("[", "]")), Err("bad_response")),
        (
            "deep objects",
            ok(JSON, deep(r#"{"choices":"#, "}")),
            Err("bad_response"),
        ),
        (
            "deep in a stream",
            ok(TEXT, format!("data: {}\n\n", deep("[", "]"))),
            Err("bad_response"),
        ),
        (
            "a line of 1 MB",
            ok(TEXT, long_line + "data: [DONE]\n\n"),
            Ok("Hello."),
        ),
        ("trailers", trailers, Ok("Hello.")),
        (
            "garbage behind the end",
            ok(TEXT, done("data: {{{\n\n<html>")),
            Ok("Hello."),
        ),
        ("two ends", ok(TEXT, done("data: [DONE]\n\n")), Ok("Hello.")),
        (
            "no choices",
            ok(JSON, hello(r#""choices":[{"#, r#""choices":[],"x":[{"#)),
            Err("bad_response"),
        ),
        (
            "another choice",
            ok(JSON, other_choice),
            Err("bad_response"),
        ),
        (
            "tokens null",
            ok(
                JSON,
                hello(r#""prompt_tokens":40"#, r#""prompt_tokens":null"#),
            ),
            Ok("Hello."),
        ),
        (
            "tokens huge",
            ok(
                JSON,
                hello(r#""prompt_tokens":40"#, r#""prompt_tokens":1e30"#),
            ),
            Ok("Hello."),
        ),
        (
            "a call of nothing",
            ok(JSON, call(json!(null))),
            Ok("Hello."),
        ),
        (
            "a byte order mark",
            ok(JSON, format!("\u{feff}{}", hello("Hello.", "Hello."))),
            Ok("Hello."),
        ),
        (
            "NUL",
            ok(JSON, hello("Hello.", "Hello.\u{0}")),
            Ok("Hello.\u{0}"),
        ),
        (
            "garbage behind the answer",
            ok(JSON, hello("Hello.", "Hello.") + "\n<html>"),
            Ok("Hello."),
        ),
        (
            "too short",
            Answer::head(
                "200 OK",
                &[
                    ("content-type", "application/json"),
                    ("content-length", "10"),
                ],
            )
            .then(hello("Hello.", "Hello."))
            .close(),
            Err("bad_response"),
        ),
        (
            "too long",
            Answer::head(
                "200 OK",
                &[
                    ("content-type", "application/json"),
                    ("content-length", "100000"),
                ],
            )
            .then(hello("Hello.", "Hello."))
            .close(),
            Err("connection"),
        ),
        (
            "no HTTP",
            Answer::nothing().then("SSH-2.0-OpenSSH_9.6\r\n").close(),
            Err("connection"),
        ),
        (
            "reset in a chunk",
            Answer::stream_head().then("ff\r\ndata: {").close(),
            Err("connection"),
        ),
        (
            "odd chunks",
            Answer::stream_head().then("xyz\r\n").close(),
            Err("connection"),
        ),
        (
            "many headers",
            Answer::nothing()
                .then("HTTP/1.1 200 OK\r\n")
                .then("a: b\r\n".repeat(100_000))
                .close(),
            Err("connection"),
        ),
        (
            "no end of lines",
            Answer::stream_head().forever("x"),
            Err("too_large"),
        ),
        (
            "no end of blanks",
            Answer::stream_head().forever(" "),
            Err("too_large"),
        ),
        (
            "no end of blanks behind the answer",
            Answer::stream_head()
                .chunks([hello("Hello.", "Hello.") + "\n"])
                .forever(" "),
            Err("too_large"),
        ),
        (
            "no end of one event",
            Answer::stream_head().chunks(["data: "]).forever("x"),
            Err("too_large"),
        ),
        (
            "no end of comments",
            Answer::stream_head().chunks([":\n"]).forever(":\n"),
            Err("too_large"),
        ),
    ]
}

#[tokio::test]
async fn what_an_endpoint_answers_is_read_or_an_error_of_a_kind() {
    for mode in MODES {
        for (name, answer, expected) in answers() {
            let server = ModelServer::start((0..3).map(|_| answer.clone())).await;
            let once_more = Retries {
                first_delay: Duration::ZERO,
                ..Retries::default()
            };
            let model = OpenAiModel::builder(server.url(), "m").retries(once_more);
            let model = model.max_response_bytes(2 * 1024 * 1024).build().unwrap();
            let began = Instant::now();
            let answered = ask(&model, &[Message::user("Hi!")], &[], mode).await;
            let answered = answered.map(|reply| reply.message.joined_text().into_owned());
            let answered = answered
                .as_ref()
                .map(String::as_str)
                .map_err(ModelError::kind);
            assert_eq!(answered, expected, "{name}, {mode:?}");
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{name}: {:?}",
                began.elapsed()
            );
        }
    }
}

/// Whatever the header says, no wait is longer than the limit, and none is none.
#[tokio::test(start_paused = true)]
async fn odd_waits_are_not_waited_for() {
    for asked in [
        "99999999",
        "-5",
        "1e400",
        "NaN",
        "soon",
        "",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "0x10",
        "1;q=2",
    ] {
        let headers = [
            ("retry-after", asked),
            ("date", "Thu, 26 Nov 2026 22:00:00 GMT"),
        ];
        let answers = (0..5).map(|_| Answer::new("429 Too Many Requests", &headers, "{}"));
        let server = ModelServer::start(answers).await;
        let model = model(Api::ChatCompletions, server.url());
        let error = ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), "rate_limited", "{asked}");
        assert!([1, 3].contains(&server.requests().len()), "{asked}");
    }
}

/// 16 MB of the smallest calls there are.
fn many_calls(api: Api, differ: bool) -> String {
    let mut stream = String::new();
    let mut at = 0;
    while stream.len() < 15 * 1024 * 1024 {
        let id = if differ {
            at.to_string()
        } else {
            String::new()
        };
        match api {
            Api::ChatCompletions => write!(
                stream,
                "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{at},\"id\":\"{id}\",\"function\":{{\"name\":\"é{at}\",\"arguments\":\"{{\"}}}}]}}}}]}}\n\n"
            ),
            Api::Messages => write!(
                stream,
                "data: {{\"type\":\"content_block_start\",\"content_block\":{{\"type\":\"tool_use\",\"id\":\"{id}\",\"name\":\"é{at}\"}}}}\n\ndata: {{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{{\"}}}}\n\n"
            ),
        }
        .unwrap();
        at += 1;
    }
    stream
        + match api {
            Api::ChatCompletions => "data: [DONE]\n\n",
            Api::Messages => "data: {\"type\":\"message_stop\"}\n\n",
        }
}

#[tokio::test]
async fn an_answer_of_very_many_calls_is_no_hang() {
    for api in APIS {
        for differ in [true, false] {
            let server =
                ModelServer::start([Answer::new("200 OK", TEXT, many_calls(api, differ))]).await;
            let model = model(api, server.url());
            let began = Instant::now();
            let answered = ask(&*model, &[Message::user("Hi!")], &[], Mode::Streamed).await;
            let took = began.elapsed();
            println!("{api:?} {differ} {took:?} {:?}", answered.as_ref().err());
            assert!(took < Duration::from_secs(10), "{api:?}: {took:?}");
            assert_eq!(answered.unwrap_err().kind(), "too_large", "{api:?}");
        }
    }
}

/// A name and an id in each fragment, and arguments that could be whole each time.
#[tokio::test]
async fn arguments_in_very_many_fragments_are_no_hang() {
    let mut pieces = vec![r#"{"a":[{}"#.to_owned()];
    pieces.extend((0..15_000).map(|_| ",{}".to_owned()));
    pieces.push("]}".to_owned());
    let deltas = pieces.iter().map(|piece| {
        json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "n", "arguments": piece } }] })
    });
    let stream = events(deltas, "tool_calls").concat();
    let server = ModelServer::start([Answer::new("200 OK", TEXT, stream)]).await;
    let model = model(Api::ChatCompletions, server.url());
    let began = Instant::now();
    let reply = ask(&*model, &[Message::user("Hi!")], &[], Mode::Streamed)
        .await
        .unwrap();
    let took = began.elapsed();
    let calls: Vec<_> = reply.message.tool_calls().collect();
    assert_eq!(
        (calls.len(), calls[0].arguments.as_str()),
        (1, pieces.concat().as_str())
    );
    println!("{took:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}

/// One id for all calls of a long session, and names that all become the same.
#[tokio::test]
async fn a_long_session_of_one_id_is_no_hang() {
    for api in APIS {
        let mut messages = vec![Message::user("Hi!")];
        for at in 0..10_000 {
            let said = ModelReply::call("same id", format!("é{at}"), "{}").message;
            messages.push(Message::Assistant(said));
        }
        let server = ModelServer::start([api.answer(&ModelReply::text("Hello."), false)]).await;
        let model = model(api, server.url());
        let began = Instant::now();
        ask(&*model, &messages, &[], Mode::Whole).await.unwrap();
        let took = began.elapsed();
        println!("{api:?} {took:?}");
        assert!(took < Duration::from_secs(8), "{api:?}: {took:?}");
    }
}

/// What to do about it is said, too.
#[tokio::test]
async fn an_unasked_encoding_and_a_redirection_are_told() {
    let coded = [
        ("content-type", "text/event-stream"),
        ("content-encoding", "gzip"),
    ];
    let moved = [("location", "https://elsewhere.example/v1")];
    for (answer, expected) in [
        (
            Answer::new("200 OK", &coded, "\u{1f}\u{8b}"),
            "encoded as `gzip`",
        ),
        (
            Answer::new("308 Permanent Redirect", &moved, ""),
            "redirections are not followed",
        ),
        (
            Answer::new("200 OK", &coded[1..], hello("Hello.", "Hello.")),
            "",
        ),
    ] {
        let server = ModelServer::start([answer]).await;
        let model = model(Api::ChatCompletions, server.url());
        match ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole).await {
            Ok(reply) => assert_eq!((&*reply.message.joined_text(), expected), ("Hello.", "")),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }
}

#[tokio::test]
async fn no_part_of_a_header_is_in_an_error() {
    let body = json!({ "error": { "message": format!("no such key {KEY}, nor gw-9876543210") } });
    let denied = || Answer::error("401 Unauthorized", &body);
    let server = ModelServer::start([denied(), denied()]).await;
    let bearer = format!("Bearer {KEY}");
    let chat = OpenAiModel::builder(server.url(), "m")
        .header("authorization", &bearer)
        .header("x-gateway", "key=gw-9876543210; v=2");
    let messages = AnthropicModel::builder("m")
        .base_url(server.url())
        .header("authorization", &bearer)
        .header("x-gateway", "key=gw-9876543210; v=2");
    let models: [Box<dyn Model>; 2] = [
        Box::new(chat.build().unwrap()),
        Box::new(messages.build().unwrap()),
    ];
    for model in models {
        let error = ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap_err();
        let said = format!("{error:?} {error}");
        assert!(!said.contains(KEY), "{said}");
        assert!(!said.contains("gw-9876543210"), "{said}");
    }
}

/// The status says what is wrong, however long the words behind it take.
#[tokio::test]
async fn an_error_whose_words_drip_is_still_that_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        assert!(stream.read(&mut asked).await.unwrap() > 0);
        let head = "HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        let mut written = stream.write_all(head.as_bytes()).await;
        while written.is_ok() {
            ticks.tick().await;
            written = stream.write_all(b"1\r\nx\r\n").await;
        }
    });
    let timeouts = Timeouts {
        between_chunks: Duration::from_millis(200),
        total: Duration::from_secs(5),
        ..Timeouts::default()
    };
    let model = OpenAiModel::builder(url, "m").timeouts(timeouts);
    let model = model.build().unwrap();
    let answered = ask(&model, &[Message::user("Hi!")], &[], Mode::Whole).await;
    assert_eq!(answered.unwrap_err().kind(), "auth");
}

/// The whole address of the API, as many documents give it.
#[tokio::test]
async fn a_base_url_may_be_the_api_s_whole_address() {
    for api in APIS {
        let server = ModelServer::start([api.answer(&ModelReply::text("Hello."), false)]).await;
        let (base, path) = match api {
            Api::ChatCompletions => (
                "/openai/v1/chat/completions/",
                "/openai/v1/chat/completions",
            ),
            Api::Messages => ("/v1/messages", "/v1/messages"),
        };
        let model = model(api, &format!("{}{base}", server.url()));
        ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap();
        assert_eq!(server.requests()[0].path(), path);
    }
}

/// The lines of a stream without `data:`, as some gateways send them.
#[tokio::test]
async fn lines_of_json_are_a_stream_too() {
    for api in APIS {
        let said = ModelReply::text("Grüße.")
            .and_call("call-1", "left", r#"{"a":1}"#)
            .usage(40, 7);
        let sse = api.stream(&said).concat();
        let lines = sse.lines().filter_map(|line| line.strip_prefix("data: "));
        let lines: Vec<&str> = lines.collect();
        for (ends, blank) in [("\n", ""), ("\r\n", "\r\n"), ("\n", "\n\n")] {
            let body: String = lines
                .iter()
                .map(|line| format!("{line}{ends}{blank}"))
                .collect();
            let plain = [("content-type", "application/x-ndjson")];
            let mut cut = Answer::head(
                "200 OK",
                &[
                    ("content-type", "application/json"),
                    ("transfer-encoding", "chunked"),
                ],
            );
            for byte in body.as_bytes().chunks(7) {
                cut = cut.chunks([byte]);
            }
            let server =
                ModelServer::start([Answer::new("200 OK", &plain, &body), cut.end()]).await;
            let model = model(api, server.url());
            for _ in 0..2 {
                let reply = ask(&*model, &[Message::user("Hi!")], &[], Mode::Streamed)
                    .await
                    .unwrap();
                assert_eq!(reply.message.joined_text(), "Grüße.", "{api:?}");
                assert_eq!(reply.message.tool_calls().count(), 1);
                assert_eq!(reply.usage.map(|usage| usage.total()), Some(47));
            }
        }
    }
}

/// Ollama's own shape, from a gateway that passes it on.
#[tokio::test]
async fn ollama_s_own_lines_are_read() {
    let line = |message: Value, more: Value| {
        let mut line = json!({ "model": "qwen3", "created_at": "2026-11-26T22:00:00Z", "message": message, "done": false });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        format!("{line}\n")
    };
    let call = json!([{ "function": { "name": "left", "arguments": { "a": 1 } } }]);
    let end =
        json!({ "done": true, "done_reason": "stop", "prompt_eval_count": 40, "eval_count": 7 });
    let streamed = [
        line(
            json!({ "role": "assistant", "content": "", "thinking": "Hm." }),
            json!({}),
        ),
        line(json!({ "role": "assistant", "content": "Hel" }), json!({})),
        line(json!({ "role": "assistant", "content": "lo." }), json!({})),
        line(
            json!({ "role": "assistant", "content": "", "tool_calls": call }),
            json!({}),
        ),
        line(json!({ "role": "assistant", "content": "" }), end.clone()),
    ];
    let whole = line(
        json!({ "role": "assistant", "content": "Hello.", "thinking": "Hm.", "tool_calls": call }),
        end,
    );
    let plain = [("content-type", "application/x-ndjson")];
    for (mode, body) in [(Mode::Streamed, streamed.concat()), (Mode::Whole, whole)] {
        let server = ModelServer::start([Answer::new("200 OK", &plain, body)]).await;
        let model = model(Api::ChatCompletions, server.url());
        let reply = ask(&*model, &[Message::user("Hi!")], &[], mode)
            .await
            .unwrap();
        assert_eq!(reply.message.joined_text(), "Hello.", "{mode:?}");
        assert_eq!(reply.message.joined_reasoning(), "Hm.", "{mode:?}");
        let calls: Vec<_> = reply.message.tool_calls().collect();
        assert_eq!(
            (calls.len(), calls[0].arguments.as_str()),
            (1, r#"{"a":1}"#)
        );
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(47));
        assert_eq!(reply.finish_reason, Some(kaos_runner::FinishReason::Stop));
    }
}

/// An empty text where the input of a call should be.
#[tokio::test]
async fn an_empty_input_is_none() {
    for input in [json!(""), json!(" "), json!(null), json!({})] {
        let block = json!({ "type": "tool_use", "id": "a", "name": "left", "input": input });
        let answer = Answer::json(&kaos_runner::testing::message(&[block], "tool_use"));
        let server = ModelServer::start([answer]).await;
        let model = model(Api::Messages, server.url());
        let reply = ask(&*model, &[Message::user("Hi!")], &[], Mode::Whole)
            .await
            .unwrap();
        assert_eq!(reply.message.tool_calls().next().unwrap().arguments, "{}");
    }
}

/// A runner of so many tools, with a model of this provider, at an endpoint that takes 128.
async fn crowded(
    provider: &'static str,
    tools: usize,
    replies: &[ModelReply],
) -> (Result<String, TurnErrorKind>, usize) {
    let answers = replies
        .iter()
        .map(|reply| Api::ChatCompletions.answer(reply, false));
    let strict = Strict::default().at_most(128);
    let server = ModelServer::strict(strict, answers).await;
    let once = Retries {
        attempts: 1,
        ..Retries::default()
    };
    let model = OpenAiModel::builder(server.url(), "m")
        .provider(provider)
        .retries(once);
    let agent = (0..tools).fold(
        Agent::new("assistant", model.build().unwrap()),
        |agent, at| {
            let name: &'static str = Box::leak(format!("tool_{at}").into_boxed_str());
            agent.tool(Scripted::new(name, Act::Give("done")))
        },
    );
    let answered = Runner::new(agent).turn("Hi!", "s").await;
    let answered = answered.map(|reply| reply.text().to_owned());
    (
        answered.map_err(|error| error.kind().clone()),
        server.requests().len(),
    )
}

#[tokio::test]
async fn more_tools_than_a_provider_takes_are_an_error_before_the_request() {
    for provider in ["azure.ai.openai", "groq", "deepseek"] {
        let (answered, requests) = crowded(provider, 129, &[]).await;
        let TurnErrorKind::Model(error) = answered.unwrap_err() else {
            panic!()
        };
        assert_eq!((error.kind(), requests), ("invalid_request", 0));
        let said = error.to_string();
        assert!(
            said.contains("129 tools") && said.contains("128") && said.contains(provider),
            "{said}"
        );
        let (answered, _) = crowded(provider, 128, &[ModelReply::text("Hello.")]).await;
        assert_eq!(answered.unwrap(), "Hello.");
    }
}

#[tokio::test]
async fn more_calls_than_a_message_may_have_go_back_in_several() {
    let calls = (0..300).fold(ModelReply::text("So."), |reply, at| {
        reply.and_call(format!("call-{at}"), "tool_0", "{}")
    });
    let (answered, requests) =
        crowded("azure.ai.openai", 1, &[calls, ModelReply::text("Done.")]).await;
    assert_eq!((answered.unwrap().as_str(), requests), ("Done.", 2));
}
