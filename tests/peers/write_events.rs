//! Prints the events of a few runs as JSON Lines, for a reader that is not ours: tools, one that fails, gates that allow,
//! rewrite, ask, skip and deny, a sub-agent, a streamed answer with its thoughts, a turn that fails, one of a conversation that is
//! too long, one whose steps are spent, one that is dropped, and spans of a loop without a runner.

#![expect(clippy::print_stdout, reason = "a helper of tests prints what it made")]

use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    Custom, Gate, GateError, Handoff, HandoffOutcome, Hooks, McpRequest, ServedCall, Step,
    ToolRequest, Turn, TurnOutcome, Verdict,
};
use kaos_runner::{
    Agent, FunctionModel, IntentBy, Limits, ModelError, ModelErrorKind, ModelReply, Runner,
    Scripted,
};
use kaos_tests::agents::{Act, Scripted as ScriptedTool};
use tokio_stream::StreamExt as _;

/// Decides by the tool's name.
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

/// An agent whose model thinks, calls all its tools at once, and answers.
fn assistant() -> Agent {
    let thinking = ModelReply::text("Wait.").reasoning("Hm.");
    let calls = thinking
        .and_call("1", "works", "{}")
        .and_call("2", "fails", "{}")
        .and_call("3", "asked", "{}")
        .and_call("4", "skipped", "{}")
        .and_call("5", "denied", "{}")
        .and_call("6", "rewritten", "{}")
        .and_call("7", "unknown", "{}")
        .and_call("8", "researcher", r#"{"task":"look"}"#)
        .usage(40, 10);
    let first = Scripted::streamed(calls, 9)
        .after_retry(ModelErrorKind::ServerError, Duration::from_millis(1));
    let model = FunctionModel::script([first, Scripted::from(ModelReply::text("Done."))]);
    let researcher = Agent::new("researcher", FunctionModel::answer("Clause 4."));
    ["works", "asked", "skipped", "denied", "rewritten"]
        .into_iter()
        .fold(Agent::new("assistant", model), |agent, name| {
            agent.tool(ScriptedTool::new(name, Act::Give("found")))
        })
        .tool(ScriptedTool::new("fails", Act::Fail("no")))
        .subagent(researcher.intent(IntentBy::Off))
}

/// Runs the agent once, as a stream.
async fn run(recorder: &Recorder, agent: Agent) {
    let runner = Runner::new(agent).hooks((recorder.clone(), Careful));
    let mut events = runner.run("Work.", "s-1");
    while events.next().await.is_some() {}
    let _answered_or_failed = events.into_reply().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let recorder = Recorder::new();
    run(&recorder, assistant()).await;

    let mute = FunctionModel::script(Vec::<ModelReply>::new());
    run(&recorder, Agent::new("fails", mute)).await;

    let long = ModelError::new(ModelErrorKind::ContextLength, "too long");
    let again = Scripted::from(ModelReply::text("Shorter."));
    let tight = FunctionModel::script([again.clone(), long.into(), again]);
    let runner = Runner::new(Agent::new("tight", tight)).hooks(recorder.clone());
    for _ in 0..2 {
        let _answered = runner.turn("Work.", "s-1").await;
    }

    let one_step = Limits {
        steps: 1,
        ..Limits::default()
    };
    run(&recorder, assistant().limits(one_step)).await;

    let hooks = Hooks::new(recorder.clone());
    let turn = hooks.turn(Turn::new("by hand").session("s-2"));
    drop(turn.open(McpRequest::new("tools/list")));
    drop(turn.open(Custom::new("retrieval")));
    turn.open(Step::new(1)).suspend();
    turn.open(Handoff::new("billing"))
        .complete(HandoffOutcome::default());
    turn.complete(TurnOutcome::default());
    drop(hooks.turn(Turn::new("given up")));
    drop(hooks.served_call(ServedCall::new("tools", "calculator")));

    let events = recorder.events();
    assert!(!events.is_empty());
    for event in &events {
        println!("{}", event.to_line());
    }
}
