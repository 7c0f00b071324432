//! Many turns at once, in every arrangement: right trees, no cross-talk, nothing left.

use std::collections::HashSet;

use kaos_hooks::testing::Recorder;
use kaos_hooks::{Hooks, SpanTree, Step, StepOutcome, Turn, TurnOutcome};
use kaos_runner::{Agent, FunctionModel, Message, ModelReply};
use kaos_tests::agents::{Act, Scripted, calls};
use kaos_tests::observed::Observed;

/// An agent that any number of turns may use at once: it keeps no script.
fn agent() -> Agent {
    let model = FunctionModel::new(|request| {
        Ok(match request.messages.last() {
            Some(Message::Tool(_)) => ModelReply::text("done"),
            _ => calls(&["bad", "good"]),
        })
    });
    Agent::new("assistant", model)
        .tool(Scripted::new("bad", Act::Fail("no")))
        .tool(Scripted::new("good", Act::Yield("fine")))
}

const TREE: &str = "agent.turn
  agent.intent_classification
  agent.step.1
    model.inference
    tool.bad [error: tool_error]
    tool.good
  agent.step.2
    model.inference
";

fn assert_all(observed: &Observed, turns: usize) {
    observed.assert_sound();
    let runs = observed.recorder.runs();
    assert_eq!(runs.len(), turns);
    let traces: HashSet<_> = runs.iter().map(|run| run[0].run.trace_id).collect();
    assert_eq!(traces.len(), turns, "each turn has a trace of its own");
    for run in &runs {
        assert_eq!(SpanTree::of(run).outline(), TREE);
        assert!(
            run.iter().all(|event| event.run.id == run[0].run.id),
            "one run, one id"
        );
    }
}

async fn two_hundred_turns() {
    let observed = Observed::new(agent());
    let turns: Vec<_> = (0..200)
        .map(|at| {
            tokio::spawn(
                observed
                    .runner
                    .turn("Work.", format!("s-{at}"))
                    .into_future(),
            )
        })
        .collect();
    for turn in turns {
        assert_eq!(turn.await.unwrap().unwrap().text(), "done");
    }
    assert_all(&observed, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_turns_on_a_multi_thread_runtime() {
    two_hundred_turns().await;
}

#[tokio::test(flavor = "current_thread")]
async fn two_hundred_turns_on_a_current_thread_runtime() {
    two_hundred_turns().await;
}

#[tokio::test]
async fn turns_joined_in_one_task() {
    let observed = Observed::new(agent());
    let turn = |session: &'static str| observed.runner.turn("Work.", session).into_future();
    let (one, two, three) = tokio::join!(turn("a"), turn("b"), turn("c"));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_all(&observed, 3);
}

#[tokio::test]
async fn a_turn_awaited_inside_another_turn_s_scope_is_a_run_of_its_own() {
    let recorder = Recorder::new();
    let hooks = Hooks::new(recorder.clone());
    let outer = hooks.turn(Turn::new("outer"));
    let inner = hooks.turn(Turn::new("inner"));
    let step = outer.open(Step::new(1));
    inner.open(Step::new(1)).complete(StepOutcome::default());
    // Ended out of order: the outer before the inner.
    step.complete(StepOutcome::default());
    outer.complete(TurnOutcome::default());
    inner.complete(TurnOutcome::default());
    recorder.check().unwrap();
    let outlines: Vec<_> = recorder
        .runs()
        .iter()
        .map(|run| SpanTree::of(run).outline())
        .collect();
    assert_eq!(outlines, ["agent.turn\n  agent.step.1\n"; 2]);
    assert_eq!(hooks.emitter().live_runs(), 0);
}

#[test]
fn one_run_used_from_many_threads_keeps_one_gap_free_order() {
    let recorder = Recorder::new();
    let hooks = Hooks::new(recorder.clone());
    let turn = hooks.turn(Turn::new("assistant"));
    std::thread::scope(|threads| {
        for _ in 0..8 {
            let turn = &turn;
            threads.spawn(move || {
                for number in 0..100 {
                    turn.open(Step::new(number))
                        .complete(StepOutcome::default());
                }
            });
        }
    });
    turn.complete(TurnOutcome::default());
    recorder.check().unwrap();
    assert_eq!(recorder.events().len(), 2 + 8 * 100 * 2);
}
