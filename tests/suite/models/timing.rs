//! Rows about time, on a clock that the tests move.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{Event, Phase};
use kaos_runner::models::{OpenAiBuilder, Retries, Timeouts};
use kaos_runner::testing::{Answer, ModelServer, completion, events};
use kaos_runner::{Reply, TurnError};
use kaos_tests::Stopped;
use kaos_tests::observed::Observed;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

use super::{MODES, Mode, agent, builder, fails, pieces, retries, turn};

const SECOND: Duration = Duration::from_secs(1);

/// A turn in a task of its own.
struct Going {
    observed: Arc<Observed>,
    task: JoinHandle<Result<Reply, TurnError>>,
}

impl Going {
    fn start(model: OpenAiBuilder, mode: Mode) -> Self {
        let observed = Arc::new(Observed::new(agent(model)));
        let going = Arc::clone(&observed);
        let task = tokio::spawn(async move { turn(&going, mode).await });
        Self { observed, task }
    }

    async fn ended(self) -> (Arc<Observed>, Result<Reply, TurnError>) {
        (self.observed, self.task.await.unwrap())
    }

    /// Waits until so many retries were told of.
    async fn retried(&self, times: usize) {
        while retries(&self.observed.recorder.events()).len() < times {
            tokio::task::yield_now().await;
        }
    }
}

