//! Turns that race with the trail's end, with a runtime that is dropped, with a cleaner: what was said to
//! be safe is in the trail, nothing hangs, and the account is exact.
//!
//! `KAOS_RACES` says how many times each is tried.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kaos_hooks::audit::{AuditHook, Filter, Finding, Problem, RecordContent, Trail};
use kaos_hooks::{AsyncHook, EventBuf, Hooks, Lane, Step, StepOutcome, Turn, TurnOutcome};
use kaos_tests::sim_disk::Dice;
use tokio::runtime::{Builder, Runtime};

use super::Scratch;
use crate::codec::cases;

const LIMIT: Duration = Duration::from_millis(500);

fn times() -> u32 {
    cases("KAOS_RACES", 12)
}

fn runtime() -> Runtime {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2).enable_all().build().unwrap()
}

/// The sessions of turns whose end was said to be safe.
type Acked = Arc<Mutex<BTreeSet<String>>>;

/// Writes turns until the trail says that one is not safe.
async fn writes(hooks: Hooks, name: String, acked: Acked) {
    for number in 0.. {
        let session = format!("{name}-{number}");
        let turn = hooks.turn(Turn::new("assistant").session(session.clone()));
        let settled = turn.settled();
        turn.open(Step::new(1)).complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
        match settled.await {
            Ok(()) => acked.lock().unwrap().insert(session),
            Err(_not_durable) => return,
        };
    }
}

/// The sessions of turns that end in the trail.
fn ended(trail: &Path) -> BTreeSet<String> {
    let trail = Trail::open_read(trail).unwrap();
    let report = trail.verify().unwrap();
    // What was lost is told, and nobody was told that it is safe.
    let told = |finding: &Finding| matches!(finding.problem, Problem::Gap { .. });
    assert!(report.findings.iter().all(told), "{report}");
    let ends = |event: &EventBuf| {
        let span = event.span()?;
        let ends = span.parent.is_none() && span.phase.as_phase().is_end();
        ends.then(|| event.run.session.name().unwrap().to_owned())
    };
    let records = trail.records(Filter::default()).unwrap();
    let sessions = records.filter_map(|record| match record.unwrap().content {
        RecordContent::Event(event) => ends(&event),
        RecordContent::Own(_) => None,
    });
    sessions.collect()
}

/// How a trail ends while turns are written.
#[derive(Debug, Clone, Copy)]
enum End {
    ShutDown,
    ShutDownTwiceAtOnce,
    RuntimeGone,
    HandlesDropped,
}

#[test]
fn what_was_said_to_be_safe_is_in_the_trail_however_it_ends() {
    let mut dice = Dice::new(7);
    for end in [
        End::ShutDown,
        End::ShutDownTwiceAtOnce,
        End::RuntimeGone,
        End::HandlesDropped,
    ] {
        for number in 0..times() {
            let scratch = Scratch::new(&format!("races-{end:?}-{number}"));
            let audit = AuditHook::builder(scratch.path()).wait_limit(LIMIT * 20);
            let audit = audit.segment_bytes(16 * 1024).open().unwrap();
            let (acked, writing) = (Acked::default(), runtime());
            let hooks = Hooks::new(audit.clone());
            for writer in 0..4 {
                let acked = Arc::clone(&acked);
                drop(writing.spawn(writes(hooks.clone(), format!("w{writer}"), acked)));
            }
            let pause = Duration::from_micros(u64::try_from(dice.below(8000)).unwrap());
            let began = Instant::now();
            while began.elapsed() < pause {
                std::thread::yield_now();
            }
            drop(hooks);
            let elsewhere = runtime();
            match end {
                End::ShutDown => {
                    // What came too late is lost, and says so; the rest is written.
                    let _told = elsewhere.block_on(audit.shutdown()).is_ok();
                }
                End::ShutDownTwiceAtOnce => {
                    let other = audit.clone();
                    let other = elsewhere.spawn(async move { other.shutdown().await.is_ok() });
                    let _told = elsewhere.block_on(audit.shutdown()).is_ok();
                    elsewhere.block_on(other).unwrap();
                }
                End::RuntimeGone => {
                    drop(writing);
                    elsewhere.block_on(audit.force_flush()).unwrap();
                    elsewhere.block_on(audit.shutdown()).unwrap();
                }
                End::HandlesDropped => drop(writing),
            }
            let stats = audit.stats();
            assert_eq!(stats.offered, stats.recorded + stats.waiting + stats.lost);
            drop(audit);
            let acked = acked.lock().unwrap().clone();
            let there = ended(scratch.path());
            let gone: Vec<_> = acked.difference(&there).collect();
            assert!(gone.is_empty(), "{end:?}: acknowledged, and gone: {gone:?}");
        }
    }
}

