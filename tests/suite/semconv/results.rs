//! What tools gave back, as the conventions want it: an object.

use kaos_hooks::{Hooks, Str, ToolCall, ToolOutcome, Turn, TurnOutcome};
use kaos_otel_hook::{Capture, ContentSettings, Telemetry};
use serde_json::{Value, json};

#[track_caller]
fn check(result: &str, expected: &Value) {
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry.with_content(ContentSettings::new(Capture::SpanOnly));
    let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
    turn.open(ToolCall::new("search")).complete(ToolOutcome {
        result: Some(Str::copied(result)),
        ..ToolOutcome::default()
    });
    turn.complete(TurnOutcome::default());
    let spans = memory.spans();
    let said = spans[0].attributes.iter();
    let mut said = said.filter(|it| it.key.as_str() == "gen_ai.tool.call.result");
    let said = said.next().unwrap().value.to_string();
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), *expected);
}

#[test]
fn a_tool_s_result_is_an_object_whatever_it_gave() {
    check(r#"{"celsius":21}"#, &json!({ "celsius": 21 }));
    check("42", &json!({ "result": 42 }));
    check("[1,2]", &json!({ "result": [1, 2] }));
    check("null", &json!({ "result": null }));
    check(
        "Sunny, 21 degrees.",
        &json!({ "result": "Sunny, 21 degrees." }),
    );
    check("{\"cut", &json!({ "result": "{\"cut" }));
    check("", &json!({ "result": "" }));
}
