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

/// The same suite's cases of `tracestate`: the headers of that name, and what goes on of them.
fn states() -> Vec<(Vec<String>, String)> {
    let kept = |values: &[&str], expected: &str| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        (values, expected.to_owned())
    };
    let members = |numbers: std::ops::RangeInclusive<u32>| {
        let members: Vec<_> = numbers.map(|n| format!("bar{n:02}={n:02}")).collect();
        members.join(",")
    };
    let as_it_is = |member: String| (vec![member.clone()], member);
    let key: String = ('a'..='z').chain('0'..='9').chain("_-*/".chars()).collect();
    let value: String = ('!'..='~').filter(|char| !",=".contains(*char)).collect();
    let mut all = vec![
        kept(&["foo=1,bar=2"], "foo=1,bar=2"),
        // test_tracestate_empty_header
        kept(&["foo=1", ""], "foo=1"),
        kept(&["", "foo=1"], "foo=1"),
        // test_tracestate_multiple_headers_different_keys
        kept(
            &["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
            "foo=1,bar=2,rojo=1,congo=2,baz=3",
        ),
        // test_tracestate_ows_handling
        kept(&["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
        kept(&["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], "foo=1,bar=2,baz=3"),
        kept(&["\t foo=1 \t"], "foo=1"),
        // test_tracestate_all_allowed_characters
        as_it_is(format!("{key}={value}")),
        as_it_is(format!("{key}@a-z0-9_-*/={value}")),
        // test_tracestate_member_count_limit
        as_it_is(members(1..=32)),
        (vec![members(1..=10), members(11..=33)], String::new()),
        // test_tracestate_key_length_limit
        as_it_is(format!("{}=1", "z".repeat(256))),
        as_it_is(format!("{}@{}=1", "t".repeat(241), "v".repeat(14))),
        (vec![format!("{}=1", "z".repeat(257))], String::new()),
        (vec![format!("{}@v=1", "t".repeat(242))], String::new()),
        (vec![format!("t@{}=1", "v".repeat(15))], String::new()),
    ];
    // test_tracestate_duplicated_keys: any one, or none.
    for twice in ["foo=1,foo=1", "foo=1,foo=2"] {
        all.push(kept(&[twice], ""));
    }
    // test_tracestate_key_illegal_characters, …_vendor_format, test_tracestate_value_illegal_characters
    for broken in [
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "foo@=1,bar=2",
        "@foo=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "foo=bar=baz",
        "foo=,bar=3",
    ] {
        all.push(kept(&[broken], ""));
    }
    all
}

#[tokio::test]
async fn a_tracestate_goes_on_at_the_model_as_it_came_and_a_malformed_one_does_not() {
    let states = states();
    let streamed: Vec<bool> = (0..states.len() * 2).map(|at| at % 2 == 1).collect();
    let (server, model, _, _telemetry) = serving(&streamed).await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    for (at, stream) in streamed.iter().enumerate() {
        let (sent, expected) = &states[at / 2];
        // Names of headers are the same in any case.
        let names = if *stream {
            ("TraceParent", "TrAcEsTaTe")
        } else {
            ("traceparent", "tracestate")
        };
        let mut headers = vec![(names.0, parent.as_str())];
        headers.extend(sent.iter().map(|it| (names.1, it.as_str())));
        let answer = server
            .chat_with(&headers, &question("Hi!", json!({ "stream": stream })))
            .await;
        assert_eq!(answer.status, 200, "{sent:?}");
        let seen = &model.requests()[at];
        let trace = seen
            .header("traceparent")
            .unwrap()
            .split('-')
            .nth(1)
            .unwrap();
        assert_eq!(trace, TRACE, "the traceparent is used: {sent:?}");
        assert_eq!(
            seen.header("tracestate").unwrap_or_default(),
            expected,
            "{sent:?}"
        );
    }
}

#[tokio::test]
async fn a_tracestate_without_its_traceparent_goes_no_further() {
    let (server, model, _, _telemetry) = serving(&[false, false]).await;
    let bad = format!("00-{TRACE}-{SPAN}-01-what");
    for headers in [
        &[("tracestate", "foo=1")][..],
        &[("traceparent", bad.as_str()), ("tracestate", "foo=1")],
    ] {
        server.chat_with(headers, &question("Hi!", json!({}))).await;
    }
    for request in model.requests() {
        assert_eq!(request.header("tracestate"), None);
        assert!(!request.header("traceparent").unwrap().contains(TRACE));
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