/// Takes its time, and gives other tasks theirs.
struct Slow;

#[async_trait::async_trait]
impl AsyncHook for Slow {
    async fn on_event(&mut self, _event: EventBuf) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_lane_that_races_with_its_end_counts_everything() {
    let mut dice = Dice::new(8);
    for end in [End::ShutDown, End::ShutDownTwiceAtOnce, End::RuntimeGone] {
        for _ in 0..times() {
            let lane = Lane::with_capacity(Slow, 1 + dice.below(64)).with_flush_limit(LIMIT);
            let counters = lane.counters();
            let hooks = Hooks::new(lane.clone());
            let (of_lane, elsewhere) = (runtime(), runtime());
            of_lane.block_on(async { drop(hooks.turn(Turn::new("first"))) });
            std::thread::scope(|threads| {
                for _ in 0..2 {
                    threads.spawn(|| {
                        for _ in 0..200 {
                            drop(hooks.turn(Turn::new("assistant")));
                            let it = counters.stats();
                            let sum = it.waiting + it.delivered + it.failed + it.dropped;
                            assert_eq!(it.offered, sum, "{it:?}");
                        }
                    });
                }
                match end {
                    End::RuntimeGone => of_lane.shutdown_background(),
                    _ => {
                        let _told = elsewhere.block_on(lane.shutdown()).is_ok();
                    }
                }
                let _told = elsewhere.block_on(lane.shutdown()).is_ok();
            });
            let began = Instant::now();
            while counters.stats().waiting > 0 && began.elapsed() < LIMIT * 20 {
                std::thread::yield_now();
            }
            let stats = counters.stats();
            assert_eq!((stats.offered, stats.waiting), (2 + 800, 0), "{end:?}");
        }
    }
}

/// A cleaner removes whatever it finds, whenever it likes: nothing hangs, and once it is gone the trail
/// is either written again or says why not.
#[test]
fn a_cleaner_that_removes_everything_hangs_nobody() {
    let mut dice = Dice::new(9);
    for number in 0..times() {
        let scratch = Scratch::new(&format!("cleaned-{number}"));
        let audit = AuditHook::builder(scratch.path()).wait_limit(LIMIT);
        let audit = audit.segment_bytes(4 * 1024).open().unwrap();
        let hooks = Hooks::new(audit.clone());
        let runs = runtime();
        let spares_the_lock = number % 2 == 0;
        for turn in 0..10 {
            if dice.below(2) == 0 {
                for entry in std::fs::read_dir(scratch.path()).unwrap().flatten() {
                    if !(spares_the_lock && entry.file_name() == "lock") && dice.below(2) == 0 {
                        let _gone = std::fs::remove_file(entry.path());
                        let _gone = std::fs::remove_dir_all(entry.path());
                    }
                }
            }
            let session = format!("s-{turn}");
            let began = Instant::now();
            let scope = hooks.turn(Turn::new("assistant").session(session));
            let settled = scope.settled();
            scope.complete(TurnOutcome::default());
            let safe = runs.block_on(settled);
            assert!(began.elapsed() < LIMIT * 20);
            let locked = scratch.path().join("lock").exists();
            assert_eq!(safe.is_ok(), locked, "{safe:?}");
        }
        let stats = audit.stats();
        assert_eq!(stats.offered, stats.recorded + stats.waiting + stats.lost);
    }
}
