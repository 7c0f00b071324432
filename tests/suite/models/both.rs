//! What holds for every model API: the same scenarios behind a strict endpoint of each.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{OutcomeBuf, PhaseBuf, TurnOutcome, Usage};
use kaos_runner::models::Retries;
use kaos_runner::testing::{Answer, Api, ModelServer, Strict, event};
use kaos_runner::{
    Agent, AnthropicModel, FinishReason, Limits, Model, ModelReply, OpenAiModel, Reply, TurnError,
};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::{MODES, Mode, pieces, turn};

pub(super) const APIS: [Api; 2] = [Api::ChatCompletions, Api::Messages];

/// A model of this API at this endpoint that does not wait between attempts.
pub(super) fn model(api: Api, url: &str) -> Arc<dyn Model> {
    let retries = Retries {
        first_delay: Duration::ZERO,
        ..Retries::default()
    };
    match api {
        Api::ChatCompletions => {
            let model = OpenAiModel::builder(url, "test-model").retries(retries);
            Arc::new(model.api_key(super::KEY).build().unwrap())
        }
        Api::Messages => {
            let model = AnthropicModel::builder("test-model")
                .base_url(url)
                .retries(retries);
            Arc::new(model.api_key(super::KEY).build().unwrap())
        }
    }
}

/// The same reply, which took forty tokens, eight of them cached, and gave seven.
fn counted(reply: ModelReply) -> ModelReply {
    ModelReply {
        usage: Some(Usage {
            cache_read_tokens: Some(8),
            ..Usage::new(40, 7)
        }),
        ..reply
    }
}

/// A strict endpoint of this API that says this, one reply a request.
pub(super) async fn says(api: Api, mode: Mode, replies: &[ModelReply]) -> ModelServer {
    let replies = replies.iter().cloned().map(counted);
    let answers = replies.map(|reply| api.answer(&reply, mode == Mode::Streamed));
    let answers: Vec<Answer> = answers.collect();
    ModelServer::strict(Strict::default().knows("reasoning_content"), answers).await
}

pub(super) fn agent(api: Api, server: &ModelServer) -> Agent {
    Agent::new("assistant", model(api, server.url())).instructions("Answer briefly.")
}

/// Runs a check for each API and mode.
async fn each(check: impl AsyncFn(Api, Mode)) {
    for api in APIS {
        for mode in MODES {
            check(api, mode).await;
        }
    }
}

#[tokio::test]
async fn an_answer_with_thoughts() {
    each(async |api, mode| {
        let server = says(
            api,
            mode,
            &[ModelReply::text("Hello.").reasoning("A greeting.")],
        )
        .await;
        let observed = Observed::new(agent(api, &server));
        let reply = turn(&observed, mode).await.unwrap();
        assert_eq!(reply.text(), "Hello.");
        assert_eq!(reply.finish_reason(), Some(&FinishReason::Stop));
        let usage = reply.usage().unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens),
            (40, 7),
            "{api:?}"
        );
        assert_eq!(usage.cache_read_tokens, Some(8));
        if mode == Mode::Streamed {
            let seen = pieces(&observed.recorder.events());
            assert_eq!(seen.text.concat(), "Hello.");
            assert_eq!(seen.thinking.concat(), "A greeting.");
        }
        observed.assert_sound();
    })
    .await;
}

