//! What is not taken, and what is said of it: forms that are none, bodies that are too much together or not
//! what their headers say.

use std::time::Duration;

use kaos_hooks::memory::MemoryHook;
use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Redactor};
use kaos_otel_hook::Telemetry;
use kaos_runner::server::{Bounds, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
use serde_json::{Value, json};

use super::client::post;
use super::{Serving, Stepwise, question, watched};

fn formed(schema: &Value) -> Value {
    let form = json!({ "name": "lease", "schema": schema });
    json!({ "response_format": { "type": "json_schema", "json_schema": form } })
}

#[tokio::test]
async fn a_form_that_is_no_schema_is_refused_before_it_costs_anything() {
    let (server, seen) = Serving::with(FunctionModel::answer("{}")).await;
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (schema, usable) in [
        (json!({ "type": "object" }), true),
        (json!({}), true),
        (deep, true),
        (
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object" } } }),
            true,
        ),
        (json!({ "type": "wish" }), false),
        (json!({ "pattern": "(" }), false),
        (json!({ "properties": { "a": { "minLength": -1 } } }), false),
        (json!({ "$ref": "https://example.com/lease.json" }), false),
        (json!({ "$ref": "file:///etc/passwd" }), false),
        (json!({ "$ref": "#/$defs/nothing" }), false),
        (json!({ "description": "x".repeat(70_000) }), false),
    ] {
        let before = seen.runs().len();
        let answer = server.chat(&question("How long?", formed(&schema))).await;
        if usable {
            assert_eq!(seen.runs().len(), before + 1, "{schema}: {}", answer.text());
            continue;
        }
        assert_eq!(
            answer.error(),
            (400, "invalid_value".to_owned()),
            "{schema}"
        );
        let param = &answer.json()["error"]["param"];
        assert_eq!(param, "response_format.json_schema.schema");
        assert_eq!(seen.runs().len(), before, "{schema}: no turn was begun");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_form_is_told_as_that() {
    let (server, _) = Serving::with(FunctionModel::answer("Twelve months.")).await;
    for stream in [false, true] {
        let mut body = question("How long?", formed(&json!({ "type": "object" })));
        body["stream"] = stream.into();
        let answer = server.chat(&body).await;
        let error: Value = if stream {
            serde_json::from_str(&answer.frames()[1]).unwrap()
        } else {
            assert_eq!(answer.status, 422);
            answer.json()
        };
        let error = &error["error"];
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!("max_steps"), &json!("response_format"))
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("fits the schema"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_time_longer_than_any_is_taken_and_none_is_not() {
    let (server, _) = Serving::with(FunctionModel::answer("Hello.")).await;
    for (given, status) in [
        ("1e308", 200),
        ("99999999999999999999", 200),
        ("1e309", 400),
        ("0", 400),
        ("-0", 400),
    ] {
        let answer = server
            .chat_with(&[("X-Request-Timeout", given)], &question("Hi!", json!({})))
            .await;
        assert_eq!(answer.status, status, "{given}: {}", answer.text());
    }
}

const HEAD: &str =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn chunks_that_are_none_are_told_apart_from_a_body_that_broke_off() {
    let (server, _) = Serving::with(FunctionModel::answer("Hello.")).await;
    for broken in [
        "nonsense\r\n",
        "2\r\n{}nonsense",
        "fffffffffffffffffff\r\n{}",
    ] {
        let mut connection = server.connect().await;
        let request = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{broken}");
        let answer = connection.ask(request.as_bytes()).await;
        assert_eq!(
            answer.error(),
            (400, "malformed_body".to_owned()),
            "{broken:?}"
        );
    }
}

#[tokio::test]
async fn a_body_far_beyond_its_limit_is_refused_before_it_is_sent() {
    let (server, _) = Serving::with(FunctionModel::answer("Hello.")).await;
    let mut connection = server.connect().await;
    let request = format!("{HEAD}Content-Length: 99999999999\r\n\r\n{{");
    let answered = tokio::time::timeout(
        Duration::from_millis(1500),
        connection.ask(request.as_bytes()),
    );
    let answer = answered.await.expect("nothing is waited for");
    assert_eq!(answer.error(), (413, "request_too_large".to_owned()));
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_body_may_have_so_many_values_and_no_more() {
    let bounds = Bounds {
        values: 100,
        ..Bounds::default()
    };
    let (runner, _) = watched(Agent::new("assistant", FunctionModel::answer("Hello.")));
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    // The body, its messages, the message and its two fields are five.
    for (more, status) in [(94, 200), (95, 413)] {
        let body = question("Hi!", json!({ "x": vec![Value::Null; more] }));
        let answer = server.chat(&body).await;
        assert_eq!(answer.status, status, "{more}: {}", answer.text());
        if status == 413 {
            assert_eq!(answer.error().1, "request_too_large");
        }
    }
}

#[tokio::test]
async fn bodies_may_have_so_many_bytes_together_until_their_turns_are_over() {
    let (model, may) = Stepwise::new([]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let body = question("Hi!", json!({ "x": "x".repeat(2000) })).to_string();
    let bounds = Bounds {
        bodies: 2 * body.len(),
        ..Bounds::default()
    };
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    let ask = post("/v1/chat/completions", &[], body.as_bytes());
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = server.connect().await;
        connection.send(&ask).await;
        held.push(connection);
    }
    while seen.runs().len() < 2 {
        tokio::task::yield_now().await;
    }
    let mut connection = server.connect().await;
    let answered = tokio::time::timeout(Duration::from_secs(10), connection.ask(&ask));
    let answer = answered.await.expect("it does not wait for its turn");
    assert_eq!(answer.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    may.add_permits(3);
    for connection in &mut held {
        assert_eq!(connection.answer().await.status, 200);
    }
    assert_eq!(server.connect().await.ask(&ask).await.status, 200);
}

#[tokio::test]
async fn a_trace_that_nobody_keeps_is_told_as_not_recorded() {
    for traced in [false, true] {
        let model = FunctionModel::new(|_| Ok(ModelReply::text("Hello.")));
        let (telemetry, _memory) = Telemetry::in_memory();
        let runner = Runner::new(Agent::new("assistant", model));
        let runner = runner.hooks(traced.then(|| telemetry.hooks()));
        let server = Serving::start(Server::new(runner)).await;
        let answer = server.chat(&question("Hi!", json!({}))).await;
        let flags = if traced { "-01" } else { "-00" };
        let response = answer.header("traceresponse").unwrap();
        assert!(response.ends_with(flags), "{traced}: {response}");
    }
}

/// A list may be as large as all that is remembered: there are a few at a time, until their clients have them.
#[tokio::test]
async fn lists_of_what_it_did_are_handed_out_a_few_at_a_time() {
    let open = ContentPolicies::new(ContentPolicy::Full);
    let memory = MemoryHook::new().content(open, Redactor::new());
    let agent = Agent::new("assistant", FunctionModel::answer("Hello."));
    let runner = Runner::new(agent).hooks(memory.clone());
    // Far more than fits on the way.
    runner
        .turn("x".repeat(24 * 1024 * 1024), "s")
        .await
        .unwrap();
    let server = Serving::start(Server::new(runner).memory(memory)).await;
    let ask = b"GET /memory/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut connection = server.connect().await;
        connection.send(ask).await;
        assert_eq!(connection.head().await.0, 200);
        held.push(connection);
    }
    let answer = server.connect().await.ask(ask).await;
    assert_eq!(answer.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(server.get("/memory/sessions").await.status, 200);
    drop(held);
    let again = async {
        while server.connect().await.ask(ask).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(20), again).await;
    again.expect("who goes away makes room");
}

#[tokio::test]
async fn who_is_refused_reads_why_however_large_its_body_and_meanwhile_takes_nobody_s_place() {
    let bounds = Bounds {
        body: 4 * 1024 * 1024,
        requests: 1,
        ..Bounds::default()
    };
    let (runner, _) = watched(Agent::new("a", FunctionModel::answer("hi")));
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    let large = post("/v1/chat/completions", &[], &vec![b' '; 16 * 1024 * 1024]);
    // More than the system keeps for a reader: when all but the last byte is sent, most of it was read.
    let (rest, begun) = large.split_last().unwrap();
    let mut refused = server.connect().await;
    refused.send(begun).await;
    let other = server.chat(&question("Hi!", json!({}))).await;
    assert_eq!(other.status, 200, "{}", other.text());
    refused.send(&[*rest]).await;
    let code = "request_too_large".to_owned();
    assert_eq!(refused.answer().await.error(), (413, code));
}
