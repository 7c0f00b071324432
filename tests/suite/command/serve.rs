//! `kaos agent serve`, as a process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaos_hooks::PhaseBuf;
use kaos_hooks::audit::{Filter, RecordContent, SigningKey, Trail};
use kaos_runner::ModelReply;
use kaos_runner::testing::{Api, ModelServer};
use kaos_tests::collectors;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::{answering, kaos};
use crate::audit::Scratch;
use crate::server::client::{Connection, frames, post};

/// How long is waited for what does not come where something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts it on a free port and waits until it says which.
pub(super) async fn serving(command: &mut Command) -> (Child, SocketAddr) {
    let mut child = command.env("AGENT_NAME", "assistant").spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = said.next_line().await.unwrap() {
        if let Some((_, at)) = line.split_once(" listens at http://") {
            // What it says later is read, so that it never waits.
            tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
            return (child, at.parse().unwrap());
        }
    }
    panic!("it says nothing and ends");
}

fn send(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// A stream whose first piece has arrived.
async fn streaming(at: SocketAddr) -> Connection {
    let body = json!({ "messages": [{ "role": "user", "content": "How long?" }], "stream": true });
    let mut connection = Connection::open(at).await;
    let body = body.to_string();
    connection
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    assert_eq!(connection.head().await.0, 200);
    for _ in ["the role", "a piece"] {
        connection.chunk().await.unwrap();
    }
    connection
}

async fn rest(mut connection: Connection) -> Vec<String> {
    let mut rest = Vec::new();
    while let Some(chunk) = connection.chunk().await {
        rest.extend(chunk);
    }
    frames(&String::from_utf8(rest).unwrap())
}

/// A model of so many streams that begin, of which the first ones go on when they are told.
async fn begun(streams: usize, told: &[Arc<Notify>]) -> ModelServer {
    let reply = ModelReply::text("Twelve months.");
    let answers = (0..streams).map(|at| {
        let mut events = Api::ChatCompletions.stream(&reply);
        let rest = events.split_off(2);
        let answer = kaos_runner::testing::Answer::stream_head().chunks(events);
        match told.get(at) {
            Some(told) => answer.until(told).chunks(rest).end(),
            None => answer.hang(),
        }
    });
    ModelServer::start(answers).await
}

/// A directory, and a command that serves there with a trail, spans and this model.
fn observed(name: &str, model: &ModelServer, url: &str) -> (Scratch, Command) {
    let scratch = Scratch::new(name);
    std::fs::create_dir(scratch.path()).unwrap();
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let key = SigningKey::from_seed("test", &[7; 32]).unwrap();
    std::fs::write(path("key"), key.to_secret_text().as_str()).unwrap();
    let mut command = kaos(&["agent", "serve", "--port", "0"]);
    command
        .args(["--trail", &path("trail"), "--trail-key", &path("key")])
        .env_remove("OTEL_SDK_DISABLED")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .env("MODEL_API_URL", model.url())
        .env("MODEL_NAME", "m");
    (scratch, command)
}

/// How the turns of a trail that verifies, and is sealed, ended.
fn turns(scratch: &Scratch) -> (usize, usize) {
    let key = SigningKey::from_seed("test", &[7; 32]).unwrap();
    let trail = Trail::open_read(scratch.path().join("trail")).unwrap();
    let report = trail.verifier().key(key.verifying_key()).run().unwrap();
    let verdict = (report.exit_code(false), report.unsigned_tail);
    assert_eq!(verdict, (0, 0), "{report}");
    let (mut complete, mut cancelled) = (0, 0);
    for record in trail.records(Filter::default()).unwrap() {
        if let RecordContent::Event(event) = record.unwrap().content
            && let Some(span) = event.span()
            && span.name() == "agent.turn"
        {
            complete += usize::from(matches!(span.phase, PhaseBuf::Complete(..)));
            cancelled += usize::from(matches!(span.phase, PhaseBuf::Cancelled(..)));
        }
    }
    (complete, cancelled)
}

#[tokio::test]
async fn a_signal_under_load_lets_turns_end_cancels_the_rest_in_words_and_loses_nothing() {
    let told = [Arc::new(Notify::new()), Arc::new(Notify::new())];
    let model = begun(5, &told).await;
    let (collector, seen) = collectors::recording();
    let (scratch, mut command) = observed("serve-load", &model, &collector.url);
    let (mut child, at) = serving(command.args(["--drain-seconds", "1"])).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(streaming(at).await);
    }
    send(&child, Signal::TERM);
    let ready = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    while Connection::open(at).await.ask(ready).await.status != 503 {}
    for told in &told {
        told.notify_one();
    }
    for (at, stream) in streams.into_iter().enumerate() {
        let frames = rest(stream).await;
        assert_eq!(frames.last().unwrap(), "[DONE]");
        let cancelled = frames.iter().any(|frame| frame.contains("shutting_down"));
        assert_eq!(cancelled, at >= 2, "{at}: {frames:?}");
    }
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    let status = ended.expect("the signal is heeded").unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(turns(&scratch), (2, 3));
    let sent: Vec<u8> = seen.try_iter().flat_map(|(_, body)| body).collect();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    assert!(
        sent.matches("agent.turn").count() >= 5,
        "all spans were sent"
    );
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_the_trail_verifies() {
    let model = begun(2, &[]).await;
    let (collector, _seen) = collectors::recording();
    let (scratch, mut command) = observed("serve-twice", &model, &collector.url);
    let (mut child, at) = serving(&mut command).await;
    let streams = [streaming(at).await, streaming(at).await];
    send(&child, Signal::TERM);
    let ready = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    while Connection::open(at).await.ask(ready).await.status != 503 {}
    let began = Instant::now();
    send(&child, Signal::TERM);
    for stream in streams {
        assert!(
            rest(stream)
                .await
                .iter()
                .any(|frame| frame.contains("shutting_down"))
        );
    }
    let status = tokio::time::timeout(PATIENCE, child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(turns(&scratch), (0, 2));
}

#[tokio::test]
async fn it_is_what_its_variables_say_and_says_what_is_wrong_with_them() {
    let here = std::env::temp_dir();
    let mut command = answering(&["agent", "serve", "--port", "0"], &here);
    command
        .env("KAOS_API_TOKEN", "one, two")
        .env("KAOS_ALLOWED_HOSTS", "agents.example");
    let (_child, at) = serving(&mut command).await;
    let ask = async |headers: &[(&str, &str)]| {
        let body = br#"{"messages":[{"role":"user","content":"Hi!"}]}"#;
        let request = post("/v1/chat/completions", headers, body);
        Connection::open(at).await.ask(&request).await
    };
    assert_eq!(ask(&[]).await.status, 401);
    for (token, host) in [
        ("Bearer one", "localhost"),
        ("Bearer two", "agents.example"),
    ] {
        let answer = ask(&[("Authorization", token), ("Host", host)]).await;
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello.");
    }
    let wrong = [
        (&[("AGENT_NAME", "")][..], "AGENT_NAME"),
        (
            &[("AGENT_NAME", "a"), ("KAOS_DRAIN_SECONDS", "soon")][..],
            "KAOS_DRAIN_SECONDS",
        ),
        (
            &[("AGENT_NAME", "a"), ("DEBUG_MOCK_RESPONSES", "")][..],
            "MODEL_API_URL",
        ),
    ];
    for (variables, named) in wrong {
        let mut command = answering(&["agent", "serve", "--port", "0"], &here);
        let output = command
            .envs(variables.iter().copied())
            .output()
            .await
            .unwrap();
        let said = super::said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(named), "{said}");
    }
}

#[tokio::test]
async fn what_could_not_be_recorded_is_said_at_the_end_with_exit_code_1() {
    let scratch = Scratch::new("serve-lost");
    std::fs::create_dir(scratch.path()).unwrap();
    let trail = scratch.path().join("trail");
    let mut command = answering(&["agent", "serve", "--port", "0"], scratch.path());
    command.env("KAOS_TRAIL", &trail);
    let mut child = command.env("AGENT_NAME", "assistant").spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let at = loop {
        let line = said.next_line().await.unwrap().expect("it listens");
        if let Some((_, at)) = line.split_once(" listens at http://") {
            break at.parse().unwrap();
        }
    };
    // Somebody takes its directory away.
    std::fs::rename(&trail, scratch.path().join("elsewhere")).unwrap();
    let ask = post(
        "/v1/chat/completions",
        &[],
        br#"{"messages":[{"role":"user","content":"How long?"}]}"#,
    );
    assert_eq!(Connection::open(at).await.ask(&ask).await.status, 200);
    send(&child, Signal::TERM);
    let mut rest = String::new();
    while let Some(line) = said.next_line().await.unwrap() {
        rest += &line;
    }
    let status = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert_eq!(status.unwrap().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("records are lost"), "{rest}");
}
