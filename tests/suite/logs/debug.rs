//! What the runner says of its work at DEBUG, and that no content is in it.

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Gate, GateError, Str, ToolRequest, Verdict};
use kaos_otel_hook::Telemetry;
use kaos_runner::{Agent, FunctionModel, Limits, ModelError, ModelReply, Runner};
use kaos_tests::agents::{self, Act, Scripted};
use tracing::instrument::WithSubscriber as _;

use super::Heard;

/// A gate that skips one tool and denies another.
struct Strict;

#[async_trait]
impl Gate for Strict {
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        Ok(match call.tool {
            "skipped" => Verdict::Skip(Str::Static("canary-reason")),
            "denied" => Verdict::Deny(Str::Static("canary-reason")),
            _ => Verdict::Allow,
        })
    }
}

/// What the runner said in one turn, the ids replaced by the names of the spans.
async fn said(agent: Agent, message: &'static str) -> Vec<String> {
    let (heard, recorder) = (Heard::new(), Recorder::new());
    let (telemetry, _memory) = Telemetry::in_memory();
    let runner = Runner::new(agent).hooks((telemetry.hooks(), recorder.clone(), Strict));
    let turn = async { drop(runner.turn(message, "s").await) };
    turn.with_subscriber(heard.subscriber()).await;

    let events = recorder.events();
    let named = |line: &String| {
        let mut line = line.replace(&events[0].run.trace_id.to_string(), "T");
        for span in events.iter().filter_map(|event| event.span()) {
            line = line.replace(&span.id.to_string(), span.name().as_str());
        }
        line.replace("kaos_runner::turn::debug_lines", "runner")
    };
    let records = format!("{:?}", heard.records());
    assert!(!records.contains("canary"), "{records}");
    heard.lines().iter().map(named).collect()
}

/// So that the lines come in the order of the calls.
fn one_at_once() -> Limits {
    Limits {
        tools_at_once: 1,
        ..Limits::default()
    }
}

#[track_caller]
fn check(said: &[String], expected: &str) {
    let expected: Vec<_> = expected.lines().map(str::trim).collect();
    assert_eq!(said.join("\n"), expected.join("\n"));
}

#[tokio::test]
async fn model_calls_and_tools_are_told_without_content() {
    let arguments = r#"{"zone":"canary","city":{"canary-in":"canary"}}"#;
    let calls = ModelReply::text("canary")
        .and_call("1", "works", arguments)
        .and_call("2", "fails", "{}")
        .and_call("3", "fails", "canary, not JSON");
    let agent = agents::agent(
        "assistant",
        FunctionModel::script([calls, ModelReply::text("canary ä")]),
    )
    .instructions("canary")
    .tool(Scripted::new("works", Act::Give("canary")))
    .tool(Scripted::new("fails", Act::Fail("canary")));
    check(
        &said(agent, "canary").await,
        "DEBUG [trace_id=T span_id=model.inference] runner: model call messages=1
        DEBUG [trace_id=T span_id=model.inference] runner: model answered response_chars=6 response_bytes=6 tool_calls=3
        DEBUG [trace_id=T span_id=tool.works] runner: tool call tool=works argument_keys=city,zone
        DEBUG [trace_id=T span_id=tool.works] runner: tool returned tool=works outcome=ok result_bytes=6
        DEBUG [trace_id=T span_id=tool.fails] runner: tool call tool=fails argument_keys=\"\"
        DEBUG [trace_id=T span_id=tool.fails] runner: tool failed tool=fails outcome=error error_type=tool_error
        DEBUG [trace_id=T span_id=tool.fails] runner: tool not run tool=fails argument_keys=\"\" outcome=invalid_arguments
        DEBUG [trace_id=T span_id=model.inference] runner: model call messages=5
        DEBUG [trace_id=T span_id=model.inference] runner: model answered response_chars=8 response_bytes=9 tool_calls=0",
    );
}

