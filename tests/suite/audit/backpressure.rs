//! A disk that is slower than the runs: they wait, memory stays within its bound, nothing is lost.
//!
//! `KAOS_AUDIT_EVENTS` says how many events there are in each.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use futures_util::FutureExt as _;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::redact::{ContentPolicies, ContentPolicy};
use kaos_hooks::{
    Emitter, Hooks, LlmCall, LlmOutcome, Progress, Scope, Step, StepOutcome, Str, Turn, TurnOutcome,
};
use kaos_tests::slow_disk::SlowDisk;
use tokio::runtime::{Builder, Runtime};

use crate::codec::cases;

/// As `AuditStats::most_waiting_bytes` says.
const HIGH_WATER: usize = 16 * 1024 * 1024;
/// The prompt of each model call; it is held, but not recorded.
static PROMPT: LazyLock<Str> = LazyLock::new(|| "word ".repeat(800).into());
/// More than an event of these tests takes, one with another.
const WEIGHT: usize = 1200;
/// Start and end of a step and of its model call.
const EVENTS_OF_STEP: u32 = 4;

fn events() -> u32 {
    cases("KAOS_AUDIT_EVENTS", 40_000)
}

/// Both kinds, one after the other.
fn on_both_runtimes(run: impl Fn(&Runtime)) {
    run(&Builder::new_current_thread().enable_all().build().unwrap());
    let mut threads = Builder::new_multi_thread();
    run(&threads.worker_threads(2).enable_all().build().unwrap());
}

fn opened(disk: &SlowDisk) -> AuditHook {
    let audit = AuditHook::builder("not used").storage(disk.clone());
    let unread = ContentPolicies::new(ContentPolicy::None);
    // On a machine that does other work, too, everything takes longer.
    let audit = audit.wait_limit(Duration::from_secs(60));
    audit.policies(unread).open().unwrap()
}

fn step(turn: &Scope<Turn>, number: u32) {
    let step = turn.open(Step::new(number));
    let mut call = LlmCall::new("openai", "gpt-4o-mini");
    call.input = Some(PROMPT.clone());
    step.open(call).complete(LlmOutcome::default());
    step.complete(StepOutcome::default());
}

/// Waits until there is room, with the disk doing this as long as there is none.
async fn room(turn: &Scope<Turn>, disk: impl Fn()) {
    let mut ready = pin!(turn.ready());
    poll_fn(|context| {
        let polled = ready.as_mut().poll(context);
        if polled.is_pending() {
            disk();
            context.waker().wake_by_ref();
        }
        polled
    })
    .await;
}

/// Everything is on the disk once it is quick again, and not too much was ever in memory.
fn check(runtime: &Runtime, audit: &AuditHook, disk: &SlowDisk, pushed: u64, bound: usize) {
    disk.release();
    runtime.block_on(audit.shutdown()).unwrap();
    let (stats, written) = (audit.stats(), disk.written());
    let most = stats.most_waiting_bytes;
    println!("{pushed} events, at most {most} bytes waiting, bound {bound}");
    assert_eq!((stats.recorded, stats.lost), (pushed, 0));
    assert_eq!((written.events, written.starts), (pushed, written.ends));
    assert!(most <= bound, "{most} bytes waited");
}

#[test]
fn many_turns_on_a_slow_disk_wait_for_it() {
    const TURNS: u32 = 8;
    on_both_runtimes(|runtime| {
        let disk = SlowDisk::default();
        let audit = opened(&disk);
        disk.stall();
        let hooks = Hooks::new(audit.clone());
        let steps = events() / TURNS / EVENTS_OF_STEP;
        let turns: Vec<_> = (0..TURNS)
            .map(|_| {
                let (hooks, disk) = (hooks.clone(), disk.clone());
                runtime.spawn(async move {
                    let turn = hooks.turn(Turn::new("assistant"));
                    for number in 0..steps {
                        room(&turn, || disk.permit_next()).await;
                        step(&turn, number);
                        // A batch is at most 512 records: so it writes half of what comes.
                        if number.is_multiple_of(256) {
                            disk.permit();
                        }
                    }
                    turn.complete(TurnOutcome::default());
                })
            })
            .collect();
        for turn in turns {
            runtime.block_on(turn).unwrap();
        }
        let pushed = u64::from(TURNS * (steps * EVENTS_OF_STEP + 2));
        let between = (TURNS * (EVENTS_OF_STEP + 1)) as usize * WEIGHT;
        check(runtime, &audit, &disk, pushed, HIGH_WATER + between);
        assert!(
            audit.stats().most_waiting_bytes > HIGH_WATER,
            "it never had to wait"
        );
    });
}