fn done(mode: Mode) -> Answer {
    let done = json!({ "content": "Done." });
    match mode {
        Mode::Whole => Answer::json(&completion(&done, "stop")),
        Mode::Streamed => Answer::stream(events([done], "stop")),
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    for mode in MODES {
        for (header, value) in [("retry-after", "7"), ("retry-after-ms", "7000")] {
            let busy = Answer::new("429 Too Many Requests", &[(header, value)], "slow down");
            let server = ModelServer::start([busy, done(mode)]).await;
            let _stopped = Stopped::clock();
            let began = Instant::now();
            let going = Going::start(builder(&server), mode);
            going.retried(1).await;
            advance(Duration::from_millis(6_998)).await;
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert_eq!(server.requests().len(), 1, "not before its time");
            advance(Duration::from_millis(3)).await;
            let (observed, answered) = going.ended().await;
            assert_eq!(answered.unwrap().text(), "Done.");
            assert_eq!(server.requests().len(), 2);
            assert!(began.elapsed() < 8 * SECOND);
            let retries = retries(&observed.recorder.events());
            let said = |key| retries[0].attributes.get(key).cloned();
            assert_eq!(said("kaos.retry.delay_ms"), Some(7000_i64.into()));
            assert_eq!(said("error.type"), Some("rate_limited".into()));
            observed.assert_sound();
            tokio::time::resume();
        }
    }
}

#[tokio::test]
async fn waits_grow_and_differ() {
    let busy = Answer::error("500 Internal Server Error", &json!({}));
    let server = ModelServer::start((0..7).map(|_| busy.clone())).await;
    let _stopped = Stopped::clock();
    let model = builder(&server).retries(Retries {
        attempts: 7,
        ..Retries::default()
    });
    let going = Going::start(model, Mode::Whole);
    for attempt in 1..7 {
        going.retried(attempt).await;
        advance(8 * SECOND).await;
    }
    let (observed, answered) = going.ended().await;
    fails(&observed, &answered, "server_error");
    assert_eq!(server.requests().len(), 7);
    let longest = [500, 1_000, 2_000, 4_000, 8_000, 8_000];
    for (retry, longest) in retries(&observed.recorder.events()).iter().zip(longest) {
        let Some(kaos_hooks::AttributeValue::Int(delay)) =
            retry.attributes.get("kaos.retry.delay_ms")
        else {
            panic!("a retry says how long it waits");
        };
        assert!(
            (longest / 2..=longest).contains(delay),
            "{delay} of {longest}"
        );
    }
}

#[tokio::test]
async fn a_slow_first_chunk() {
    let none = Answer::nothing().hang();
    let head = Answer::stream_head().hang();
    for answer in [none, head] {
        let server = ModelServer::start([answer]).await;
        let _stopped = Stopped::clock();
        let going = Going::start(builder(&server), Mode::Streamed);
        server.arrived(1).await;
        advance(61 * SECOND).await;
        let (observed, answered) = going.ended().await;
        fails(&observed, &answered, "timeout");
        server.gone(1).await;
        assert_eq!(
            server.requests().len(),
            1,
            "a slow answer is not asked for twice"
        );
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_first_chunk_just_in_time() {
    let told = Arc::new(Notify::new());
    let all = events([json!({ "content": "Done." })], "stop");
    let answer = Answer::stream_head().until(&told).chunks(all).end();
    let server = ModelServer::start([answer]).await;
    let _stopped = Stopped::clock();
    let going = Going::start(builder(&server), Mode::Streamed);
    server.arrived(1).await;
    advance(59 * SECOND).await;
    told.notify_one();
    let (observed, answered) = going.ended().await;
    assert_eq!(answered.unwrap().text(), "Done.");
    observed.assert_sound();
}

#[tokio::test]
async fn a_hang() {
    let mut half = events([json!({ "content": "Hel" })], "stop");
    half.truncate(2);
    for mode in MODES {
        let answer = match mode {
            Mode::Whole => Answer::nothing().hang(),
            Mode::Streamed => Answer::stream_head().chunks(&half).hang(),
        };
        let server = ModelServer::start([answer]).await;
        let _stopped = Stopped::clock();
        let model = builder(&server).timeouts(Timeouts {
            total: 100 * SECOND,
            ..Timeouts::default()
        });
        let going = Going::start(model, mode);
        server.arrived(1).await;
        let text = || pieces(&going.observed.recorder.events()).text;
        while mode == Mode::Streamed && text().is_empty() {
            tokio::task::yield_now().await;
        }
        advance(101 * SECOND).await;
        let (observed, answered) = going.ended().await;
        fails(&observed, &answered, "timeout");
        server.gone(1).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_wait_past_the_total_is_not_begun() {
    let busy = Answer::new("429 Too Many Requests", &[("retry-after", "50")], "later");
    let server = ModelServer::start([busy]).await;
    let model = builder(&server).timeouts(Timeouts {
        total: 40 * SECOND,
        ..Timeouts::default()
    });
    let observed = Observed::new(agent(model));
    let answered = turn(&observed, Mode::Whole).await;
    fails(&observed, &answered, "rate_limited");
}

#[tokio::test]
async fn the_turn_s_limit_cancels_the_request() {
    let server = ModelServer::start([Answer::nothing().hang()]).await;
    let _stopped = Stopped::clock();
    let limits = kaos_runner::Limits {
        turn: 30 * SECOND,
        ..kaos_runner::Limits::default()
    };
    let observed = Arc::new(Observed::new(agent(builder(&server)).limits(limits)));
    let going = Arc::clone(&observed);
    let task = tokio::spawn(async move { turn(&going, Mode::Whole).await });
    server.arrived(1).await;
    advance(31 * SECOND).await;
    task.await.unwrap().unwrap_err();
    server.gone(1).await;
    observed.assert_tree(
        "
        agent.turn [error: budget_exceeded]
          agent.intent_classification
          agent.step.1 [cancelled]
            model.inference [cancelled]
        ",
    );
}

/// A closure is a hook: that a retry is seen while the call is still open.
#[tokio::test]
async fn a_retry_is_told_of_before_its_wait() {
    let busy = Answer::new("429 Too Many Requests", &[("retry-after", "5")], "later");
    let server = ModelServer::start([busy, done(Mode::Whole)]).await;
    let _stopped = Stopped::clock();
    let (told, mut seen) = tokio::sync::watch::channel(false);
    let hook = move |event: &Event<'_>| {
        if event
            .span()
            .is_some_and(|span| matches!(span.phase, Phase::Progress(_)))
        {
            told.send_replace(true);
        }
    };
    let runner = kaos_runner::Runner::new(agent(builder(&server))).hooks(hook);
    let task = tokio::spawn(async move { runner.turn("Hi!", "s").await });
    seen.wait_for(|seen| *seen).await.unwrap();
    assert!(!task.is_finished());
    advance(6 * SECOND).await;
    assert_eq!(task.await.unwrap().unwrap().text(), "Done.");
}
