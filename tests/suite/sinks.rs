//! Every sink of events gives an exact account, at every moment and whatever ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::{
    AsyncHook, EventBuf, Hooks, Lane, LaneStats, Step, StepOutcome, Turn, TurnOutcome,
};
use kaos_tests::slow_disk::{Broken, SlowDisk};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

mod exporter;

/// What ends a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is shut down while events come.
    ShutDown,
    /// What works for it panics.
    Panic,
    /// Its runtime is gone, with events waiting.
    RuntimeGone,
    /// Its queue is full, and nothing moves.
    Full,
    /// It never had a runtime.
    NoRuntime,
    /// All handles are dropped.
    Dropped,
}

const ENDS: [End; 6] = [
    End::ShutDown,
    End::Panic,
    End::RuntimeGone,
    End::Full,
    End::NoRuntime,
    End::Dropped,
];

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Takes an event for each permit; panics when told to.
struct Takes {
    permits: Arc<Semaphore>,
    panics: Arc<AtomicBool>,
}

#[async_trait]
impl AsyncHook for Takes {
    async fn on_event(&mut self, _event: EventBuf) {
        self.permits.acquire().await.unwrap().forget();
        assert!(!self.panics.load(Ordering::Relaxed), "an async hook panics");
    }
}

fn balanced(stats: LaneStats) -> LaneStats {
    let accounted = stats.waiting + stats.delivered + stats.failed + stats.dropped;
    assert_eq!(stats.offered, accounted, "{stats:?}");
    stats
}

fn three_turns(hooks: &Hooks) {
    for _ in 0..3 {
        let turn = hooks.turn(Turn::new("assistant"));
        turn.open(Step::new(1)).complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
    }
}

const THREE_TURNS: u64 = 12;

#[test]
fn a_lane_s_account_is_exact_however_it_ends() {
    kaos_tests::subscribed();
    for end in ENDS {
        println!("{end:?}");
        let (permits, panics) = (Arc::new(Semaphore::new(0)), Arc::<AtomicBool>::default());
        let takes = Takes {
            permits: Arc::clone(&permits),
            panics: Arc::clone(&panics),
        };
        let capacity = if end == End::Full { 4 } else { 100 };
        // Short only where it is reached.
        let limit = Duration::from_millis(if end == End::Full { 200 } else { 20_000 });
        let lane = Lane::with_capacity(takes, capacity).with_flush_limit(limit);
        let counters = lane.counters();
        let hooks = Hooks::new(lane.clone());
        let runs_on = (end != End::NoRuntime).then(runtime);
        {
            let _entered = runs_on.as_ref().map(Runtime::enter);
            three_turns(&hooks);
        }
        balanced(lane.stats());
        let elsewhere = runtime();
        let flushed = match end {
            End::ShutDown => {
                let shut = {
                    let lane = lane.clone();
                    elsewhere.spawn(async move { lane.shutdown().await })
                };
                // What comes meanwhile is taken or dropped, and counted either way.
                three_turns(&hooks);
                balanced(lane.stats());
                permits.add_permits(1000);
                elsewhere.block_on(shut).unwrap()
            }
            End::Panic => {
                panics.store(true, Ordering::Relaxed);
                permits.add_permits(1000);
                elsewhere.block_on(lane.force_flush())
            }
            End::RuntimeGone => {
                drop(runs_on);
                three_turns(&hooks);
                let flushed = elsewhere.block_on(lane.force_flush());
                assert!(elsewhere.block_on(lane.shutdown()).is_err());
                let stats = balanced(lane.stats());
                assert_eq!((stats.waiting, stats.dropped), (0, stats.offered));
                check(end, flushed.is_ok(), &stats);
                continue;
            }
            End::Full => elsewhere.block_on(lane.force_flush()),
            End::NoRuntime => {
                let stats = balanced(lane.stats());
                assert_eq!(stats.dropped, THREE_TURNS);
                continue;
            }
            End::Dropped => {
                drop((lane, hooks));
                permits.add_permits(1000);
                while counters.stats().waiting > 0 {
                    std::thread::yield_now();
                }
                let stats = balanced(counters.stats());
                assert_eq!(stats.delivered, THREE_TURNS);
                continue;
            }
        };
        let stats = balanced(lane.stats());
        check(end, flushed.is_ok(), &stats);
    }
}