#[test]
fn one_long_turn_waits_for_a_stalled_writer() {
    on_both_runtimes(|runtime| {
        let disk = SlowDisk::default();
        let audit = opened(&disk);
        let hooks = Hooks::new(audit.clone());
        let steps = events() / EVENTS_OF_STEP;
        let turn = hooks.turn(Turn::new("assistant"));
        let long = async {
            for number in 0..steps {
                // Nothing is written until the turn stands still.
                disk.stall();
                room(&turn, || disk.release()).await;
                step(&turn, number);
            }
        };
        runtime.block_on(long);
        turn.complete(TurnOutcome::default());
        let pushed = u64::from(steps * EVENTS_OF_STEP + 2);
        let bound = HIGH_WATER + (EVENTS_OF_STEP + 1) as usize * WEIGHT;
        check(runtime, &audit, &disk, pushed, bound);
        assert!(
            audit.stats().most_waiting_bytes > HIGH_WATER,
            "it never had to wait"
        );
    });
}

/// What a run has packed and not handed over is seen by others, too: all of it together is more than
/// may wait.
#[test]
fn thousands_of_open_runs_wait_for_a_disk_that_stands_still() {
    const RUNS: usize = 4_000;
    // Of a run that is asked to go on, what it has emitted since it last asked.
    const SMALLEST: usize = 2 * 1024;
    on_both_runtimes(|runtime| {
        let disk = SlowDisk::default();
        let audit = opened(&disk);
        let hooks = Hooks::new(audit.clone());
        disk.stall();
        let turns: Vec<_> = (0..RUNS)
            .map(|_| hooks.turn(Turn::new("assistant")))
            .collect();
        let mut pushed = RUNS as u64;
        runtime.block_on(async {
            'full: for _ in 0..200 {
                for turn in &turns {
                    if turn.ready().now_or_never().is_none() {
                        break 'full;
                    }
                    turn.progress(Progress::new("x".repeat(100)));
                    pushed += 1;
                }
            }
        });
        assert!(pushed < 200 * RUNS as u64, "it never had to wait");
        drop(turns);
        pushed += RUNS as u64;
        let bound = HIGH_WATER + (RUNS + 1) * SMALLEST;
        check(runtime, &audit, &disk, pushed, bound);
    });
}

#[test]
fn a_loop_that_never_waits_ends_with_its_budget_and_its_record() {
    on_both_runtimes(|runtime| {
        let disk = SlowDisk::default();
        let audit = opened(&disk);
        disk.stall();
        let hooks = Hooks::new(audit.clone());
        let most = Emitter::DEFAULT_UNAWAITED_EVENTS;
        runtime.block_on(async {
            let turn = hooks.turn(Turn::new("assistant"));
            let open = turn.open(Step::new(0));
            for number in 1..=most {
                step(&turn, number);
            }
            assert!(!turn.is_open() && !open.is_open());
        });
        disk.release();
        // The limit, its own event, and the ends of at most four spans.
        let pushed = audit.stats().recorded + audit.stats().waiting;
        let more = pushed - u64::from(most);
        assert!((1..=5).contains(&more), "{more} events more than {most}");
        check(runtime, &audit, &disk, pushed, (most as usize + 5) * WEIGHT);
        assert_eq!(disk.written().budgets, 1);
    });
}
