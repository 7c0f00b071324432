//! Rows that end with an error.

use std::error::Error as _;

use async_trait::async_trait;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Emitter, Hooks, Str, Value};
use kaos_runner::models::Retries;
use kaos_runner::testing::{Answer, ModelServer, completion, event, events};
use kaos_runner::{Agent, Deltas, Model, ModelError, ModelReply, ModelRequest, Runner};
use kaos_tests::nobody::Nobody;
use kaos_tests::observed::Observed;
use kaos_tests::slow_disk::SlowDisk;
use serde_json::json;
use tokio_stream::StreamExt as _;

use super::{MODES, Mode, agent, builder, check_failure, fails, pieces, retries, turn};

/// An error with this status and body.
async fn check_status(status: &str, body: serde_json::Value, kind: &str, requests: usize) {
    check_failure(|_| Answer::error(status, &body), kind, requests).await;
}

#[tokio::test]
async fn errors_of_the_provider_have_kinds() {
    let said = |code: &str| json!({ "error": { "message": "no", "type": "x", "code": code } });
    check_status("401 Unauthorized", said("invalid_api_key"), "auth", 1).await;
    check_status("403 Forbidden", json!({}), "auth", 1).await;
    check_status("404 Not Found", said("model_not_found"), "not_found", 1).await;
    check_status(
        "400 Bad Request",
        said("context_length_exceeded"),
        "context_length",
        1,
    )
    .await;
    let words =
        json!({ "message": "This model's maximum context length is 2048 tokens", "code": 400 });
    check_status("400 Bad Request", words, "context_length", 1).await;
    check_status(
        "400 Bad Request",
        said("content_filter"),
        "content_filter",
        1,
    )
    .await;
    check_status(
        "400 Bad Request",
        json!({ "error": "no such field" }),
        "invalid_request",
        1,
    )
    .await;
    check_status("413 Content Too Large", json!({}), "invalid_request", 1).await;
    check_status("307 Temporary Redirect", json!({}), "bad_response", 1).await;
}

#[tokio::test]
async fn passing_errors_are_tried_three_times() {
    check_status("429 Too Many Requests", json!({}), "rate_limited", 3).await;
    check_status("500 Internal Server Error", json!({}), "server_error", 3).await;
    check_status("503 Service Unavailable", json!({}), "overloaded", 3).await;
    check_status("408 Request Timeout", json!({}), "timeout", 3).await;
    check_failure(|_| Answer::nothing().close(), "connection", 3).await;
}

#[tokio::test]
async fn a_spent_quota_is_not_tried_again() {
    let spent = json!({ "error": { "message": "pay", "code": "insufficient_quota" } });
    check_status("429 Too Many Requests", spent, "rate_limited", 1).await;
}

#[tokio::test]
async fn a_wait_longer_than_allowed_is_not_waited_for() {
    let answer = |_| Answer::new("429 Too Many Requests", &[("retry-after", "61")], "later");
    check_failure(answer, "rate_limited", 1).await;
}

