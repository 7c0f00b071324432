//! Rows that end with an answer.

use kaos_hooks::{EventBuf, LlmOutcome, LlmParams, OutcomeBuf, PhaseBuf, Usage, Value};
use kaos_runner::testing::{Answer, ModelServer, completion, event, events};
use kaos_runner::{FunctionTool, Limits, ToolError};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::observed::Observed;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{MODES, Mode, agent, builder, pieces, retries, turn};

const ONE_STEP: &str = "
    agent.turn
      agent.intent_classification
      agent.step.1
        model.inference
    ";

/// What came of the model calls.
fn outcomes(events: &[EventBuf]) -> Vec<LlmOutcome> {
    events
        .iter()
        .filter_map(|event| match &event.span()?.phase {
            PhaseBuf::Complete(OutcomeBuf::LlmCall(outcome), _) => Some(outcome.clone()),
            _ => None,
        })
        .collect()
}

fn tokens() -> Usage {
    Usage {
        cache_read_tokens: Some(8),
        reasoning_tokens: Some(3),
        ..Usage::new(40, 7)
    }
}

/// Both modes tell the same of the call, in response, event and span.
fn check_told(observed: &Observed, usage: Option<Usage>) {
    let events = observed.recorder.events();
    let [outcome] = &outcomes(&events)[..] else {
        panic!("one model call");
    };
    assert_eq!(outcome.response_id.as_deref(), Some("chatcmpl-1"));
    assert_eq!(outcome.response_model.as_deref(), Some("test-model-0613"));
    assert_eq!(outcome.finish_reasons, ["stop"]);
    assert_eq!(outcome.usage, usage);
    let observed_usage = events.iter().find_map(|event| match event.value() {
        Some(Value::UsageObserved(observed)) => Some(observed.usage),
        _ => None,
    });
    assert_eq!(observed_usage, Some(usage));
    let spans = observed.memory.spans();
    let span = spans.iter().find(|span| span.name == "model.inference");
    let attribute = |key: &str| {
        let mut attributes = span.unwrap().attributes.iter();
        let found = attributes.find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| attribute.value.to_string())
    };
    let output = attribute("gen_ai.usage.output_tokens");
    assert_eq!(output, usage.map(|usage| usage.output_tokens.to_string()));
    assert_eq!(attribute("server.address").unwrap(), "127.0.0.1");
    assert_eq!(attribute("gen_ai.request.temperature").unwrap(), "0.5");
}

