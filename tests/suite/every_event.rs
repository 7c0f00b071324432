//! Every event that the runner defines is emitted, once where it belongs: without any one of the
//! emitting calls this test fails.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{BodyBuf, EventBuf, Gate, GateError, SubjectName, ToolRequest, Value, Verdict};
use kaos_runner::{
    Agent, FunctionModel, IntentBy, Limits, ModelError, ModelErrorKind, ModelReply, Runner,
    Scripted,
};
use kaos_tests::agents::{self, Act, Scripted as ScriptedTool};
use tokio_stream::StreamExt as _;

/// Asks about one tool, skips one, denies one, and gives one other arguments.
struct Careful;

#[async_trait]
impl Gate for Careful {
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        Ok(match call.tool {
            "asked" => Verdict::require_approval("is it safe?"),
            "skipped" => Verdict::skip("not today"),
            "denied" => Verdict::deny("never"),
            "rewritten" => Verdict::Rewrite(r#"{"safe":true}"#.into()),
            _ => Verdict::Allow,
        })
    }
}

/// What an event is, in a word or two.
fn what(event: &EventBuf) -> String {
    match &event.body {
        BodyBuf::Span(span) => format!("{} {}", span.name(), span.phase.name()),
        BodyBuf::Value { value, .. } => value.name().to_owned(),
        BodyBuf::Unknown(_) => unreachable!("the runner knows its events"),
    }
}

/// Runs the agent as a stream and gives what happened, a line an event; one tool at a time, so that
/// there is one order.
async fn happened(agent: Agent) -> (String, Vec<EventBuf>) {
    let recorder = Recorder::new();
    let limits = Limits {
        steps: 2,
        tools_at_once: 1,
        ..Limits::default()
    };
    let runner = Runner::new(agent.limits(limits)).hooks((recorder.clone(), Careful));
    let mut events = runner.run("Work.", "s-1");
    while events.next().await.is_some() {}
    let _answer = events.into_reply().await;
    let events = recorder.events();
    let lines: Vec<String> = events.iter().map(what).collect();
    (lines.join("\n"), events)
}

fn check(happened: &str, expected: &str) {
    let expected: Vec<&str> = expected.split_whitespace().collect();
    let happened: Vec<&str> = happened.split_whitespace().collect();
    assert_eq!(happened, expected);
}