#[tokio::test]
async fn nobody_listens() {
    let server = ModelServer::start([]).await;
    let nobody = Nobody::listens();
    for mode in MODES {
        let model =
            kaos_runner::OpenAiModel::builder(nobody.url(), "test-model").retries(Retries {
                first_delay: std::time::Duration::ZERO,
                ..Retries::default()
            });
        let observed = Observed::new(agent(model));
        let answered = turn(&observed, mode).await;
        fails(&observed, &answered, "connection");
        assert_eq!(retries(&observed.recorder.events()).len(), 2);
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_wrong_content_type() {
    let html = |_| {
        Answer::new(
            "200 OK",
            &[("content-type", "text/html")],
            "<h1>Log in</h1>",
        )
    };
    check_failure(html, "bad_response", 1).await;
    check_failure(|_| Answer::new("200 OK", &[], "{}"), "bad_response", 1).await;
}

#[tokio::test]
async fn a_page_for_people_is_called_so() {
    let page = Answer::new(
        "200 OK",
        &[("content-type", "application/json")],
        " <h1>Log in</h1>",
    );
    let server = ModelServer::start([page]).await;
    let runner = Runner::new(agent(builder(&server)));
    let failed = runner.turn("Hi!", "s").await.unwrap_err();
    let cause = failed.source().and_then(|model| model.source());
    let failed = cause.unwrap().to_string();
    assert!(failed.contains("a page for people, not JSON"), "{failed}");
    assert!(!failed.contains("Log in"), "{failed}");
}

#[tokio::test]
async fn malformed_answers() {
    let json = [("content-type", "application/json")];
    let stream = |data: &str| Answer::stream([format!("data: {data}\n\n")]);
    for text in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":"none"}"#,
    ] {
        let answer = |mode| match mode {
            Mode::Whole => Answer::new("200 OK", &json, text),
            Mode::Streamed => stream(text),
        };
        check_failure(answer, "bad_response", 1).await;
    }
}

#[tokio::test]
async fn a_malformed_event_after_half_an_answer() {
    let mut stream = events([json!({ "content": "Hel" })], "stop");
    stream.truncate(2);
    stream.push("data: {\"choices\": [\n\n".to_owned());
    let server = ModelServer::start([Answer::stream(stream)]).await;
    let observed = Observed::new(agent(builder(&server)));
    let answered = turn(&observed, Mode::Streamed).await;
    fails(&observed, &answered, "bad_response");
    assert_eq!(pieces(&observed.recorder.events()).text, ["Hel"]);
}

/// A stream that ends like this after its first `events`.
async fn check_truncated(head: usize, end: fn(Answer) -> Answer, kind: &str, requests: usize) {
    let mut all = events([json!({ "content": "Hel" })], "stop");
    all.truncate(head);
    let answer = || end(Answer::stream_head().chunks(&all));
    let server = ModelServer::start((0..5).map(|_| answer())).await;
    let observed = Observed::new(agent(builder(&server)));
    let answered = turn(&observed, Mode::Streamed).await;
    fails(&observed, &answered, kind);
    assert_eq!(server.requests().len(), requests);
    let seen = pieces(&observed.recorder.events()).text.concat();
    assert_eq!(seen, if head > 1 { "Hel" } else { "" });
}

#[tokio::test]
async fn a_truncated_stream() {
    // It ends as HTTP has it, but neither reason nor `[DONE]` came.
    check_truncated(0, Answer::end, "bad_response", 1).await;
    check_truncated(2, Answer::end, "bad_response", 1).await;
    // It breaks: tried again only where nothing was handed on.
    check_truncated(1, Answer::close, "connection", 3).await;
    check_truncated(2, Answer::close, "connection", 1).await;
}

/// Half an event is no answer that cannot be read, but one that is not there.
#[tokio::test]
async fn a_stream_that_ends_in_the_middle_of_an_event() {
    let whole = events(
        [json!({ "content": "Hel" }), json!({ "content": "lo" })],
        "stop",
    );
    let last = whole.len() - 1;
    for at in [0, 1, 2] {
        for half in [7, whole[at].len() / 2, whole[at].trim_end().len() - 1] {
            let mut said = whole[..at].to_vec();
            said.push(whole[at][..half].to_owned());
            let server = ModelServer::start([Answer::stream_head().chunks(said).end()]).await;
            let observed = Observed::new(agent(builder(&server)));
            let answered = turn(&observed, Mode::Streamed).await;
            fails(&observed, &answered, "bad_response");
            let why = format!("{answered:?}");
            assert!(
                why.contains("the stream ended before the answer"),
                "{at}, {half}: {why}"
            );
        }
    }
    // Behind the answer it takes nothing back, and one whose blank line alone is missing is whole.
    for left_out in [7, 1] {
        let mut said = whole.clone();
        let end = said[last].len() - left_out;
        said[last].truncate(end);
        let server = ModelServer::start([Answer::stream_head().chunks(said).end()]).await;
        let observed = Observed::new(agent(builder(&server)));
        assert_eq!(
            turn(&observed, Mode::Streamed).await.unwrap().to_string(),
            "Hello"
        );
    }
}

#[tokio::test]
async fn a_whole_answer_that_breaks_off() {
    let head = [
        ("content-type", "application/json"),
        ("content-length", "100"),
    ];
    let answer = Answer::head("200 OK", &head).then("{\"id\":").close();
    let server = ModelServer::start((0..5).map(|_| answer.clone())).await;
    let observed = Observed::new(agent(builder(&server)));
    let answered = turn(&observed, Mode::Whole).await;
    fails(&observed, &answered, "connection");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_error_inside_the_stream() {
    let said =
        |code: serde_json::Value| event(&json!({ "error": { "message": "no", "code": code } }));
    for (code, kind, requests) in [
        (json!(400), "invalid_request", 1),
        (json!("429"), "rate_limited", 3),
        (json!(null), "server_error", 3),
        (json!("context_length_exceeded"), "context_length", 1),
    ] {
        let server = ModelServer::start((0..5).map(|_| Answer::stream([said(code.clone())]))).await;
        let observed = Observed::new(agent(builder(&server)));
        let answered = turn(&observed, Mode::Streamed).await;
        fails(&observed, &answered, kind);
        assert_eq!(server.requests().len(), requests);
    }
    // After half an answer it is final.
    let mut stream = events([json!({ "content": "Hel" })], "stop");
    stream.truncate(2);
    stream.push(said(json!(500)));
    let server = ModelServer::start([Answer::stream(stream)]).await;
    let observed = Observed::new(agent(builder(&server)));
    let answered = turn(&observed, Mode::Streamed).await;
    fails(&observed, &answered, "server_error");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_the_filter_withheld() {
    let nothing = json!({ "content": "" });
    let answer = |mode| match mode {
        Mode::Whole => Answer::json(&completion(&nothing, "content_filter")),
        Mode::Streamed => Answer::stream(events([nothing.clone()], "content_filter")),
    };
    check_failure(answer, "content_filter", 1).await;
}

#[tokio::test]
async fn a_body_of_20_mb() {
    let text = "a".repeat(20_000_000);
    let told = completion(&json!({ "content": text }), "stop").to_string();
    let json = ("content-type", "application/json");
    let untold = [json, ("transfer-encoding", "chunked")];
    let delta = json!({ "content": "a".repeat(20_000) });
    let cases = [
        // Refused by its stated length, and by what comes.
        (Mode::Whole, Answer::new("200 OK", &[json], &told)),
        (
            Mode::Whole,
            Answer::head("200 OK", &untold).chunks(told.as_bytes().chunks(50_000)),
        ),
        // Many events, and one that never ends.
        (
            Mode::Streamed,
            Answer::stream_head().chunks(events((0..1_000).map(|_| delta.clone()), "stop")),
        ),
        (
            Mode::Streamed,
            Answer::stream_head().chunks(told.as_bytes().chunks(50_000)),
        ),
        // Without end.
        (Mode::Whole, Answer::head("200 OK", &untold).forever("a")),
        (Mode::Streamed, Answer::stream_head().forever("a")),
    ];
    for (mode, answer) in cases {
        let server = ModelServer::start([answer.hang()]).await;
        let observed = Observed::new(agent(builder(&server)));
        let answered = turn(&observed, mode).await;
        fails(&observed, &answered, "too_large");
        server.gone(1).await;
    }
}

#[tokio::test]
async fn the_bound_is_exact() {
    let told = completion(&json!({ "content": "Hello." }), "stop");
    let bytes = told.to_string().len();
    for (most, fits) in [(bytes, true), (bytes - 1, false)] {
        let server = ModelServer::start([Answer::json(&told)]).await;
        let observed = Observed::new(agent(builder(&server).max_response_bytes(most)));
        let answered = turn(&observed, Mode::Whole).await;
        assert_eq!(answered.is_ok(), fits);
    }
}

#[tokio::test]
async fn an_error_of_20_mb_is_cut() {
    let text = "x".repeat(20_000_000);
    let answer = |_| Answer::new("400 Bad Request", &[], &text);
    check_failure(answer, "invalid_request", 1).await;
    let server = ModelServer::start([answer(Mode::Whole)]).await;
    let observed = Observed::new(agent(builder(&server)));
    let error = turn(&observed, Mode::Whole).await.unwrap_err();
    let error = std::error::Error::source(error.kind()).unwrap().to_string();
    assert!(error.len() < 5_000, "{}", error.len());
}

#[tokio::test]
async fn the_key_is_in_no_error_even_if_the_provider_repeats_it() {
    let said =
        json!({ "error": { "message": format!("Incorrect API key provided: {}", super::KEY) } });
    check_status("401 Unauthorized", said, "auth", 1).await;
    let server = ModelServer::start([]).await;
    let builder = builder(&server);
    assert!(!format!("{builder:?}").contains(super::KEY));
    let model = builder.build().unwrap();
    assert!(!format!("{model:?}").contains(super::KEY));
}

/// Whom to look for is said, and nothing else of the URL.
#[tokio::test]
async fn an_endpoint_that_is_not_there_is_named_by_host_and_port() {
    let nobody = Nobody::listens();
    let place = nobody.at();
    let url = format!("http://{place}/v1?api_key=hidden-key");
    let model = kaos_runner::OpenAiModel::builder(url, "m");
    let once = Retries {
        attempts: 1,
        ..Retries::default()
    };
    let observed = Observed::new(agent(model.retries(once)));
    let error = turn(&observed, Mode::Whole).await.unwrap_err();
    let error = std::error::Error::source(error.kind()).unwrap().to_string();
    assert!(
        error.contains(&format!("no connection to {place}")),
        "{error}"
    );
    assert!(!error.contains("hidden-key"), "{error}");
}

/// Without a hook that keeps events nothing has to be waited for.
#[tokio::test]
async fn more_pieces_than_a_run_may_emit_unawaited_end_no_run() {
    let pieces = (0..200).map(|_| json!({ "content": "a" }));
    let server = ModelServer::start([Answer::stream(events(pieces, "stop"))]).await;
    let recorder = Recorder::new();
    let emitter = Emitter::new().with_unawaited_events(100);
    let hooks = Hooks::with_emitter(emitter, recorder.clone());
    let runner = Runner::new(agent(builder(&server))).hooks(hooks);
    let mut stream = runner.run("Hi!", "s");
    while stream.next().await.is_some() {}
    assert_eq!(stream.into_reply().await.unwrap().text(), "a".repeat(200));
    recorder.check().unwrap();
}

/// A model that hands on one piece each time it is polled.
struct Trickles(u32);

#[async_trait]
impl Model for Trickles {
    fn provider(&self) -> Str {
        "tests".into()
    }

    fn name(&self) -> Str {
        "trickles".into()
    }

    async fn respond(
        &self,
        _request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        for _ in 0..self.0 {
            deltas.text("a");
            tokio::task::yield_now().await;
        }
        Ok(ModelReply::text("done"))
    }
}

/// With one, the answer is taken at its pace.
#[tokio::test]
async fn a_long_answer_waits_for_the_hooks_that_keep_events() {
    let audit = AuditHook::builder("not used").storage(SlowDisk::default());
    let audit = audit.open().unwrap();
    let emitter = Emitter::new().with_unawaited_events(100);
    let hooks = Hooks::with_emitter(emitter, audit);
    let runner = Runner::new(Agent::new("assistant", Trickles(5000))).hooks(hooks);
    let mut stream = runner.run("Hi!", "s");
    while stream.next().await.is_some() {}
    let reply = stream.into_reply().await.unwrap();
    assert_eq!((reply.text(), reply.durable()), ("done", Ok(())));
}

#[tokio::test]
async fn a_reader_that_drops_the_stream_cancels_the_request() {
    let mut all = events([json!({ "content": "Hel" })], "stop");
    all.truncate(2);
    // In the middle of a stream, and before anything came.
    let half = Answer::stream_head().chunks(&all).hang();
    for (answer, mid_token) in [(half, true), (Answer::nothing().hang(), false)] {
        let server = ModelServer::start([answer]).await;
        let observed = Observed::new(agent(builder(&server)));
        let mut stream = observed.runner.run("Hi!", "s");
        let mut token = async || {
            while let Some(event) = stream.next().await {
                if matches!(event.value(), Some(Value::TextDelta(_))) {
                    return;
                }
            }
        };
        if mid_token {
            token().await;
        } else {
            tokio::select! {
                () = token() => panic!("nothing was said"),
                () = server.arrived(1) => {}
            }
        }
        drop(stream);
        server.gone(1).await;
        observed.assert_tree(
            "
            agent.turn [cancelled]
              agent.intent_classification
              agent.step.1 [cancelled]
                model.inference [cancelled]
            ",
        );
    }
}
