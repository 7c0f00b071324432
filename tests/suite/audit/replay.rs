//! What stands in a trail tells hooks the same as the live run did.

use kaos_hooks::audit::{AuditHook, Filter, RecordContent, Trail};
use kaos_hooks::testing::Recorder;
use kaos_hooks::{EventBuf, Hooks, Replay, Step, Turn};
use kaos_otel_hook::Telemetry;
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
use kaos_tests::agents::{self, Act, Scripted};
use kaos_tests::exported::assert_exported;

use super::Scratch;

/// The events of a trail.
fn events(scratch: &Scratch) -> Vec<EventBuf> {
    let trail = Trail::open_read(scratch.path()).unwrap();
    let records = trail.records(Filter::default()).unwrap();
    records
        .filter_map(|record| match record.unwrap().content {
            RecordContent::Event(event) => Some(*event),
            RecordContent::Own(_) => None,
        })
        .collect()
}

/// An agent that fails with one tool, calls another, and asks a sub-agent.
fn busy() -> Agent {
    let sub = agents::agent("researcher", FunctionModel::answer("clause 4"));
    let replies = vec![
        ModelReply::call("1", "search", "{}").and_call("2", "broken", "{}"),
        ModelReply::call("3", "researcher", r#"{"task":"look"}"#),
        ModelReply::text("Clause 4."),
    ];
    agents::agent("assistant", FunctionModel::script(replies))
        .tool(Scripted::new("search", Act::Give("found")))
        .tool(Scripted::new("broken", Act::Fail("no")))
        .subagent(sub)
}

#[tokio::test]
async fn spans_from_the_trail_are_those_of_the_live_run() {
    let scratch = Scratch::new("replay");
    let audit = AuditHook::open(scratch.path()).unwrap();
    let (recorder, (live, live_memory)) = (Recorder::new(), Telemetry::in_memory());
    let hooks = (recorder.clone(), live.hooks(), audit.clone());
    let runner = Runner::new(busy()).hooks(hooks);
    // A turn inside a span of another run of the same trail, and one that is given up.
    let answer = runner.turn("Which clause?", "s-1").await.unwrap();
    assert_eq!(answer.to_string(), "Clause 4.");
    drop(
        runner
            .observed_by()
            .turn(Turn::new("given-up"))
            .open(Step::new(1)),
    );
    audit.shutdown().await.unwrap();
    let live_spans = live_memory.spans();
    assert_exported(&recorder, &live_spans);

    let (again, memory) = Telemetry::in_memory();
    let hooks = Hooks::new(again.hooks());
    let mut replay = Replay::new(&hooks);
    for event in events(&scratch) {
        replay.event(&event);
    }
    let replayed = replay.finish();
    assert_eq!(
        (replayed.runs, replayed.unended, replayed.left_out),
        (2, 0, 0)
    );
    let spans = memory.spans();
    assert_exported(&recorder, &spans);
    let attributes = |spans: &[opentelemetry_sdk::trace::SpanData]| {
        let mut all: Vec<String> = spans
            .iter()
            .flat_map(|span| {
                let id = span.span_context.span_id();
                span.attributes
                    .iter()
                    .map(move |pair| format!("{id} {}={}", pair.key, pair.value))
            })
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(attributes(&spans), attributes(&live_spans));
}

#[tokio::test]
async fn what_a_dead_process_left_open_is_ended_at_its_last_event() {
    let scratch = Scratch::new("replay-dead");
    let audit = AuditHook::open(scratch.path()).unwrap();
    let hooks = Hooks::new(audit.clone());
    let turn = hooks.turn(Turn::new("assistant"));
    let step = turn.open(Step::new(1));
    audit.shutdown().await.unwrap(); // what follows is in no trail, as if the process had died
    drop((step, turn));
    let recorded = events(&scratch);
    assert_eq!(recorded.len(), 2);

    let (telemetry, memory) = Telemetry::in_memory();
    let hooks = Hooks::new(telemetry.hooks());
    let mut replay = Replay::new(&hooks);
    for event in &recorded {
        replay.event(event);
    }
    let replayed = replay.finish();
    assert_eq!((replayed.runs, replayed.unended), (1, 2));
    let last = recorded.last().unwrap().time.system_time();
    let spans = memory.spans();
    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|span| span.end_time == last));
}