#[tokio::test(start_paused = true)]
async fn a_scripted_turn_emits_every_event_in_its_place() {
    let thinking = ModelReply::text("Wait.").reasoning("Hm.");
    let calls = thinking
        .and_call("1", "works", "{}")
        .and_call("2", "fails", "{}")
        .and_call("3", "asked", "{}")
        .and_call("4", "skipped", "{}")
        .and_call("5", "denied", "{}")
        .and_call("6", "rewritten", "{}")
        .and_call("7", "unknown", "{}")
        .and_call("8", "researcher", r#"{"task":"look"}"#);
    let first = Scripted::streamed(calls, 9)
        .after_retry(ModelErrorKind::ServerError, Duration::from_secs(1));
    let model = FunctionModel::script([first, Scripted::from(ModelReply::text("Done."))]);
    let tool = |name, act| ScriptedTool::new(name, act);
    let agent = agents::agent("assistant", model)
        .tool(tool("works", Act::Give("found")))
        .tool(tool("fails", Act::Fail("no")))
        .tool(tool("asked", Act::Give("never seen")))
        .tool(tool("skipped", Act::Give("never seen")))
        .tool(tool("denied", Act::Give("never seen")))
        .tool(tool("rewritten", Act::Give("safe")))
        .subagent(
            agents::agent("researcher", FunctionModel::answer("Clause 4.")).intent(IntentBy::Off),
        );
    let (lines, all) = happened(agent).await;
    check(
        &lines,
        "agent.turn start
         agent.intent_classification start intent_classified agent.intent_classification complete
         agent.step.1 start
         model.inference start model.inference progress thinking_delta text_delta
         tool_call_args_delta tool_call_args_delta tool_call_args_delta tool_call_args_delta
         tool_call_args_delta tool_call_args_delta tool_call_args_delta tool_call_args_delta
         tool_call_args_delta
         usage_observed model.inference complete
         tool.works start gate_decided tool.works complete
         tool.fails start gate_decided tool.fails error
         tool.asked start tool_call_approval_required gate_decided tool.asked error
         tool.skipped start gate_decided tool.skipped complete
         tool.denied start gate_decided tool.denied error
         tool.rewritten start gate_decided tool.rewritten complete
         tool._OTHER start tool._OTHER error
         delegate.researcher start gate_decided agent.turn start
         agent.step.1 start model.inference start text_delta usage_observed
         model.inference complete
         agent.step.1 complete turn_summary agent.turn complete delegate.researcher complete
         agent.step.1 complete
         agent.step.2 start model.inference start text_delta usage_observed
         model.inference complete
         agent.step.2 complete
         turn_summary agent.turn complete",
    );

    let again = || ModelReply::call("1", "works", "{}");
    let endless = FunctionModel::script([again(), again(), again()]);
    let agent = agents::agent("assistant", endless)
        .tool(tool("works", Act::Give("found")))
        .intent(IntentBy::Off);
    let (lines, more) = happened(agent).await;
    assert!(
        lines.ends_with("budget_exceeded\nagent.turn error"),
        "{lines}"
    );

    // A model that takes no long conversation, and is asked once more.
    let long = ModelError::new(ModelErrorKind::ContextLength, "too long");
    let tight = FunctionModel::script([
        Scripted::from(again()),
        Scripted::from(long),
        Scripted::from(ModelReply::text("Done.")),
    ]);
    let found: &'static str = "found ".repeat(200).leak();
    let agent = agents::agent("assistant", tight)
        .tool(tool("works", Act::Give(found)))
        .intent(IntentBy::Off);
    let (lines, trimmed) = happened(agent).await;
    assert!(
        lines.contains("model.inference error\nhistory_trimmed\nmodel.inference start"),
        "{lines}"
    );

    // Whatever the runner defines, it has emitted: no dead event.
    let all: Vec<EventBuf> = all.into_iter().chain(more).chain(trimmed).collect();
    let values: BTreeSet<&str> = all
        .iter()
        .filter_map(EventBuf::value)
        .map(Value::name)
        .collect();
    assert_eq!(values, Value::NAMES.iter().copied().collect());
    let subjects = all.iter().filter_map(EventBuf::span);
    let subjects: BTreeSet<SubjectName> = subjects.map(|span| span.subject.name()).collect();
    // Handoffs and spans of one's own come from one's own loop, requests to servers from those who
    // have one (see `mcp_telemetry`).
    let own = [
        SubjectName::Handoff,
        SubjectName::McpRequest,
        SubjectName::ServedCall,
        SubjectName::Custom,
    ];
    let runner_s = SubjectName::ALL.iter().filter(|name| !own.contains(name));
    assert_eq!(subjects, runner_s.copied().collect());
}

#[tokio::test(start_paused = true)]
async fn failures_and_cancellations_are_events_too() {
    let broken = FunctionModel::script([ModelError::new(ModelErrorKind::Auth, "no")]);
    let (lines, _) = happened(agents::agent("assistant", broken).intent(IntentBy::Off)).await;
    check(
        &lines,
        "agent.turn start agent.step.1 start model.inference start model.inference error
         agent.step.1 error agent.turn error",
    );
    let unsure = FunctionModel::script([ModelReply::text("no JSON"), ModelReply::text("Hello.")]);
    let (lines, _) = happened(agents::agent("assistant", unsure).intent(IntentBy::Model)).await;
    check(
        &lines,
        "agent.turn start
         agent.intent_classification start
         model.inference start usage_observed model.inference complete
         agent.intent_classification progress intent_classified agent.intent_classification error
         agent.step.1 start model.inference start text_delta usage_observed
         model.inference complete agent.step.1 complete turn_summary agent.turn complete",
    );
}