fn check(end: End, flushed: bool, stats: &LaneStats) {
    match end {
        End::ShutDown => {
            assert!(flushed);
            assert_eq!((stats.offered, stats.waiting), (2 * THREE_TURNS, 0));
            assert!(stats.delivered >= THREE_TURNS, "{stats:?}");
        }
        End::Panic => {
            assert!(flushed, "it is flushed; what it panicked on is counted");
            assert_eq!(stats.failed, kaos_hooks::MAX_PANICS);
            assert_eq!(stats.failed + stats.dropped, THREE_TURNS);
        }
        End::RuntimeGone => assert!(!flushed),
        End::Full => {
            assert!(!flushed);
            assert_eq!((stats.waiting, stats.dropped), (4, THREE_TURNS - 4));
        }
        End::NoRuntime | End::Dropped => {}
    }
}

#[test]
fn a_trail_s_account_is_exact_however_it_ends() {
    for end in ENDS {
        println!("{end:?}");
        let disk = SlowDisk::default();
        let audit = AuditHook::builder("not used").storage(disk.clone());
        let audit = audit.wait_limit(Duration::from_secs(20)).open().unwrap();
        let balanced = |audit: &AuditHook| {
            let stats = audit.stats();
            assert_eq!(stats.offered, stats.recorded + stats.waiting + stats.lost);
            stats
        };
        let hooks = Hooks::new(audit.clone());
        let elsewhere = runtime();
        disk.stall();
        three_turns(&hooks);
        balanced(&audit);
        match end {
            End::ShutDown => {
                let shut = {
                    let audit = audit.clone();
                    elsewhere.spawn(async move { audit.shutdown().await })
                };
                three_turns(&hooks);
                balanced(&audit);
                disk.release();
                let shut = elsewhere.block_on(shut).unwrap();
                assert_eq!(shut.is_ok(), balanced(&audit).lost == 0);
                three_turns(&hooks);
                let stats = balanced(&audit);
                assert_eq!((stats.offered, stats.waiting), (3 * THREE_TURNS, 0));
                assert!(stats.lost >= THREE_TURNS && stats.recorded >= THREE_TURNS);
                assert!(elsewhere.block_on(audit.force_flush()).is_err());
                assert!(elsewhere.block_on(audit.shutdown()).is_err());
                assert!(audit.failing().is_some());
            }
            End::Panic => {
                disk.breaks(Some(Broken::Panics));
                disk.release();
                assert!(elsewhere.block_on(audit.force_flush()).is_err());
                three_turns(&hooks);
                let stats = balanced(&audit);
                assert_eq!((stats.waiting, stats.lost), (0, 2 * THREE_TURNS));
                assert!(elsewhere.block_on(audit.shutdown()).is_err());
            }
            // It belongs to none.
            End::RuntimeGone | End::NoRuntime => {
                drop(elsewhere);
                disk.release();
                assert!(runtime().block_on(audit.force_flush()).is_ok());
                assert_eq!(balanced(&audit).recorded, THREE_TURNS);
            }
            End::Full => {
                let error = std::io::ErrorKind::StorageFull;
                disk.breaks(Some(Broken::Fails(error)));
                disk.release();
                assert!(elsewhere.block_on(audit.force_flush()).is_err());
                let prompt = kaos_hooks::Str::from("x".repeat(1024 * 1024));
                let turn = hooks.turn(Turn::new("assistant"));
                for _ in 0..80 {
                    let mut call = kaos_hooks::LlmCall::new("openai", "gpt-4o");
                    call.input = Some(prompt.clone());
                    drop(turn.open(call));
                }
                let stats = balanced(&audit);
                assert!(stats.lost > 0 && stats.recorded == 0, "{stats:?}");
                assert!(stats.most_waiting_bytes < 66 * 1024 * 1024);
            }
            End::Dropped => {
                disk.release();
                drop((hooks, audit));
                assert_eq!(disk.written().events, THREE_TURNS);
            }
        }
        disk.breaks(None);
    }
}
