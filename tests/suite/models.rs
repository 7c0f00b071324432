//! `OpenAiModel` against an endpoint on loopback: a test for each row of kaos-runner/docs/models.md.

use std::time::Duration;

use kaos_hooks::{EventBuf, PhaseBuf, Progress, Value};
use kaos_runner::models::{OpenAiBuilder, Retries};
use kaos_runner::testing::{Answer, ModelServer};
use kaos_runner::{Agent, OpenAiModel, Reply, TurnError, TurnErrorKind};
use kaos_tests::observed::Observed;
use tokio_stream::StreamExt as _;

mod answers;
mod as_sent;
mod attacks;
mod both;
mod conversations;
mod failures;
mod identity;
mod lenient;
mod limits;
mod providers;
mod scenarios;
mod scripts;
mod setup;
mod shapes;
mod splits;
mod timing;
mod transport;

const KEY: &str = "sk-test-0123456789abcdef";

/// A model of this endpoint that does not wait between attempts.
fn builder(server: &ModelServer) -> OpenAiBuilder {
    OpenAiModel::builder(server.url(), "test-model")
        .api_key(KEY)
        .retries(Retries {
            first_delay: Duration::ZERO,
            ..Retries::default()
        })
}

fn agent(model: OpenAiBuilder) -> Agent {
    Agent::new("assistant", model.build().unwrap()).instructions("Answer briefly.")
}

/// Whether the answer is streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Whole,
    Streamed,
}

const MODES: [Mode; 2] = [Mode::Whole, Mode::Streamed];

/// Lets the agent answer.
async fn turn(observed: &Observed, mode: Mode) -> Result<Reply, TurnError> {
    match mode {
        Mode::Whole => observed.runner.turn("Hi!", "s").await,
        Mode::Streamed => {
            let mut events = observed.runner.run("Hi!", "s");
            while events.next().await.is_some() {}
            events.into_reply().await
        }
    }
}

/// Lets an agent of this model answer, which must fail like this after so many requests; and every
/// span has ended once, with the failure.
#[track_caller]
fn fails(observed: &Observed, answered: &Result<Reply, TurnError>, kind: &str) {
    let error = answered.as_ref().unwrap_err();
    let TurnErrorKind::Model(error) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), kind, "{error}");
    assert!(!format!("{error:?}{error}").contains(KEY));
    observed.assert_tree(&format!(
        "
        agent.turn [error: {kind}]
          agent.intent_classification
          agent.step.1 [error: {kind}]
            model.inference [error: {kind}]
        "
    ));
}

/// As [`fails`], for both modes, with answers of the same kind for each attempt.
async fn check_failure(answer: impl Fn(Mode) -> Answer, kind: &str, requests: usize) {
    for mode in MODES {
        let server = ModelServer::start((0..5).map(|_| answer(mode))).await;
        let observed = Observed::new(agent(builder(&server)));
        let answered = turn(&observed, mode).await;
        fails(&observed, &answered, kind);
        assert_eq!(server.requests().len(), requests, "{mode:?}");
        let retries = retries(&observed.recorder.events());
        assert_eq!(retries.len(), requests - 1, "{mode:?}");
        for (retry, attempt) in retries.iter().zip(1_i64..) {
            let said = |key| retry.attributes.get(key).cloned();
            assert_eq!(said("kaos.retry.attempt"), Some(attempt.into()));
            assert_eq!(said("error.type"), Some(kind.to_owned().into()));
        }
    }
}

/// The progress of model calls.
fn retries(events: &[EventBuf]) -> Vec<Progress> {
    events
        .iter()
        .filter_map(|event| match &event.span()?.phase {
            PhaseBuf::Progress(progress) if progress.note == "retry" => Some(progress.clone()),
            _ => None,
        })
        .collect()
}

/// What was handed on piece by piece: the reasoning, the text, and the arguments by call.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pieces {
    thinking: Vec<String>,
    text: Vec<String>,
    arguments: Vec<(String, String)>,
}

fn pieces(events: &[EventBuf]) -> Pieces {
    let mut pieces = Pieces::default();
    for event in events {
        match event.value() {
            Some(Value::ThinkingDelta(delta)) => pieces.thinking.push(delta.content.to_string()),
            Some(Value::TextDelta(delta)) => pieces.text.push(delta.content.to_string()),
            Some(Value::ToolCallArgsDelta(delta)) => pieces
                .arguments
                .push((delta.call_id.to_string(), delta.content.to_string())),
            _ => {}
        }
    }
    pieces
}
