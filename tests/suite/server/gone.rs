//! Clients that go away, and clients that stop reading.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kaos_hooks::testing::Recorder;
use kaos_hooks::{BodyBuf, PhaseName};
use kaos_runner::server::{Bounds, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Scripted};
use kaos_tests::agents::{self, Act};
use serde_json::json;
use tokio::sync::Notify;

use super::client::post;
use super::{Serving, Stepwise, question, watched};

/// How long a turn may go on after its client went away.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Waits until the last run has ended, and says how and in what time.
async fn ended(seen: &Recorder) -> (PhaseName, Duration) {
    let since = Instant::now();
    loop {
        let runs = seen.runs();
        let last = runs.last().and_then(|run| run.last().zip(run.first()));
        if let Some((last, first)) = last
            && let (BodyBuf::Span(last), BodyBuf::Span(first)) = (&last.body, &first.body)
            && last.id == first.id
            && last.phase.name() != PhaseName::Start
        {
            return (last.phase.name(), since.elapsed());
        }
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "the turn goes on"
        );
        tokio::task::yield_now().await;
    }
}

/// Nothing tells a client that has closed its side from one that is gone, until something is written.
#[tokio::test]
async fn a_client_that_closes_its_side_is_taken_to_be_gone() {
    use tokio::io::AsyncWriteExt as _;
    let (model, _may) = Stepwise::new([]);
    let (server, seen) = Serving::with(model).await;
    let mut connection = server.connect().await;
    let body = question("Hi!", json!({})).to_string();
    connection
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    connection.stream.shutdown().await.unwrap();
    assert_eq!(ended(&seen).await.0, PhaseName::Cancelled);
}

#[tokio::test]
async fn a_client_that_goes_away_at_any_point_of_a_stream_ends_its_turn() {
    let pieces = ["One", ", two", ", three", ", four."];
    for read in 0..=pieces.len() {
        let (model, may) = Stepwise::new(pieces);
        let (server, seen) = Serving::with(model).await;
        let mut connection = server.connect().await;
        let body = question("Count!", json!({ "stream": true })).to_string();
        connection
            .send(&post("/v1/chat/completions", &[], body.as_bytes()))
            .await;
        connection.head().await;
        connection.chunk().await.unwrap(); // the role
        may.add_permits(read);
        for _ in 0..read {
            connection.chunk().await.unwrap();
        }
        drop(connection);
        let (how, took) = ended(&seen).await;
        assert_eq!(how, PhaseName::Cancelled, "after {read} pieces");
        assert!(took < AT_ONCE, "after {read} pieces it took {took:?}");
        seen.check().unwrap();
        assert_eq!(server.stop().await.cancelled, 0, "nothing is left");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_while_it_waits_for_a_whole_answer_ends_its_turn() {
    let (model, _never) = Stepwise::new(["Twelve"]);
    let (server, seen) = Serving::with(model).await;
    let mut connection = server.connect().await;
    let body = question("How long?", json!({})).to_string();
    connection
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    while seen.events().len() < 3 {
        tokio::task::yield_now().await;
    }
    drop(connection);
    let (how, took) = ended(&seen).await;
    assert_eq!(how, PhaseName::Cancelled);
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(server.stop().await.cancelled, 0);
}

#[tokio::test]
async fn a_tool_that_runs_when_its_client_goes_away_is_dropped_and_the_next_never_runs() {
    let began = Arc::new(Notify::new());
    let slow = agents::Scripted::new("slow", Act::Hang(Arc::clone(&began)));
    let after = agents::Scripted::new("after", Act::Give("done"));
    for stream in [true, false] {
        let agent = Agent::new("assistant", model_of(&[&["slow"], &["after"]]))
            .tool(slow.clone())
            .tool(after.clone());
        let (runner, seen) = watched(agent);
        let server = Serving::start(Server::new(runner)).await;
        let mut connection = server.connect().await;
        let body = question("Go!", json!({ "stream": stream })).to_string();
        connection
            .send(&post("/v1/chat/completions", &[], body.as_bytes()))
            .await;
        began.notified().await;
        drop(connection);
        let (how, took) = ended(&seen).await;
        assert_eq!(how, PhaseName::Cancelled, "stream {stream}");
        assert!(took < AT_ONCE, "stream {stream}: {took:?}");
        assert_eq!(after.ran(), 0, "stream {stream}");
        seen.check().unwrap();
    }
}

fn model_of(steps: &[&[&'static str]]) -> FunctionModel {
    FunctionModel::script(steps.iter().map(|names| agents::calls(names)))
}

#[tokio::test]
async fn a_client_that_reads_nothing_more_ends_its_turn_and_fills_no_memory() {
    // Far more than fits on the way.
    let text = "x".repeat(32 * 1024 * 1024);
    let model = FunctionModel::script([Scripted::streamed(ModelReply::text(text), 64 * 1024)]);
    let (runner, seen) = watched(Agent::new("assistant", model));
    let bounds = Bounds {
        write: Duration::from_millis(50),
        ..Bounds::default()
    };
    let server = Serving::start(Server::new(runner).bounds(bounds)).await;
    let mut connection = server.connect().await;
    let body = question("Go!", json!({ "stream": true })).to_string();
    connection
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    connection.head().await;
    let (how, _) = ended(&seen).await;
    assert_eq!(how, PhaseName::Cancelled);
    let said: usize = seen
        .events()
        .iter()
        .filter(|event| matches!(event.body, BodyBuf::Value { .. }))
        .count();
    assert!(said < 256, "{said} of 512 pieces were made for nobody");
    seen.check().unwrap();
}
