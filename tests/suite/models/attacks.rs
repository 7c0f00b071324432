//! Endpoints that are broken, slow or hostile: a typed error or the answer, soon, and nothing else.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kaos_runner::models::{Retries, Timeouts};
use kaos_runner::testing::{Answer, Api, ModelServer, completion, event, events};
use kaos_runner::{
    AnthropicModel, Deltas, Message, Model, ModelError, ModelReply, ModelRequest, OpenAiModel,
    ToolSpec,
};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::both::{APIS, model};
use super::{KEY, MODES, Mode};

/// Asks without a runner.
pub(super) async fn ask(
    model: &dyn Model,
    messages: &[Message],
    tools: &[ToolSpec],
    mode: Mode,
) -> Result<ModelReply, ModelError> {
    let hooks = kaos_hooks::Hooks::default();
    let (deltas, _heard) = Deltas::recorded();
    let request = ModelRequest {
        instructions: "",
        messages,
        tools,
        stream: mode == Mode::Streamed,
        output: None,
        params: None,
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

type Rows = Vec<(&'static str, Answer)>;

fn ok(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    Answer::new("200 OK", headers, body)
}

/// A head that promises so many bytes.
fn promised(bytes: &str) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("content-length", bytes),
    ];
    Answer::head("200 OK", &headers)
}

/// What is no answer.
fn no_answers() -> Rows {
    let html = "<!doctype html><title>Sign in</title>";
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    let lists = deep("[", "]");
    let utf16: Vec<u8> = "\u{feff}{}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let coded = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let moved = [("location", "/v1/chat/completions")];
    vec![
        ("a page", ok(&[("content-type", "text/html")], html)),
        ("a page as JSON", ok(JSON, html)),
        ("a page as a stream", ok(TEXT, html)),
        ("gzip", ok(&coded, "\u{1f}\u{8b}\u{8}")),
        ("UTF-16", ok(JSON, utf16)),
        ("nothing", ok(JSON, "")),
        ("only blanks", ok(JSON, " \n".repeat(1000))),
        ("204", Answer::head("204 No Content", &[])),
        ("a redirect", Answer::new("302 Found", &moved, "")),
        ("deep lists", ok(JSON, &lists)),
        ("deep objects", ok(JSON, deep(r#"{"choices":"#, "}"))),
        ("deep in a stream", ok(TEXT, format!("data: {lists}\n\n"))),
        (
            "no choices",
            ok(JSON, hello(r#""choices":[{"#, r#""choices":[],"x":[{"#)),
        ),
        (
            "another choice",
            ok(JSON, hello(r#""index":0"#, r#""index":1"#)),
        ),
        ("too short", promised("10").then(hello("", "")).close()),
    ]
}

/// What is "Hello." all the same.
fn answers() -> Rows {
    let tokens = |instead: &str| ok(JSON, hello(r#""prompt_tokens":40"#, instead));
    let ends = |behind: &str| ok(TEXT, hello_events() + behind);
    let said =
        json!({ "content": "Hello.", "tool_calls": [null, { "function": { "name": null } }] });
    let chunked = [
        ("content-type", "text/event-stream"),
        ("transfer-encoding", "chunked"),
        ("trailer", "x-sum"),
    ];
    let trailers = Answer::head("200 OK", &chunked).chunks([hello_events()]);
    let choice = json!({ "delta": { "content": "Hello." }, "finish_reason": "stop" });
    let padding = "x".repeat(1024 * 1024);
    let long_line = event(&json!({ "choices": [choice], "padding": padding }));
    vec![
        ("a line of 1 MB", ok(TEXT, long_line + "data: [DONE]\n\n")),
        ("trailers", trailers.then("0\r\nx-sum: 1\r\n\r\n")),
        ("garbage behind the end", ends("data: {{{\n\n<html>")),
        ("two ends", ends("data: [DONE]\n\n")),
        (
            "garbage behind the answer",
            ok(JSON, hello("", "") + "\n<html>"),
        ),
        ("tokens null", tokens(r#""prompt_tokens":null"#)),
        ("tokens huge", tokens(r#""prompt_tokens":1e30"#)),
        (
            "calls of nothing",
            ok(JSON, completion(&said, "stop").to_string()),
        ),
        (
            "a byte order mark",
            ok(JSON, format!("\u{feff}{}", hello("", ""))),
        ),
    ]
}

/// What is broken on the way.
fn broken() -> Rows {
    let http = || Answer::nothing().then("HTTP/1.1 200 OK\r\n");
    vec![
        ("too long", promised("100000").then(hello("", "")).close()),
        (
            "no HTTP",
            Answer::nothing().then("SSH-2.0-OpenSSH_9.6\r\n").close(),
        ),
        (
            "reset in a chunk",
            Answer::stream_head().then("ff\r\ndata: {").close(),
        ),
        ("odd chunks", Answer::stream_head().then("xyz\r\n").close()),
        (
            "many headers",
            http().then("a: b\r\n".repeat(100_000)).close(),
        ),
    ]
}

/// What has no end.
fn endless() -> Rows {
    let head = Answer::stream_head;
    let answer = hello("", "") + "\n";
    vec![
        ("no end of a line", head().forever("x")),
        ("no end of blanks", head().forever(" ")),
        (
            "no end of blanks behind the answer",
            head().chunks([answer]).forever(" "),
        ),
        ("no end of an event", head().chunks(["data: "]).forever("x")),
        ("no end of comments", head().chunks([":\n"]).forever(":\n")),
    ]
}

async fn each_is(rows: Rows, expected: Result<&str, &str>) {
    for mode in MODES {
        for (name, answer) in &rows {
            let server = ModelServer::start((0..3).map(|_| answer.clone())).await;
            let at_once = Retries {
                first_delay: Duration::ZERO,
                ..Retries::default()
            };
            let model = OpenAiModel::builder(server.url(), "m").retries(at_once);
            let model = model.max_response_bytes(2 * 1024 * 1024).build().unwrap();
            let began = Instant::now();
            let answered = ask(&model, &[Message::user("Hi!")], &[], mode).await;
            let took = began.elapsed();
            let answered = answered.map(|reply| reply.message.joined_text().into_owned());
            let answered = answered.as_ref().map(String::as_str);
            assert_eq!(
                answered.map_err(ModelError::kind),
                expected,
                "{name}, {mode:?}"
            );
            assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        }
    }
}

#[tokio::test]
async fn what_an_endpoint_answers_is_read_or_an_error_of_a_kind() {
    each_is(no_answers(), Err("bad_response")).await;
    each_is(answers(), Ok("Hello.")).await;
    each_is(broken(), Err("connection")).await;
    each_is(endless(), Err("too_large")).await;
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
