//! A turn's summary on the wire: tool calls as the ancestor's objects, what is unknown by name, and
//! the lines of our first version.

use std::time::{Duration, Instant};

use kaos_events::{
    ApprovalRequired, BodyBuf, Budget, BudgetExceeded, EventBuf, IntentClassified, ToolCallSummary,
    TurnSummary, Usage, Value,
};
use serde_json::Value as Json;

use super::{ancestor, decoded, json, without_span};

/// The summary of a turn, as it is decoded from a line with these tool calls and names of what is
/// unknown.
fn summary_of(tool_calls: &str, unknown: &str) -> TurnSummary {
    let tool_calls = tool_calls.replace('\n', ""); // one line
    let line = ancestor(5).replace(
        "\"tool_calls\":[]",
        &format!("\"tool_calls\":{tool_calls},\"unknown\":{unknown}"),
    );
    match decoded(&line).body {
        BodyBuf::Value {
            value: Value::TurnSummary(summary),
            ..
        } => summary,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_summary_s_tool_calls_are_the_ancestor_s_objects() {
    let whole = ToolCallSummary {
        tool: "search".into(),
        call_id: "call-1".into(),
        is_error: true,
        duration: Some(Duration::from_nanos(1_500_001)),
        usage: Some(Usage::new(7, 3)),
        cost_usd: Some(0.25),
        plan_id: None,
        step_id: Some("s-1".into()),
    };
    let partly = ToolCallSummary {
        duration: Some(Duration::ZERO),
        ..ToolCallSummary::new("echo")
    };
    let summary = TurnSummary {
        tool_calls: vec![whole.clone(), partly.clone()],
        ..TurnSummary::default()
    };
    let line = json(
        &EventBuf {
            body: without_span(summary),
            ..decoded(ancestor(5))
        }
        .to_line(),
    );
    let expected = r#"[{"tool_name":"search","call_id":"call-1","is_error":true,"duration_ms":1.500001,
        "cost_usd":0.25,"input_tokens":7,"output_tokens":3,"plan_id":null,"step_id":"s-1"},
        {"tool_name":"echo","call_id":"","is_error":false,"duration_ms":0.0,"cost_usd":0.0,
        "input_tokens":0,"output_tokens":0,"plan_id":null,"step_id":null}]"#;
    assert_eq!(
        line["tool_calls"],
        serde_json::from_str::<Json>(expected).unwrap()
    );
    let unknown = r#"["usage","cost_usd","tool_calls.1.usage","tool_calls.1.cost_usd"]"#;
    assert_eq!(
        line["unknown"],
        serde_json::from_str::<Json>(unknown).unwrap()
    );
    let read = summary_of(&line["tool_calls"].to_string(), unknown);
    assert_eq!(read.tool_calls, [whole.clone(), partly]);

    // An ancestor's own names nothing unknown, and may leave out what it has a default for.
    let theirs = r#"[{"tool_name":"search","call_id":"call-1","is_error":true,"duration_ms":1.500001,
        "cost_usd":0.25,"input_tokens":7,"output_tokens":3,"plan_id":null,"step_id":"s-1"},
        {"tool_name":"echo","call_id":"c"}]"#;
    let read = summary_of(theirs, "[]").tool_calls;
    assert_eq!(read[0], whole);
    assert_eq!(
        (read[1].usage, read[1].duration),
        (Some(Usage::new(0, 0)), None)
    );
}

#[test]
fn a_summary_s_tool_calls_were_names_once() {
    let read = summary_of(r#"["calculator","a \"quoted\" one"]"#, r#"["usage"]"#);
    let names = ["calculator", "a \"quoted\" one"].map(ToolCallSummary::new);
    assert_eq!(read.tool_calls, names);
    assert_eq!(read.usage, None);
}

#[test]
fn a_summary_of_many_calls_is_read_in_the_time_of_its_length() {
    let calls = vec![r#"{"tool_name":"t","call_id":"c"}"#; 20_000].join(",");
    let names = (0..20_000)
        .map(|at| format!("\"tool_calls.{at}.usage\""))
        .collect::<Vec<_>>()
        .join(",");
    let began = Instant::now();
    let read = summary_of(&format!("[{calls}]"), &format!("[{names}]"));
    assert!(read.tool_calls.iter().all(|call| call.usage.is_none()));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn lines_of_our_first_version_are_still_read() {
    let common =
        r#""timestamp":1.5,"sequence":3,"session_id":"s","run_id":"run_1","agent_id":null"#;
    for (old, new) in [
        (
            r#""tool":"wipe","gate":"g","type":"tool_call_approval_required""#,
            Value::from(ApprovalRequired {
                tool: "wipe".into(),
                gate: "g".into(),
                ..ApprovalRequired::default()
            }),
        ),
        (
            r#""budget":"time","limit":5,"used":6,"type":"budget_exceeded""#,
            Value::from(BudgetExceeded {
                budget: Budget::Time,
                limit: 5,
                used: 6,
            }),
        ),
        (
            r#""intent":"respond","confidence":null,"reasoning":"","type":"intent_classified""#,
            Value::from(IntentClassified::default()),
        ),
    ] {
        let read = decoded(&format!("{{{common},{old}}}"));
        assert_eq!(read.value(), Some(&new), "{old}");
        assert_eq!(decoded(&read.to_line()), read);
    }
}