#[tokio::test]
async fn parallel_tools_an_unknown_one_and_one_that_fails() {
    each(async |api, mode| {
        let calls = ModelReply::text("Let me see.")
            .and_call("call-a", "left", r#"{"side":"l"}"#)
            .and_call("call-b", "right", "{}")
            .and_call("call-c", "absent", "{}")
            .reasoning("Both sides.");
        let server = says(api, mode, &[calls, ModelReply::text("Done.")]).await;
        let left = Scripted::new("left", Act::Yield("l"));
        let agent = agent(api, &server)
            .tool(left.clone())
            .tool(Scripted::new("right", Act::Fail("no")));
        let observed = Observed::new(agent);
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Done.");
        assert_eq!(left.saw(), [r#"{"side":"l"}"#]);
        observed.assert_tree(
            "
            agent.turn
              agent.intent_classification
              agent.step.1
                model.inference
                tool.left
                tool.right [error: tool_error]
                tool._OTHER [error: unknown_tool]
              agent.step.2
                model.inference
            ",
        );
    })
    .await;
}

#[tokio::test]
async fn two_calls_of_one_id_are_two_calls() {
    each(async |api, mode| {
        let calls = ModelReply::call("call-1", "left", r#"{"n":1}"#).and_call(
            "call-1",
            "left",
            r#"{"n":2}"#,
        );
        let server = says(api, mode, &[calls, ModelReply::text("Done.")]).await;
        let left = Scripted::new("left", Act::Give("l"));
        let observed = Observed::new(agent(api, &server).tool(left.clone()));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Done.");
        assert_eq!(left.saw(), [r#"{"n":1}"#, r#"{"n":2}"#]);
        observed.assert_sound();
    })
    .await;
}

#[tokio::test]
async fn ids_that_come_again_in_every_step_and_turn() {
    each(async |api, mode| {
        let call = || ModelReply::call("call_0", "left", "{}");
        let done = || ModelReply::text("Done.");
        let server = says(api, mode, &[call(), call(), done(), call(), done()]).await;
        let left = Scripted::new("left", Act::Give("l"));
        let observed = Observed::new(agent(api, &server).tool(left.clone()));
        turn(&observed, mode).await.unwrap();
        turn(&observed, mode).await.unwrap();
        assert_eq!(left.ran(), 3);
    })
    .await;
}

#[tokio::test]
async fn malformed_arguments_go_back_as_an_object_with_the_error_beside() {
    for api in APIS {
        let call = ModelReply::call("call-1", "left", r#"{"side": "#);
        let server = says(api, Mode::Streamed, &[call, ModelReply::text("Sorry.")]).await;
        let left = Scripted::new("left", Act::Give("l"));
        let observed = Observed::new(agent(api, &server).tool(left.clone()));
        assert_eq!(
            turn(&observed, Mode::Streamed).await.unwrap().text(),
            "Sorry."
        );
        assert_eq!(left.ran(), 0);
        let sent = server.requests()[1].body["messages"].to_string();
        assert!(sent.contains("error: the arguments are no JSON"), "{sent}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_no_message_of_the_next_turn() {
    each(async |api, mode| {
        let replies = ["", "  \n", "Here."].map(ModelReply::text);
        let server = says(api, mode, &replies).await;
        let observed = Observed::new(agent(api, &server));
        for expected in ["", "  \n", "Here."] {
            let reply = turn(&observed, mode).await.unwrap();
            assert_eq!(reply.text(), expected);
        }
        observed.assert_sound();
    })
    .await;
}

#[tokio::test]
async fn a_question_without_a_word() {
    each(async |api, mode| {
        let server = says(api, mode, &[ModelReply::text("Yes?")]).await;
        let observed = Observed::new(agent(api, &server));
        let reply = observed.runner.turn(" ", "s").await.unwrap();
        assert_eq!(reply.text(), "Yes?", "{mode:?}");
    })
    .await;
}

/// What came of the turn, however it ended.
fn turn_outcome(observed: &Observed) -> Option<TurnOutcome> {
    let events = observed.recorder.events();
    events
        .iter()
        .rev()
        .find_map(|event| match &event.span()?.phase {
            PhaseBuf::Complete(OutcomeBuf::Turn(outcome), _)
            | PhaseBuf::Error(_, Some(OutcomeBuf::Turn(outcome)), _) => Some(outcome.clone()),
            _ => None,
        })
}

#[tokio::test]
async fn why_a_model_stopped_is_told() {
    let reasons = [
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ContentFilter,
    ];
    each(async |api, mode| {
        for reason in &reasons {
            let half = ModelReply::text("Half an ans").finished(reason.clone());
            let server = says(api, mode, &[half]).await;
            let observed = Observed::new(agent(api, &server));
            let reply = turn(&observed, mode).await.unwrap();
            assert_eq!(reply.finish_reason(), Some(reason));
            let outcome = turn_outcome(&observed).unwrap();
            assert_eq!(outcome.finish_reasons, [reason.as_str()]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refusal_without_a_word_is_an_error() {
    each(async |api, mode| {
        let nothing = ModelReply::text("").finished(FinishReason::ContentFilter);
        let server = says(api, mode, &[nothing]).await;
        let observed = Observed::new(agent(api, &server));
        let answered = turn(&observed, mode).await;
        super::fails(&observed, &answered, "content_filter");
    })
    .await;
}

#[tokio::test]
async fn an_error_under_status_200_wherever_it_stands() {
    let error = json!({ "message": "busy", "type": "overloaded_error" });
    let bodies = [
        json!({ "error": error }),
        json!([{ "error": error }]),
        json!({ "type": "error", "error": error }),
        json!({ "object": "error", "message": "busy", "type": "overloaded_error" }),
        json!({ "errors": [error] }),
    ];
    for api in APIS {
        for body in &bodies {
            let whole = || Answer::json(body);
            let streamed = || Answer::stream([event(body)]);
            let named = || Answer::stream([format!("event: error\n{}", event(body))]);
            for answer in [whole(), streamed(), named()] {
                let server = ModelServer::start((0..3).map(|_| answer.clone())).await;
                let observed = Observed::new(agent(api, &server));
                let answered = turn(&observed, Mode::Streamed).await;
                super::fails(&observed, &answered, "overloaded");
                assert_eq!(server.requests().len(), 3, "it may pass: {body}");
            }
        }
    }
}

#[tokio::test]
async fn half_a_surrogate_pair_is_a_replacement_character() {
    for api in APIS {
        let lone = r"a\ud83d b\ude00 c\ud83d\ude00";
        let spoken = ModelReply::text("TEXT");
        for mode in MODES {
            let answer = match mode {
                Mode::Whole => {
                    let body = match api {
                        Api::ChatCompletions => {
                            kaos_runner::testing::completion(&json!({ "content": "TEXT" }), "stop")
                        }
                        Api::Messages => kaos_runner::testing::message(
                            &[json!({ "type": "text", "text": "TEXT" })],
                            "end_turn",
                        ),
                    };
                    Answer::new(
                        "200 OK",
                        &[("content-type", "application/json")],
                        body.to_string().replace("TEXT", lone),
                    )
                }
                // The pair is split over two chunks.
                Mode::Streamed => {
                    let events = api.stream(&spoken);
                    let halves = |event: String| {
                        event
                            .replace("\"TE\"", r#""a\ud83d""#)
                            .replace("\"XT\"", r#""\ude00 b""#)
                    };
                    Answer::stream(events.into_iter().map(halves))
                }
            };
            let server = ModelServer::start([answer]).await;
            let observed = Observed::new(agent(api, &server));
            let reply = turn(&observed, mode).await.unwrap();
            let expected = match mode {
                Mode::Whole => "a\u{fffd} b\u{fffd} c😀",
                Mode::Streamed => "a\u{fffd}\u{fffd} b",
            };
            assert_eq!(reply.text(), expected, "{api:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_read_whatever_its_content_type_says() {
    for api in APIS {
        for stated in [
            "application/json",
            "text/plain",
            "text/html",
            "application/octet-stream",
            "",
        ] {
            let body = api.stream(&ModelReply::text("Hello.")).concat();
            let answer = Answer::new("200 OK", &[("content-type", stated)], body);
            let comment = format!(
                "\u{feff}\n: hello\n\n{}",
                api.stream(&ModelReply::text("Hello.")).concat()
            );
            let commented = Answer::new("200 OK", &[("content-type", stated)], comment);
            let server = ModelServer::start([answer, commented]).await;
            let observed = Observed::new(agent(api, &server));
            assert_eq!(
                turn(&observed, Mode::Streamed).await.unwrap().text(),
                "Hello.",
                "{stated}"
            );
            assert_eq!(
                turn(&observed, Mode::Streamed).await.unwrap().text(),
                "Hello.",
                "{stated}"
            );
        }
        // And JSON that says it is a stream.
        let body = match api {
            Api::ChatCompletions => {
                kaos_runner::testing::completion(&json!({ "content": "Hello." }), "stop")
            }
            Api::Messages => kaos_runner::testing::message(
                &[json!({ "type": "text", "text": "Hello." })],
                "end_turn",
            ),
        };
        let answer = Answer::new(
            "200 OK",
            &[("content-type", "text/event-stream")],
            body.to_string(),
        );
        let server = ModelServer::start([answer]).await;
        let observed = Observed::new(agent(api, &server));
        assert_eq!(
            turn(&observed, Mode::Streamed).await.unwrap().text(),
            "Hello."
        );
    }
}

/// Names and schemas that single providers refuse.
fn odd_tools() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("files.read", json!({ "type": "object" }), "{}"),
        ("files_read", json!(true), "{}"),
        ("dotted.name/with everything", json!({}), "{}"),
        ("ünïcode", json!({ "type": "null" }), "null"),
        ("9lives", json!({ "type": "string" }), "\"x\""),
        (
            "",
            json!({ "oneOf": [{ "type": "object" }, { "type": "string" }] }),
            "\"x\"",
        ),
        (
            "recursive",
            json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$ref": "#/$defs/Node",
                "$defs": { "Node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/Node" } } } },
            }),
            "{}",
        ),
        (
            "lists",
            json!({ "type": "object", "properties": {
                "bare": { "type": "array" }, "pair": { "type": "array", "items": [{ "type": "string" }, true] },
                "odd": { "type": "any" }, "none": { "enum": [] }, "anything": true, "null": { "type": ["string", "null"] },
                "drafty": { "type": "string", "required": true },
            } }),
            "{}",
        ),
        (
            "twins",
            json!({ "type": "object", "properties": null }),
            "{}",
        ),
    ]
}

fn odd_tool(name: &'static str, schema: &Value) -> Scripted {
    Scripted::new(name, Act::Give("done")).with_schema(schema.clone())
}

#[tokio::test]
async fn odd_names_and_schemas_go_out_legal_and_come_back_as_their_own() {
    let long =
        "a_name_of_far_more_than_sixty_four_letters_that_a_server_made_up_for_a_tool_of_its_own";
    let mut tools = odd_tools();
    tools.extend([
        (long, json!({ "type": "object" }), "{}"),
        (long, json!({}), "{}"),
    ]);
    each(async |api, mode| {
        let scripted = tools.iter().map(|(name, schema, _)| odd_tool(name, schema));
        let scripted: Vec<Scripted> = scripted.collect();
        let with_tools = |server: &ModelServer| {
            let helper = Agent::new("the helper", kaos_runner::FunctionModel::answer("Yes."));
            let all = scripted.iter().cloned();
            all.fold(agent(api, server), Agent::tool).subagent(helper)
        };
        // What they are called is read off a first request.
        let probe = says(api, mode, &[ModelReply::text("Hi.")]).await;
        turn(&Observed::new(with_tools(&probe)), mode)
            .await
            .unwrap();
        let told = probe.requests()[0].body["tools"].clone();
        let mut calls = ModelReply::default();
        for (at, (_, _, expected)) in tools.iter().enumerate() {
            let name = match api {
                Api::ChatCompletions => told[at]["function"]["name"].as_str(),
                Api::Messages => told[at]["name"].as_str(),
            };
            let given = if *expected == "\"x\"" {
                r#"{"value":"x"}"#
            } else {
                "{}"
            };
            calls = calls.and_call(format!("call-{at}"), name.unwrap().to_owned(), given);
        }
        let server = says(api, mode, &[calls, ModelReply::text("Done.")]).await;
        let observed = Observed::new(with_tools(&server));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Done.");
        let mut names: Vec<String> = Vec::new();
        for (tool, (own, _, expected)) in scripted.iter().zip(&tools) {
            assert_eq!(tool.saw(), [*expected], "{own}");
            names.push(format!("tool.{own}"));
        }
        *names.last_mut().unwrap() += "_2";
        let spans = observed.memory.spans();
        let spans = spans.iter().map(|span| span.name.to_string());
        let mut spans: Vec<String> = spans.filter(|name| name.starts_with("tool.")).collect();
        spans.sort();
        names.sort();
        assert_eq!(spans, names);
    })
    .await;
}

#[tokio::test]
async fn a_failed_turn_says_what_it_used() {
    each(async |api, mode| {
        let call = ModelReply::call("call-1", "left", "{}");
        let server = says(api, mode, &[call]).await; // the second request fails
        let agent = agent(api, &server).tool(Scripted::new("left", Act::Give("l")));
        let observed = Observed::new(agent);
        let error = turn(&observed, mode).await.unwrap_err();
        let used = error.usage().map(|usage: Usage| usage.total());
        assert_eq!(used, Some(47));
        let outcome = turn_outcome(&observed).expect("the failed turn's outcome");
        assert_eq!(outcome.usage.map(|usage| usage.total()), Some(47));
        assert_eq!(outcome.tool_calls, Some(1));
        assert_eq!(outcome.finish_reasons, ["tool_call"]);
    })
    .await;
}

#[tokio::test]
async fn a_failed_call_keeps_the_tokens_it_was_told() {
    for api in APIS {
        let mut events = api.stream(&counted(ModelReply::text("Hello.")));
        // The accounting comes, then the stream breaks in an error.
        events.pop();
        events.push(event(&json!({ "type": "error", "error": { "message": "no", "type": "invalid_request_error" } })));
        let server = ModelServer::start([Answer::stream(events)]).await;
        let observed = Observed::new(agent(api, &server));
        let error: TurnError = turn(&observed, Mode::Streamed).await.unwrap_err();
        assert_eq!(
            error.usage().map(|usage| usage.total()),
            Some(47),
            "{api:?}"
        );
    }
}

#[tokio::test]
async fn two_hundred_calls_in_one_step() {
    for api in APIS {
        let calls = (0..200).fold(ModelReply::default(), |reply, at| {
            reply.and_call(format!("call-{at}"), "work", format!("{{\"n\":{at}}}"))
        });
        let server = says(api, Mode::Streamed, &[calls, ModelReply::text("Done.")]).await;
        let work = Scripted::new("work", Act::Yield("done"));
        let limits = Limits {
            tools_at_once: 8,
            ..Limits::default()
        };
        let observed = Observed::new(agent(api, &server).tool(work.clone()).limits(limits));
        let reply: Reply = turn(&observed, Mode::Streamed).await.unwrap();
        assert_eq!((reply.text(), work.ran()), ("Done.", 200));
    }
}
