//! No tool that changes something runs before its record is safe.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use kaos_hooks::audit::{AuditHook, Filter, Gap, OnFailure, RecordContent, Trail};
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Decision, GateDecided, Hooks, Subject, Value};
use kaos_runner::{FunctionModel, Message, ModelReply, Runner};
use kaos_tests::agents::{self, Act, Scripted, calls};
use kaos_tests::sim_disk::SimDisk;

use super::Scratch;
use super::child::{KID_TRAIL, Kid, kid_trail};

/// A process that dies in the first moment of a tool: the record of the call is in the trail.
#[test]
fn the_record_of_a_tool_call_is_there_when_the_process_dies_in_the_tool() {
    if let Some(trail) = kid_trail() {
        return calls_a_tool_that_never_returns(&trail);
    }
    let scratch = Scratch::new("write-ahead");
    let mut kid = Kid::start(
        "audit::write_ahead::the_record_of_a_tool_call_is_there_when_the_process_dies_in_the_tool",
        &[(KID_TRAIL, scratch.path().as_os_str())],
    );
    assert!(kid.lines().any(|line| line == "the tool runs"));
    kid.kill();

    let trail = Trail::open_read(scratch.path()).unwrap();
    let filter = Filter {
        tool: Some("launch".to_owned()),
        ..Filter::default()
    };
    let records: Vec<_> = trail.records(filter).unwrap().collect();
    let mut arguments = None;
    let mut allowed = false;
    for record in records {
        let RecordContent::Event(event) = record.unwrap().content else {
            continue;
        };
        if let Some(Subject::ToolCall(call)) = event.span().map(|span| &span.subject) {
            assert!(
                !allowed,
                "what the trail itself decides comes after the record"
            );
            arguments.clone_from(&call.arguments);
        }
        if let Some(Value::GateDecided(decided)) = event.value() {
            allowed = decided.decision == Decision::Allow;
        }
    }
    assert_eq!(arguments.as_deref(), Some(r#"{"task":"work"}"#));
    drop(AuditHook::open(scratch.path()).unwrap());
    let report = trail.verify().unwrap();
    assert!(report.is_intact(), "{report}");
}

fn calls_a_tool_that_never_returns(trail: &std::path::Path) {
    let launch = kaos_runner::FunctionTool::new("launch", "Launches.", |_: Task| async {
        println!("\nthe tool runs");
        std::future::pending::<Result<String, kaos_runner::ToolError>>().await
    });
    let model = FunctionModel::script([calls(&["launch"])]);
    let hooks = Hooks::new(AuditHook::open(trail).unwrap());
    let runner = Runner::new(agents::agent("assistant", model).tool(launch)).hooks(hooks);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(runner.turn("Launch.", "s").into_future());
    panic!("the tool returned: {ended:?}");
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Task {
    #[expect(dead_code, reason = "it never returns")]
    task: String,
}

/// What came of a turn that calls a tool that changes something and one that does not.
struct Came {
    changed: usize,
    read: usize,
    told: Vec<String>,
    decided: Vec<GateDecided>,
    answer: String,
}

async fn turn_with(audit: &AuditHook) -> Came {
    let (changes, reads) = (
        Scripted::new("changes", Act::Give("changed")),
        Scripted::new("reads", Act::Give("read")).read_only(),
    );
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let model = FunctionModel::new(move |request| {
        let mut results = request.messages.iter().filter_map(|message| match message {
            Message::Tool(result) => Some(result.output.text().into_owned()),
            _ => None,
        });
        let Some(first) = results.next() else {
            return Ok(calls(&["changes", "reads"]));
        };
        *tell.lock().unwrap() = std::iter::once(first).chain(results).collect();
        Ok(ModelReply::text("answer"))
    });
    let agent = agents::agent("assistant", model)
        .tool(changes.clone())
        .tool(reads.clone());
    let recorder = Recorder::new();
    let hooks = Hooks::new((recorder.clone(), audit.clone()));
    let reply = Runner::new(agent).hooks(hooks).turn("Work.", "s").await;
    recorder.check().unwrap();
    let events = recorder.events();
    let decided = events.iter().filter_map(|event| match event.value() {
        Some(Value::GateDecided(decided)) => Some(decided.clone()),
        _ => None,
    });
    Came {
        changed: changes.ran(),
        read: reads.ran(),
        decided: decided.collect(),
        told: told.lock().unwrap().clone(),
        answer: reply.unwrap().text().to_owned(),
    }
}

fn opened(disk: &SimDisk, on_failure: OnFailure) -> AuditHook {
    AuditHook::builder("not used")
        .storage(disk.clone())
        .on_failure(on_failure)
        .open()
        .unwrap()
}

fn gaps(disk: &SimDisk) -> Vec<Gap> {
    let report = Trail::on(disk.clone()).unwrap().verify().unwrap();
    assert!(report.is_intact(), "{report}");
    report.gaps
}

#[tokio::test]
async fn with_a_failing_disk_a_tool_that_changes_something_is_denied() {
    let disk = SimDisk::default();
    let audit = opened(&disk, OnFailure::FailClosed);
    disk.fail(Some(ErrorKind::Other));
    let came = turn_with(&audit).await;
    assert_eq!((came.changed, came.read), (0, 1));
    let why = "the audit trail cannot be written (Input/output error (os error 5)), and tools \
               that change something do not run unrecorded";
    assert_eq!(came.told, [format!("denied: {why}"), "read".to_owned()]);
    assert_eq!(came.answer, "answer");
    // The two are called at the same time.
    let mut decided: Vec<_> = came
        .decided
        .iter()
        .map(|it| {
            (
                it.gate.as_str(),
                it.tool.as_str(),
                it.decision,
                it.reason.as_deref(),
            )
        })
        .collect();
    decided.sort_by_key(|(_, tool, ..)| *tool);
    assert_eq!(
        decided,
        [
            ("audit", "changes", Decision::Deny, Some(why)),
            ("audit", "reads", Decision::Allow, None),
        ]
    );

    // Nothing is lost: what waited is written when the disk is back.
    disk.fail(None);
    audit.shutdown().await.unwrap();
    assert_eq!(audit.stats().lost, 0);
    assert_eq!(gaps(&disk), []);
}

#[tokio::test]
async fn degraded_it_runs_and_the_trail_says_how_often_that_was() {
    let disk = SimDisk::default();
    let audit = opened(&disk, OnFailure::Degrade);
    disk.fail(Some(ErrorKind::Other));
    for _ in 0..3 {
        let came = turn_with(&audit).await;
        assert_eq!((came.changed, came.read), (1, 1));
        assert_eq!(came.told, ["changed", "read"]);
    }
    assert_eq!(audit.stats().unrecorded_effects, 3);

    disk.fail(None);
    audit.shutdown().await.unwrap();
    assert_eq!(audit.stats().lost, 0);
    let [gap] = &*gaps(&disk) else {
        panic!("one gap: {:?}", gaps(&disk));
    };
    assert_eq!((gap.lost, gap.unrecorded_effects), (0, 3));
}