#[tokio::test]
async fn a_whole_answer() {
    let message =
        json!({ "role": "assistant", "content": "Hello.", "reasoning_content": "A greeting." });
    let server = ModelServer::start([Answer::json(&completion(&message, "stop"))]).await;
    let params = LlmParams {
        temperature: Some(0.5),
        ..LlmParams::default()
    };
    let observed = Observed::new(agent(builder(&server).params(params)));
    let reply = turn(&observed, Mode::Whole).await.unwrap();
    assert_eq!(reply.text(), "Hello.");
    assert_eq!(reply.usage(), Some(tokens()));
    check_told(&observed, Some(tokens()));
    observed.assert_tree(ONE_STEP);
    let events = observed.recorder.events();
    assert_eq!(pieces(&events), super::Pieces::default());
    let output = outcomes(&events)[0].output.clone().unwrap();
    assert!(
        output.contains(r#"{"content":"A greeting.","type":"reasoning"}"#),
        "{output}"
    );

    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(request.line(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {}", super::KEY).as_str())
    );
    assert_eq!(
        request.body,
        json!({
            "model": "test-model", "stream": false, "temperature": 0.5,
            "messages": [
                { "role": "system", "content": "Answer briefly." },
                { "role": "user", "content": "Hi!" },
            ],
        })
    );
}

#[tokio::test]
async fn a_streamed_answer() {
    let deltas = [
        json!({ "reasoning_content": "A gree" }),
        json!({ "reasoning": "ting." }),
        json!({ "content": "Hel" }),
        json!({ "content": "lo." }),
    ];
    let server = ModelServer::start([Answer::stream(events(deltas, "stop"))]).await;
    let params = LlmParams {
        temperature: Some(0.5),
        ..LlmParams::default()
    };
    let observed = Observed::new(agent(builder(&server).params(params)));
    let reply = turn(&observed, Mode::Streamed).await.unwrap();
    assert_eq!(reply.text(), "Hello.");
    assert_eq!(reply.usage(), Some(tokens()));
    check_told(&observed, Some(tokens()));
    observed.assert_tree(ONE_STEP);
    let events = observed.recorder.events();
    let pieces = pieces(&events);
    assert_eq!(pieces.thinking, ["A gree", "ting."]);
    assert_eq!(pieces.text, ["Hel", "lo."]);
    assert!(outcomes(&events)[0].time_to_first_chunk.is_some());
    let body = &server.requests()[0].body;
    assert_eq!(body["stream"], true);
    assert_eq!(body["stream_options"], json!({ "include_usage": true }));
}

#[tokio::test]
async fn tokens_that_are_not_told_are_unknown_not_zero() {
    let without = |answer: &str| answer.replace("\"usage\"", "\"unused\"");
    let message = json!({ "content": "Hello." });
    for mode in MODES {
        let whole = completion(&message, "stop").to_string();
        let answer = match mode {
            Mode::Whole => Answer::json(&serde_json::from_str(&without(&whole)).unwrap()),
            Mode::Streamed => {
                let events = events([message.clone()], "stop");
                Answer::stream(events.iter().map(|event| without(event)))
            }
        };
        let server = ModelServer::start([answer]).await;
        let params = LlmParams {
            temperature: Some(0.5),
            ..LlmParams::default()
        };
        let observed = Observed::new(agent(builder(&server).params(params)));
        let reply = turn(&observed, mode).await.unwrap();
        assert_eq!(reply.usage(), None);
        check_told(&observed, None);
    }
}

#[tokio::test]
async fn a_stream_that_says_why_it_stops_is_whole_without_done() {
    let mut all = events([json!({ "content": "Hello." })], "stop");
    all.truncate(3);
    let broken = Answer::stream_head().chunks(&all).close();
    for answer in [Answer::stream(&all), broken] {
        let server = ModelServer::start([answer]).await;
        let observed = Observed::new(agent(builder(&server)));
        let reply = turn(&observed, Mode::Streamed).await.unwrap();
        assert_eq!((reply.text(), reply.usage()), ("Hello.", None));
        observed.assert_tree(ONE_STEP);
    }
}

#[tokio::test]
async fn an_endpoint_that_streams_when_not_asked_or_does_not_when_asked() {
    let message = json!({ "content": "Hello." });
    let answers = [
        (Mode::Streamed, Answer::json(&completion(&message, "stop"))),
        (
            Mode::Whole,
            Answer::stream(events([message.clone()], "stop")),
        ),
    ];
    for (mode, answer) in answers {
        let server = ModelServer::start([answer]).await;
        let observed = Observed::new(agent(builder(&server)));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Hello.");
        observed.assert_tree(ONE_STEP);
    }
}

/// Two calls whose fragments are interleaved, as one answer or as a stream.
fn two_calls(mode: Mode) -> Answer {
    let begins = |index, id, name| {
        json!({ "tool_calls": [{
            "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" },
        }] })
    };
    let goes_on = |index, piece: &str| {
        let function = json!({ "arguments": piece });
        json!({ "tool_calls": [{ "index": index, "function": function }] })
    };
    let call = |id, name, arguments| {
        let function = json!({ "name": name, "arguments": arguments });
        json!({ "id": id, "type": "function", "function": function })
    };
    match mode {
        Mode::Streamed => Answer::stream(events(
            [
                begins(0, "call-a", "left"),
                goes_on(0, r#"{"side""#),
                begins(1, "call-b", "right"),
                goes_on(1, r#"{"side":"#),
                goes_on(0, r#":"l"}"#),
                goes_on(1, r#""r"}"#),
            ],
            "tool_calls",
        )),
        Mode::Whole => {
            let text = call("call-a", "left", json!(r#"{"side":"l"}"#));
            let object = call("call-b", "right", json!({ "side": "r" }));
            let said = json!({ "content": null, "tool_calls": [text, object] });
            Answer::json(&completion(&said, "tool_calls"))
        }
    }
}

#[tokio::test]
async fn parallel_tools() {
    for mode in MODES {
        let done = json!({ "content": "Done." });
        let done = match mode {
            Mode::Whole => Answer::json(&completion(&done, "stop")),
            Mode::Streamed => Answer::stream(events([done], "stop")),
        };
        let server = ModelServer::start([two_calls(mode), done]).await;
        let (left, right) = (
            Scripted::new("left", Act::Yield("l")),
            Scripted::new("right", Act::Give("r")),
        );
        let agent = agent(builder(&server))
            .tool(left.clone())
            .tool(right.clone());
        let observed = Observed::new(agent);
        let reply = turn(&observed, mode).await.unwrap();
        assert_eq!(reply.text(), "Done.");
        assert_eq!(left.saw(), [r#"{"side":"l"}"#]);
        assert_eq!(right.saw(), [r#"{"side":"r"}"#]);
        observed.assert_tree(
            "
            agent.turn
              agent.intent_classification
              agent.step.1
                model.inference
                tool.left
                tool.right
              agent.step.2
                model.inference
            ",
        );
        let events = observed.recorder.events();
        assert_eq!(outcomes(&events)[0].finish_reasons, ["tool_call"]);
        let mut arguments = [String::new(), String::new()];
        for (id, piece) in pieces(&events).arguments {
            arguments[usize::from(id == "call-b")] += &piece;
        }
        match mode {
            Mode::Streamed => assert_eq!(arguments, [r#"{"side":"l"}"#, r#"{"side":"r"}"#]),
            Mode::Whole => assert_eq!(arguments, ["", ""]),
        }

        let requests = server.requests();
        let tools = &requests[0].body["tools"];
        assert_eq!(tools[0]["function"]["name"], "left");
        assert_eq!(
            tools[0]["function"]["parameters"],
            json!({ "type": "object", "properties": {} })
        );
        let said = &requests[1].body["messages"];
        assert_eq!(said[2]["content"], "");
        assert_eq!(said[2]["tool_calls"][1]["id"], "call-b");
        assert_eq!(
            said[3],
            json!({ "role": "tool", "tool_call_id": "call-a", "content": "l" })
        );
        assert_eq!(
            said[4],
            json!({ "role": "tool", "tool_call_id": "call-b", "content": "r" })
        );
    }
}

#[tokio::test]
async fn calls_without_index_or_id_and_two_ids_under_one_index() {
    let fragment = |fields: serde_json::Value| json!({ "tool_calls": [fields] });
    let deltas = [
        fragment(json!({ "function": { "name": "left", "arguments": "{" } })),
        fragment(json!({ "function": { "arguments": "}" } })),
        fragment(
            json!({ "index": 0, "id": "a", "function": { "name": "right", "arguments": "{}" } }),
        ),
        fragment(json!({ "index": 0, "id": "b", "function": { "name": "right" } })),
    ];
    let done = Answer::stream(events([json!({ "content": "Done." })], "stop"));
    let server = ModelServer::start([Answer::stream(events(deltas, "tool_calls")), done]).await;
    let right = Scripted::new("right", Act::Give("r"));
    let agent = agent(builder(&server))
        .tool(Scripted::new("left", Act::Give("l")))
        .tool(right.clone());
    let observed = Observed::new(agent);
    turn(&observed, Mode::Streamed).await.unwrap();
    assert_eq!(right.saw(), ["{}", "{}"]);
    let said = &server.requests()[1].body["messages"][2]["tool_calls"];
    let ids: Vec<_> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["id"])
        .collect();
    assert_eq!(ids, ["call-1", "a", "b"]);
    observed.assert_sound();
}

#[derive(Deserialize, JsonSchema)]
struct Multiply {
    a: i64,
    b: i64,
}

#[tokio::test]
async fn invalid_json_arguments() {
    for mode in MODES {
        let call = json!({ "tool_calls": [{
            "index": 0, "id": "call-1", "type": "function",
            "function": { "name": "multiply", "arguments": r#"{"a": 6, "b":"# },
        }] });
        let done = json!({ "content": "Sorry." });
        let answer = |message, reason: &str| match mode {
            Mode::Whole => Answer::json(&completion(&message, reason)),
            Mode::Streamed => Answer::stream(events([message], reason)),
        };
        let server = ModelServer::start([answer(call, "tool_calls"), answer(done, "stop")]).await;
        let multiply = FunctionTool::new("multiply", "Multiplies.", |call: Multiply| async move {
            Ok::<_, ToolError>((call.a * call.b).to_string())
        });
        let observed = Observed::new(agent(builder(&server)).tool(multiply));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Sorry.");
        observed.assert_tree(
            "
            agent.turn
              agent.intent_classification
              agent.step.1
                model.inference
                tool.multiply [error: invalid_arguments]
              agent.step.2
                model.inference
            ",
        );
        let seen = &server.requests()[1].body["messages"][3]["content"];
        let seen = seen.as_str().unwrap();
        assert!(
            seen.starts_with("error: the arguments are no JSON"),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn an_unknown_tool() {
    let call = json!({ "tool_calls": [{
        "index": 0, "id": "call-1", "function": { "name": "absent", "arguments": "{}" },
    }] });
    let done = Answer::stream(events([json!({ "content": "Sorry." })], "stop"));
    let server = ModelServer::start([Answer::stream(events([call], "tool_calls")), done]).await;
    let observed = Observed::new(agent(builder(&server)));
    turn(&observed, Mode::Streamed).await.unwrap();
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool._OTHER [error: unknown_tool]
          agent.step.2
            model.inference
        ",
    );
    let seen = &server.requests()[1].body["messages"][3]["content"];
    assert_eq!(seen, "there is no tool named absent");
}

#[tokio::test]
async fn two_hundred_tool_calls_in_one_step() {
    let calls = |index: u32| {
        json!({ "tool_calls": [{
            "index": index, "id": format!("call-{index}"),
            "function": { "name": "work", "arguments": format!("{{\"n\":{index}}}") },
        }] })
    };
    let many = Answer::stream(events((0..200).map(calls), "tool_calls"));
    let done = Answer::stream(events([json!({ "content": "Done." })], "stop"));
    let server = ModelServer::start([many, done]).await;
    let work = Scripted::new("work", Act::Yield("done"));
    let limits = Limits {
        tools_at_once: 8,
        ..Limits::default()
    };
    let observed = Observed::new(agent(builder(&server)).tool(work.clone()).limits(limits));
    turn(&observed, Mode::Streamed).await.unwrap();
    assert_eq!(work.ran(), 200);
    observed.assert_sound();
    let spans = observed.memory.spans();
    let tools = spans.iter().filter(|span| span.name == "tool.work");
    assert_eq!(tools.count(), 200);
    let said = server.requests()[1].body["messages"].clone();
    assert_eq!(said.as_array().unwrap().len(), 2 + 1 + 200);
    assert_eq!(said[202]["tool_call_id"], "call-199");
}

#[tokio::test]
async fn an_answer_after_failed_attempts() {
    for mode in MODES {
        let busy = Answer::error(
            "503 Service Unavailable",
            &json!({ "error": { "message": "busy" } }),
        );
        let error = event(&json!({ "error": { "message": "overloaded", "code": 500 } }));
        let done = json!({ "content": "Done." });
        let (broken, done) = match mode {
            Mode::Whole => (
                Answer::nothing().close(),
                Answer::json(&completion(&done, "stop")),
            ),
            Mode::Streamed => (
                Answer::stream([error]),
                Answer::stream(events([done], "stop")),
            ),
        };
        let server = ModelServer::start([busy, broken, done]).await;
        let observed = Observed::new(agent(builder(&server)));
        assert_eq!(turn(&observed, mode).await.unwrap().text(), "Done.");
        observed.assert_tree(ONE_STEP);
        assert_eq!(server.requests().len(), 3);
        let events = observed.recorder.events();
        assert_eq!(retries(&events).len(), 2);
        let spans = observed.memory.spans();
        let span = spans
            .iter()
            .find(|span| span.name == "model.inference")
            .unwrap();
        let notes: Vec<_> = span
            .events
            .iter()
            .map(|event| event.name.as_ref())
            .collect();
        assert_eq!(notes, ["retry", "retry"]);
    }
}

#[tokio::test]
async fn every_request_names_the_call_s_span() {
    let busy = Answer::error("500 Internal Server Error", &json!({}));
    let done = Answer::json(&completion(&json!({ "content": "Done." }), "stop"));
    let server = ModelServer::start([busy, done]).await;
    let observed = Observed::new(agent(builder(&server)));
    turn(&observed, Mode::Whole).await.unwrap();
    let spans = observed.memory.spans();
    let span = spans
        .iter()
        .find(|span| span.name == "model.inference")
        .unwrap();
    let context = &span.span_context;
    let expected = format!("00-{}-{}-01", context.trace_id(), context.span_id());
    for request in server.requests() {
        assert_eq!(request.header("traceparent"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn baggage_goes_to_a_model_on_request_alone() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for asked in [None, Some(false), Some(true)] {
        let done = Answer::json(&completion(&json!({ "content": "Done." }), "stop"));
        let server = ModelServer::start([done]).await;
        let builder = match asked {
            None => builder(&server),
            Some(send) => builder(&server).send_baggage(send),
        };
        let observed = Observed::new(agent(builder));
        let headers = [("traceparent", parent), ("baggage", "user=u-7")];
        let parent = observed.runner.observed_by().extract(headers);
        let turn = observed.runner.turn("Hi", "s").parent(parent);
        turn.await.unwrap();
        let requests = server.requests();
        assert!(requests[0].header("traceparent").is_some());
        let expected = (asked == Some(true)).then_some("user=u-7");
        assert_eq!(requests[0].header("baggage"), expected, "{asked:?}");
    }
}