#[tokio::test(start_paused = true)]
async fn tools_that_do_not_end_well_are_told() {
    let began = std::sync::Arc::new(tokio::sync::Notify::new());
    let calls = ["skipped", "denied", "nobody", "hangs", "panics"]
        .into_iter()
        .zip(1..)
        .fold(ModelReply::default(), |reply, (name, id)| {
            reply.and_call(id.to_string(), name, r#"{"a":"canary"}"#)
        });
    let agent = agents::agent(
        "assistant",
        FunctionModel::script([Ok(calls), Err(ModelError::new("rate_limited", "canary"))]),
    )
    .tool(Scripted::new("skipped", Act::Give("canary")))
    .tool(Scripted::new("denied", Act::Give("canary")))
    .tool(Scripted::new("hangs", Act::Hang(began)))
    .tool(Scripted::new("panics", Act::Panic))
    .limits(one_at_once());
    check(
        &said(agent, "canary").await,
        "DEBUG [trace_id=T span_id=model.inference] runner: model call messages=1
        DEBUG [trace_id=T span_id=model.inference] runner: model answered response_chars=0 response_bytes=0 tool_calls=5
        DEBUG [trace_id=T span_id=tool.skipped] runner: tool not run tool=skipped argument_keys=a outcome=skipped
        DEBUG [trace_id=T span_id=tool.denied] runner: tool not run tool=denied argument_keys=a outcome=denied
        DEBUG [trace_id=T span_id=tool._OTHER] runner: tool not run tool=nobody argument_keys=a outcome=unknown_tool
        DEBUG [trace_id=T span_id=tool.hangs] runner: tool call tool=hangs argument_keys=a
        DEBUG [trace_id=T span_id=tool.hangs] runner: tool failed tool=hangs outcome=error error_type=timeout
        DEBUG [trace_id=T span_id=tool.panics] runner: tool call tool=panics argument_keys=a
        DEBUG [trace_id=T span_id=tool.panics] runner: tool failed tool=panics outcome=error error_type=panic
        DEBUG [trace_id=T span_id=model.inference] runner: model call messages=7
        DEBUG [trace_id=T span_id=model.inference] runner: model call failed error_type=rate_limited",
    );
}

#[tokio::test]
async fn delegations_are_told_by_target_and_lengths() {
    let agent = |name, reply: Result<ModelReply, ModelError>| {
        agents::agent(name, FunctionModel::script([reply]))
    };
    let calls = ModelReply::default()
        .and_call("1", "helper", r#"{"task":"canary ä"}"#)
        .and_call("2", "broken", r#"{"task":"canary"}"#);
    let agent = agents::agent(
        "assistant",
        FunctionModel::script([calls, ModelReply::text("done")]),
    )
    .subagent(agent("helper", Ok(ModelReply::text("canary"))))
    .subagent(agent("broken", Err(ModelError::new("refused", "canary"))))
    .limits(one_at_once());
    let said = said(agent, "canary").await;
    let delegations: Vec<_> = said
        .iter()
        .filter(|line| line.contains("delegation"))
        .cloned()
        .collect();
    check(
        &delegations,
        "DEBUG [trace_id=T span_id=delegate.helper] runner: delegation target_agent=helper task_chars=8
        DEBUG [trace_id=T span_id=delegate.helper] runner: delegation answered target_agent=helper result_chars=6
        DEBUG [trace_id=T span_id=delegate.broken] runner: delegation target_agent=broken task_chars=6
        DEBUG [trace_id=T span_id=delegate.broken] runner: delegation failed target_agent=broken error_type=refused",
    );
    assert_eq!(said.len(), 4 + 2 * 4, "{said:#?}");
    assert!(!said.join("\n").contains("canary"), "{said:#?}");
}

/// The model chooses names: they can forge no line and have a bounded length.
#[tokio::test]
async fn names_a_model_makes_up_are_escaped_and_bounded() {
    let many: String = (0..50).map(|at| format!(r#","k{at:02}":0"#)).collect();
    let arguments = format!(r#"{{"{}":0,"a\nb":0{many}}}"#, "A".repeat(100));
    let calls = ModelReply::default().and_call("1", "no\nbody\u{1b}[2J", arguments);
    let agent = agents::agent(
        "assistant",
        FunctionModel::script([calls, ModelReply::text("done")]),
    );
    let said = said(agent, "Hi!").await;
    assert_eq!(said.len(), 5, "{said:#?}");
    let keys: Vec<_> = ["A".repeat(64), String::from(r"a\nb")]
        .into_iter()
        .chain((0..30).map(|at| format!("k{at:02}")))
        .collect();
    let keys = keys.join(",");
    let expected = format!(
        "runner: tool not run tool=\"no\\nbody\\u{{1b}}[2J\" argument_keys=\"{keys}\" outcome=unknown_tool"
    );
    assert!(said[2].ends_with(&expected), "{}\n{expected}", said[2]);
}
