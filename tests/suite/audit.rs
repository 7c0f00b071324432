//! The audit trail: written, killed, damaged, read again.

mod attackers;
mod backpressure;
mod canaries;
mod child;
mod crash;
#[cfg(unix)]
mod files;
mod follow;
mod format;
mod killed;
#[cfg(unix)]
mod outsiders;
mod places;
mod races;
mod readers;
mod replay;
mod tamper;
mod trust;
mod verdicts;
mod waits;
mod write_ahead;

use std::path::PathBuf;

use kaos_hooks::audit::{AuditHook, Filter, RecordContent, SigningKey, Trail};
use kaos_hooks::{Hooks, Step, StepOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome};
use kaos_tests::Folder;

/// A directory for a trail, which is not there yet and is gone after the test.
pub(crate) struct Scratch {
    _folder: Folder,
    trail: PathBuf,
}

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let trail = folder.join("trail");
        Self {
            _folder: folder,
            trail,
        }
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.trail
    }
}

#[tokio::test]
async fn a_turn_is_in_the_trail_and_verifies() {
    let scratch = Scratch::new("turn");
    let key = SigningKey::from_seed("test", &[7; 32]).unwrap();
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key.clone())
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    let turn = hooks.turn(Turn::new("assistant").session("s-1"));
    let step = turn.open(Step::new(1));
    let tool = step.open(ToolCall::new("calculator"));
    tool.complete(ToolOutcome::default());
    step.complete(StepOutcome::default());
    let settled = turn.settled();
    turn.complete(TurnOutcome::default());
    settled.await.unwrap();
    assert_eq!(audit.stats().recorded, 6);
    audit.shutdown().await.unwrap();

    let trail = Trail::open_read(scratch.path()).unwrap();
    let records: Vec<_> = trail
        .records(Filter::default())
        .unwrap()
        .map(|record| match record.unwrap().content {
            RecordContent::Event(event) => event.span().unwrap().name().to_string(),
            RecordContent::Own(_) => unreachable!(),
        })
        .collect();
    assert_eq!(records.len(), 6);
    let report = trail.verifier().key(key.verifying_key()).run().unwrap();
    println!("{report}");
    assert!(report.is_intact(), "{report}");
    assert_eq!((report.records, report.checkpoints), (10, 3));
    assert!(
        !report.open && !report.to_string().contains("OPEN"),
        "{report}"
    );
}

/// Whoever reads it later cannot know what else there was: the process may have run out of room.
#[tokio::test]
async fn a_trail_whose_writer_did_not_end_it_says_that_its_end_is_open() {
    let scratch = Scratch::new("open");
    let audit = AuditHook::open(scratch.path()).unwrap();
    let hooks = Hooks::new(audit.clone());
    let turn = hooks.turn(Turn::new("assistant"));
    let settled = turn.settled();
    turn.complete(TurnOutcome::default());
    settled.await.unwrap();
    let trail = Trail::open_read(scratch.path()).unwrap();
    let report = trail.verifier().run().unwrap();
    assert!(report.is_intact() && report.open, "{report}");
    assert!(report.to_string().contains("\n  OPEN: "), "{report}");
    audit.shutdown().await.unwrap();
    let report = trail.verifier().run().unwrap();
    assert!(!report.open, "{report}");
}

/// A process that is started often has many small segments.
#[cfg(target_os = "linux")]
#[test]
fn a_sealed_segment_takes_no_more_space_than_its_lines() {
    use std::os::unix::fs::MetadataExt as _;

    let scratch = Scratch::new("space");
    for _ in 0..3 {
        let hooks = Hooks::new(AuditHook::open(scratch.path()).unwrap());
        hooks
            .turn(Turn::new("assistant"))
            .complete(TurnOutcome::default());
    }
    for file in std::fs::read_dir(scratch.path()).unwrap() {
        let file = file.unwrap();
        let taken = file.metadata().unwrap().blocks() * 512;
        assert!(taken <= 64 * 1024, "{taken} bytes: {:?}", file.path());
    }
}
