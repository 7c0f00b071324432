//! Trace context that comes in, observed where it goes out: at the model's endpoint.

use kaos_otel_hook::Telemetry;
use kaos_runner::server::Server;
use kaos_runner::testing::{Api, ModelServer};
use kaos_runner::{Agent, ModelReply, OpenAiModel, Runner};
use serde_json::{Value, json};

use super::{Serving, question};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// An agent with telemetry, whose model is an endpoint that gives these answers, streamed or not.
async fn serving(answers: &[bool]) -> (Serving, ModelServer, kaos_otel_hook::Memory, Telemetry) {
    let reply = ModelReply::text("Hello.");
    let answers = answers
        .iter()
        .map(|streamed| Api::ChatCompletions.answer(&reply, *streamed));
    let model = ModelServer::start(answers).await;
    let open_ai = OpenAiModel::builder(model.url(), "m")
        .send_baggage(true)
        .build()
        .unwrap();
    let (telemetry, spans) = Telemetry::in_memory();
    let runner = Runner::new(Agent::new("assistant", open_ai)).hooks(telemetry.hooks());
    let server = Serving::start(Server::new(runner)).await;
    (server, model, spans, telemetry)
}

/// The cases of W3C's trace-context test suite (its page `test/test.py`, 2024): what is sent in
/// `traceparent`, and whether the trace is taken up.
fn cases() -> Vec<(Vec<String>, bool)> {
    let one = |value: &str| vec![value.to_owned()];
    let good = format!("00-{TRACE}-{SPAN}-01");
    vec![
        (one(&good), true),
        (one(&format!("00-{TRACE}-{SPAN}-00")), true),
        (one(&format!("00-{TRACE}-{SPAN}-ff")), true),
        (one(&format!("cc-{TRACE}-{SPAN}-01")), true),
        (
            one(&format!(
                "cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"
            )),
            true,
        ),
        (
            one(&format!(
                "cc-{TRACE}-{SPAN}-01.what-the-future-will-be-like"
            )),
            false,
        ),
        (one(&format!("ff-{TRACE}-{SPAN}-01")), false),
        (one(&format!("00-{TRACE}-{SPAN}-01-what")), false),
        (one(&format!("00-{TRACE}-{SPAN}-01.")), false),
        (one(&format!(".0-{TRACE}-{SPAN}-01")), false),
        (one(&format!("0-{TRACE}-{SPAN}-01")), false),
        (one(&format!("000-{TRACE}-{SPAN}-01")), false),
        (one(&format!("00-{}-{SPAN}-01", "0".repeat(32))), false),
        (one(&format!("00-{TRACE}-{}-01", "0".repeat(16))), false),
        (one(&format!("00-.{}-{SPAN}-01", &TRACE[1..])), false),
        (one(&format!("00-{}-{SPAN}-01", &TRACE[1..])), false),
        (one(&format!("00-{TRACE}0-{SPAN}-01")), false),
        (one(&format!("00-{TRACE}-.{}-01", &SPAN[1..])), false),
        (one(&format!("00-{TRACE}-{}-01", &SPAN[1..])), false),
        (one(&format!("00-{TRACE}-{SPAN}0-01")), false),
        (one(&format!("00-{TRACE}-{SPAN}-.0")), false),
        (one(&format!("00-{TRACE}-{SPAN}-0")), false),
        (one(&format!("00-{TRACE}-{SPAN}-001")), false),
        (
            one(&format!("00-{}-{SPAN}-01", TRACE.to_uppercase())),
            false,
        ),
        (one(&format!("  {good} \t")), true),
        (one(""), false),
        (one("nonsense"), false),
        (vec![good.clone(), good.clone()], false),
    ]
}

#[tokio::test]
async fn a_trace_that_comes_in_goes_on_at_the_model_and_a_malformed_one_does_not() {
    let cases = cases();
    let (server, model, _, _telemetry) = serving(&vec![false; cases.len()]).await;
    for (at, (sent, taken)) in cases.iter().enumerate() {
        let headers: Vec<(&str, &str)> =
            sent.iter().map(|it| ("traceparent", it.as_str())).collect();
        let answer = server
            .chat_with(&headers, &question("Hi!", json!({})))
            .await;
        assert_eq!(answer.status, 200, "{sent:?}");
        let seen = &model.requests()[at];
        let parent = seen.header("traceparent").unwrap().to_owned();
        let trace = parent.split('-').nth(1).unwrap().to_owned();
        assert_eq!(trace == TRACE, *taken, "{sent:?}: {parent}");
        assert_eq!(answer.header("x-trace-id"), Some(trace.as_str()));
        assert!(!parent.contains(SPAN), "{parent}");
        // The caller decides whether its trace is recorded.
        let response = answer.header("traceresponse").unwrap();
        let own = sent[0].trim().ends_with("-00") && *taken;
        assert_eq!(response.ends_with("-00"), own, "{sent:?}: {response}");
    }
}

#[tokio::test]
async fn streamed_or_not_the_turn_is_the_caller_s_child_and_its_baggage_goes_on() {
    let (server, model, spans, _telemetry) = serving(&[false, true]).await;
    let sent = format!("00-{TRACE}-{SPAN}-01");
    let headers = [
        ("traceparent", sent.as_str()),
        ("tracestate", "vendor=1,other=2"),
        ("baggage", "tenant=acme,kaos.depth=1"),
    ];
    for stream in [false, true] {
        let answer = server
            .chat_with(&headers, &question("Hi!", json!({ "stream": stream })))
            .await;
        assert_eq!(answer.status, 200);
        let response = answer.header("traceresponse").unwrap();
        assert!(response.starts_with(&format!("00-{TRACE}-")), "{response}");
    }
    for request in model.requests() {
        assert_eq!(request.header("tracestate"), Some("vendor=1,other=2"));
        assert_eq!(request.header("baggage"), Some("kaos.depth=1,tenant=acme"));
    }
    let streamed: Vec<Value> = model
        .requests()
        .iter()
        .map(|it| it.body["stream"].clone())
        .collect();
    assert_eq!(streamed, [json!(false), json!(true)]);
    let turns: Vec<_> = spans
        .spans()
        .into_iter()
        .filter(|span| span.name == "agent.turn")
        .collect();
    assert_eq!(turns.len(), 2);
    for turn in turns {
        assert_eq!(turn.parent_span_id.to_string(), SPAN);
        assert_eq!(turn.span_context.trace_id().to_string(), TRACE);
        assert!(turn.parent_span_is_remote);
    }
}
