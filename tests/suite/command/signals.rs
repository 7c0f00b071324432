//! Signals that ask the command to end.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kaos_hooks::PhaseBuf;
use kaos_hooks::audit::{Filter, RecordContent, SigningKey, Trail};
use kaos_runner::ModelReply;
use kaos_runner::testing::{Answer, Api, ModelServer};
use kaos_tests::collectors;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::kaos;
use crate::audit::Scratch;
use crate::mcp_rogues::is_gone;

/// How long is waited for what does not come where something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that begins, and goes on when it is told; never, without.
async fn begun(goes_on: Option<&Arc<Notify>>) -> ModelServer {
    let mut events = Api::ChatCompletions.stream(&ModelReply::text("Twelve months."));
    let rest = events.split_off(2);
    let answer = Answer::stream_head().chunks(events);
    ModelServer::start([match goes_on {
        Some(told) => answer.until(told).chunks(rest).end(),
        None => answer.hang(),
    }])
    .await
}

fn asking(command: &mut Command, model: &ModelServer) {
    command
        .env("MODEL_API_URL", model.url())
        .env("MODEL_NAME", "m");
}

/// Waits until the answer has begun.
async fn answering(child: &mut Child) {
    let out = child.stdout.as_mut().unwrap();
    let mut first = [0];
    out.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *b"T");
}

fn send(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// What a signal in a stream leaves.
async fn in_a_stream(signal: Signal, code: i32) {
    let scratch = Scratch::new(&format!("signal-{code}"));
    std::fs::create_dir(scratch.path()).unwrap();
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let key = SigningKey::from_seed("test", &[7; 32]).unwrap();
    std::fs::write(path("key"), key.to_secret_text().as_str()).unwrap();
    let (collector, seen) = collectors::recording();
    let model = begun(None).await;
    // An MCP server that leaves a process behind.
    let server = format!(
        "{} good leaves writes {}",
        env!("CARGO_BIN_EXE_mcp_stdio_server"),
        path("notes")
    );
    let mut command = kaos(&["run", "How long?", "--session", "s-1", "--mcp", &server]);
    command.args(["--trail", &path("trail"), "--trail-key", &path("key")]);
    command
        .env_remove("OTEL_SDK_DISABLED")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    asking(&mut command, &model);
    let mut child = command.spawn().unwrap();
    answering(&mut child).await;
    send(&child, signal);
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = ended.expect("the signal is heeded").unwrap();
    let said = super::said(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");

    // The spans are at the collector.
    let sent: Vec<u8> = seen.try_iter().flat_map(|(_, body)| body).collect();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    for name in ["agent.turn", "agent.step.1", "model.inference"] {
        assert!(sent.contains(name), "{name} is not among the spans");
    }
    // The trail is sealed, and says that all was cancelled.
    let trail = Trail::open_read(path("trail")).unwrap();
    let report = trail.verifier().key(key.verifying_key()).run().unwrap();
    assert_eq!(
        (report.exit_code(false), report.unsigned_tail),
        (0, 0),
        "{report}"
    );
    let mut cancelled = Vec::new();
    for record in trail.records(Filter::default()).unwrap() {
        if let RecordContent::Event(event) = record.unwrap().content
            && let Some(span) = event.span()
            && matches!(span.phase, PhaseBuf::Cancelled(..))
        {
            cancelled.push(span.name().to_string());
        }
    }
    assert_eq!(
        cancelled,
        ["model.inference", "agent.step.1", "agent.turn"],
        "{said}"
    );
    // Nothing that the server was, or started, is there.
    no_process_of(&path("notes"));
}

fn no_process_of(notes: &str) {
    let notes = std::fs::read_to_string(Path::new(notes)).unwrap();
    let pids: Vec<&str> = notes
        .lines()
        .filter_map(|line| line.strip_prefix("pid "))
        .collect();
    assert_eq!(pids.len(), 2, "{notes}");
    assert!(notes.lines().any(|line| line == "closed"), "{notes}");
    for pid in pids {
        assert!(is_gone(pid), "{pid} lives on");
    }
}

#[tokio::test]
async fn a_signal_in_a_stream_cancels_flushes_seals_and_leaves_no_process() {
    let signals = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    join_all(signals.map(|(signal, code)| in_a_stream(signal, code))).await;
}

#[tokio::test]
async fn a_second_signal_waits_for_nothing() {
    let scratch = Scratch::new("signal-twice");
    std::fs::create_dir(scratch.path()).unwrap();
    let notes = scratch.path().join("notes").display().to_string();
    // It takes connections and never answers: the flush waits for it.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = env!("CARGO_BIN_EXE_mcp_stdio_server");
    let server = format!("{server} good stubborn leaves writes {notes}");
    let model = begun(None).await;
    let mut command = kaos(&["run", "How long?", "--mcp", &server]);
    command
        .env_remove("OTEL_SDK_DISABLED")
        .env(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://{}", silent.local_addr().unwrap()),
        )
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    asking(&mut command, &model);
    let mut child = command.spawn().unwrap();
    answering(&mut child).await;
    send(&child, Signal::TERM);
    let flushes = tokio::time::timeout(PATIENCE, silent.accept()).await;
    let _connection = flushes.expect("the first signal is heeded").unwrap();
    let began = Instant::now();
    send(&child, Signal::INT);
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(143));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    let notes = std::fs::read_to_string(notes).unwrap();
    for pid in notes.lines().filter_map(|line| line.strip_prefix("pid ")) {
        // A signal takes effect soon, not at once.
        while !is_gone(pid) {
            tokio::task::yield_now().await;
        }
    }
}

/// The output is a pipe that nobody reads: the command cannot even see the first signal.
#[tokio::test]
async fn a_command_that_cannot_write_is_ended_by_the_second_signal() {
    let much = "x".repeat(1024 * 1024);
    let reply = ModelReply::text(much);
    let model = ModelServer::start([Api::ChatCompletions.answer(&reply, true)]).await;
    let mut command = kaos(&["run", "-q", "How long?"]);
    asking(&mut command, &model);
    let mut child = command.spawn().unwrap();
    // It has begun to write.
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .await
        .unwrap();
    send(&child, Signal::TERM);
    // Two that come at once are one: the second is sent until it is seen.
    let began = Instant::now();
    let status: ExitStatus = loop {
        send(&child, Signal::HUP);
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(50), child.wait()).await {
            break ended.unwrap();
        }
        // It never is where the suite was started with SIGHUP ignored, as by `nohup`.
        assert!(
            began.elapsed() < PATIENCE,
            "the second signal is not heeded"
        );
    };
    assert!([143, 129].contains(&status.code().unwrap()), "{status}");
}

#[tokio::test]
async fn what_was_ignored_when_it_started_stays_ignored() {
    let goes_on = Arc::new(Notify::new());
    let model = begun(Some(&goes_on)).await;
    let kaos_itself = env!("CARGO_BIN_EXE_kaos_under_test");
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' HUP; exec \"$0\" run -q 'How long?'",
            kaos_itself,
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .env("OTEL_SDK_DISABLED", "true")
        .kill_on_drop(true);
    asking(&mut command, &model);
    let mut child = command.spawn().unwrap();
    answering(&mut child).await;
    send(&child, Signal::HUP);
    goes_on.notify_one();
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", super::said(&output));
    assert_eq!(output.stdout, b"welve months.\n");
}
