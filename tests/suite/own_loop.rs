//! A hand-written loop gives the same tree as the runner.

use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    Hooks, Intent, IntentClassification, IntentOutcome, LlmCall, LlmOutcome, Ruling, SpanTree,
    Step, StepOutcome, ToolAnnotations, ToolCall, ToolOutcome, Turn, TurnOutcome,
};
use kaos_runner::{ModelReply, Runner};
use kaos_tests::agents::{Act, Scripted, calls, scripted};

/// What the model says, step by step.
fn script() -> Vec<ModelReply> {
    vec![
        calls(&["calculator"]),
        calls(&["calculator", "search"]),
        ModelReply::text("It is 42."),
    ]
}

#[tokio::test]
async fn a_hand_written_loop_gives_the_runner_s_tree() {
    let by_runner = Recorder::new();
    let agent = scripted("assistant", script())
        .tool(Scripted::new("calculator", Act::Give("42")))
        .tool(Scripted::new("search", Act::Give("a page")));
    let runner = Runner::new(agent).hooks(by_runner.clone());
    runner.turn("Work.", "session-1").await.unwrap();

    let by_hand = Recorder::new();
    loop_by_hand(&Hooks::new(by_hand.clone())).await;

    by_runner.check().unwrap();
    by_hand.check().unwrap();
    let outline = |recorder: &Recorder| SpanTree::of(&recorder.events()).outline();
    assert_eq!(outline(&by_hand), outline(&by_runner));
}

async fn loop_by_hand(hooks: &Hooks) {
    let turn = hooks.turn(Turn::new("assistant").session("session-1"));
    let intent = turn.open(IntentClassification::new("rules"));
    intent.complete(IntentOutcome {
        intent: Some(Intent::ToolUse),
        ..IntentOutcome::default()
    });
    for (number, reply) in (1..).zip(script()) {
        turn.ready().await;
        let step = turn.open(Step::new(number));
        let call = step.open(LlmCall::new("function", "function"));
        call.complete(LlmOutcome {
            usage: reply.usage,
            ..LlmOutcome::default()
        });
        for asked in reply.message.tool_calls() {
            let tool = step.open(ToolCall::new(asked.name.clone()));
            let annotations = ToolAnnotations::default();
            let ruling = hooks.before_tool_call(&tool, &asked.arguments, annotations);
            if let Ruling::Run { .. } = ruling.await {
                tool.complete(ToolOutcome::default());
            }
        }
        step.complete(StepOutcome::default());
    }
    turn.complete(TurnOutcome::default());
}
