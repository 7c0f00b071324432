//! How a server ends.

use std::time::Duration;

use kaos_hooks::PhaseName;
use kaos_runner::server::{Drain, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Scripted};
use serde_json::json;

use super::client::{frames, post};
use super::{Connection, Serving, Stepwise, question, watched};

/// A stream that has begun.
async fn streaming(server: &Serving) -> Connection {
    let mut connection = server.connect().await;
    let body = question("How long?", json!({ "stream": true }));
    connection
        .send(&post(
            "/v1/chat/completions",
            &[],
            body.to_string().as_bytes(),
        ))
        .await;
    assert_eq!(connection.head().await.0, 200);
    connection.chunk().await.unwrap();
    connection
}

async fn rest(connection: &mut Connection) -> String {
    let mut rest = Vec::new();
    while let Some(chunk) = connection.chunk().await {
        rest.extend(chunk);
    }
    String::from_utf8(rest).unwrap()
}

#[tokio::test]
async fn what_runs_may_end_while_nothing_new_is_taken() {
    let (model, may) = Stepwise::new(["Twelve", " months."]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let server = Serving::start(Server::new(runner)).await;
    let mut running = streaming(&server).await;
    let mut idle = server.connect().await;
    assert_eq!(
        idle.ask(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .status,
        200
    );
    server.stop.send(()).await.unwrap();
    // Told on a connection that was there before, and on a new one.
    let ready = loop {
        let ready = idle
            .ask(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        if ready.status == 503 {
            break ready;
        }
    };
    assert_eq!(ready.json()["status"], "draining");
    assert_eq!(ready.header("connection"), Some("close"));
    let refused = server.chat(&question("Hi!", json!({}))).await;
    assert_eq!(refused.error(), (503, "shutting_down".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(server.get("/health").await.status, 200);
    may.add_permits(3);
    let rest = rest(&mut running).await;
    assert!(rest.contains("\"content\":\" months.\""), "{rest}");
    assert_eq!(frames(&rest).last().unwrap(), "[DONE]");
    assert!(running.is_closed().await);
    assert_eq!(server.ended.await.unwrap().unwrap().cancelled, 0);
    seen.check().unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_its_time_is_cancelled_in_words() {
    let (model, may) = Stepwise::new(["Twelve", " months."]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let drain = Drain::new(Duration::from_millis(30));
    let server = Serving::start(Server::new(runner).drain(drain)).await;
    let mut streamed = streaming(&server).await;
    let mut whole = server.connect().await;
    let body = question("How long?", json!({})).to_string();
    whole
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    while seen.runs().len() < 2 {
        tokio::task::yield_now().await;
    }
    may.add_permits(1); // one of the two says a piece
    server.stop.send(()).await.unwrap();
    let rest = rest(&mut streamed).await;
    let frames = frames(&rest);
    let last: Vec<&str> = frames.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(last[0], "[DONE]");
    assert!(last[1].contains("shutting_down"), "{rest}");
    assert_eq!(
        whole.answer().await.error(),
        (503, "shutting_down".to_owned())
    );
    assert_eq!(server.ended.await.unwrap().unwrap().cancelled, 2);
    seen.check().unwrap();
    for run in seen.runs() {
        let kaos_hooks::BodyBuf::Span(turn) = &run.last().unwrap().body else {
            panic!("a run ends with its turn");
        };
        assert_eq!(turn.phase.name(), PhaseName::Cancelled);
    }
}

#[tokio::test]
async fn a_body_that_never_comes_holds_up_no_end() {
    let (model, _never) = Stepwise::new(["Twelve"]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let server = Serving::start(Server::new(runner)).await;
    let mut half = server.connect().await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 50\r\nExpect: 100-continue\r\n\r\n";
    half.send(head.as_bytes()).await;
    assert_eq!(half.head().await.0, 100, "it is being received");
    half.send(b"{").await;
    server.stop.send(()).await.unwrap();
    let refused = half.answer().await;
    assert_eq!(refused.error(), (503, "shutting_down".to_owned()));
    let ended = tokio::time::timeout(Duration::from_secs(10), server.ended).await;
    let drained = ended.expect("it does not wait for the body").unwrap();
    assert_eq!(drained.unwrap().cancelled, 0);
    assert!(seen.runs().is_empty(), "no turn began");
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let (model, _never) = Stepwise::new(["Twelve"]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let server = Serving::start(Server::new(runner)).await;
    let mut running = streaming(&server).await;
    server.stop.send(()).await.unwrap();
    server.stop.send(()).await.unwrap();
    assert!(rest(&mut running).await.contains("shutting_down"));
    assert_eq!(server.ended.await.unwrap().unwrap().cancelled, 1);
    seen.check().unwrap();
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_up_no_second_signal() {
    let text = "x".repeat(32 * 1024 * 1024);
    let reply = Scripted::streamed(ModelReply::text(text), 64 * 1024);
    let (server, seen) = Serving::with(FunctionModel::script([reply])).await;
    let stuck = streaming(&server).await;
    let (mut before, mut same) = (0, 0);
    // As much as fits on the way is on the way.
    while same < 200 {
        tokio::task::yield_now().await;
        let now = seen.events().len();
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    server.stop.send(()).await.unwrap();
    server.stop.send(()).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), server.ended).await;
    assert_eq!(ended.unwrap().unwrap().unwrap().cancelled, 1);
    seen.check().unwrap();
    drop(stuck);
}

#[tokio::test]
async fn an_idle_server_ends_at_once() {
    let (model, _never) = Stepwise::new([]);
    let (server, _) = Serving::with(model).await;
    let mut idle = server.connect().await;
    assert_eq!(
        idle.ask(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .status,
        200
    );
    assert_eq!(server.stop().await.cancelled, 0);
    assert!(idle.is_closed().await);
}
