//! Many turns at once, in every arrangement: right trees, no cross-talk, nothing left.

use std::collections::HashSet;

use kaos_hooks::testing::Recorder;
use kaos_hooks::{Hooks, SpanTree, Step, StepOutcome, Turn, TurnOutcome};
use kaos_runner::{Agent, FunctionModel, Message, ModelReply};
use kaos_tests::agents::{self, Act, Scripted, calls};
use kaos_tests::observed::Observed;

/// An agent that any number of turns may use at once: it keeps no script.
fn agent() -> Agent {
    let model = FunctionModel::new(|request| {
        Ok(match request.messages.last() {
            Some(Message::Tool(_)) => ModelReply::text("done"),
            _ => calls(&["bad", "good"]),
        })
    });
    agents::agent("assistant", model)
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

/// Ids that one thread makes one after the other: no generator whose state an id shows gives them.
#[test]
fn an_id_tells_nothing_of_the_next_one() {
    use kaos_hooks::{IdSource as _, RandomIds};

    /// `SplitMix64` backwards: the counter that made this number.
    fn state_of(mut z: u64) -> u64 {
        const fn unshift(z: u64, by: u32) -> u64 {
            let once = z ^ (z >> by);
            once ^ (z >> (2 * by))
        }
        z = unshift(z, 31).wrapping_mul(0x3196_42B2_D24D_8EC3);
        z = unshift(z, 27).wrapping_mul(0x96DE_1B17_3F11_9089);
        unshift(z, 30)
    }

    let ids: Vec<u64> = std::iter::repeat_with(|| RandomIds.next())
        .take(4096)
        .collect();
    let steps: std::collections::BTreeSet<u64> = ids
        .windows(2)
        .map(|pair| state_of(pair[1]).wrapping_sub(state_of(pair[0])))
        .collect();
    assert!(steps.len() > 4000, "a counter made them");
    let distinct: std::collections::BTreeSet<&u64> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    let ones: u32 = ids.iter().map(|id| id.count_ones()).sum();
    let share = f64::from(ones) / (64.0 * 4096.0);
    assert!((0.49..0.51).contains(&share), "{share} of the bits are set");
}
