//! What an audit trail costs: the caller, the writer, and those who wait for the disk.
//!
//! `cargo bench -p kaos-reference --bench audit` prints tables, `-- --json` one JSON object a line. The
//! disk is that of the temporary directory; `KAOS_BENCH_DIR` names another.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a bench prints its figures"
)]

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kaos_hooks::audit::AuditHook;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Hooks, Turn};
use kaos_otel_hook::{MetricsHook, OTelHook};
use kaos_reference::discard::{metrics, traces, traces_by_hand};
use kaos_reference::interleaved::{self, Case, Counting};
use kaos_reference::readers::{nowhere, signed, written};
use kaos_reference::say::say;
use kaos_reference::turn::{self as reference, ByHand, EVENTS, Fixture};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::Sampler::{AlwaysOff, AlwaysOn};

/// As many turns a round as one write takes: what is handed over to the writer is measured, not
/// what it does with it.
const TURNS: u32 = 15;
const ROUNDS: usize = 801;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    caller(&runtime);
    writer();
    acks(&runtime);
    each_event(&runtime);
}

/// The turn's thread, as a ratio to the same spans made by hand.
fn caller(runtime: &tokio::runtime::Runtime) {
    let fixture = Fixture::default();
    let by_hand = ByHand::new(traces_by_hand().tracer("by-hand"));
    let meters = metrics();
    let measured = |sampler| {
        let otel = OTelHook::with_provider(&traces(sampler));
        (otel, MetricsHook::with_provider(&meters))
    };
    let audit = nowhere().open().expect("it opens");
    let nobody = Hooks::default();
    let alone = Hooks::new(audit.clone());
    let without = Hooks::new(measured(AlwaysOn));
    let all = Hooks::new((measured(AlwaysOn), audit.clone()));
    let unsampled = Hooks::new((measured(AlwaysOff), audit.clone()));
    let drained = || written(runtime, &audit);
    let mut cases = [
        Case::new("raw", || by_hand.turn()),
        Case::new("events", || reference::turn(&nobody, &fixture, false)),
        Case::new("events+audit", || reference::turn(&alone, &fixture, false)).rest(drained),
        Case::new("otel+metrics", || {
            reference::turn(&without, &fixture, false);
        }),
        Case::new("otel+metrics+audit", || {
            reference::turn(&all, &fixture, false);
        })
        .rest(drained),
        Case::new("all three, unsampled", || {
            reference::turn(&unsampled, &fixture, false);
        })
        .rest(drained),
    ];
    interleaved::compare(&mut cases, TURNS, ROUNDS);
}

/// What one core can write.
fn writer() {
    let recorder = Recorder::new();
    let hooks = Hooks::new(recorder.clone());
    for _ in 0..300 {
        reference::turn(&hooks, &Fixture::default(), false);
    }
    let events = recorder.events();
    let lines: Vec<Vec<u8>> = events
        .iter()
        .map(|event| event.to_line().into_bytes())
        .collect();
    let bytes: usize = lines.iter().map(Vec::len).sum();
    let mut trail = nowhere().open_by_hand().expect("it opens");
    let mut best = [0.0_f64; 2];
    for _ in 0..20 {
        let batches: Vec<Vec<Vec<u8>>> = lines.chunks(512).map(<[_]>::to_vec).collect();
        let began = Instant::now();
        for batch in batches {
            trail.write_redacted(batch).expect("nowhere takes all");
        }
        best[0] = best[0].max(lines.len() as f64 / began.elapsed().as_secs_f64());
        let batches: Vec<_> = events.chunks(512).map(<[_]>::to_vec).collect();
        let began = Instant::now();
        for batch in batches {
            trail.write(batch).expect("nowhere takes all");
        }
        best[1] = best[1].max(events.len() as f64 / began.elapsed().as_secs_f64());
    }
    say("writer: hash, tree, sign, write", best[0], "records/s");
    say("writer: the same, and redact, encode", best[1], "records/s");
    say("bytes a record", bytes as f64 / lines.len() as f64, "bytes");
}

/// 64 turns, each waiting for the disk after each record, against an append that waits for nothing.
fn acks(runtime: &tokio::runtime::Runtime) {
    const EACH: u64 = 300;
    let directory =
        std::env::var_os("KAOS_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("kaos-bench-{}", std::process::id()));
    let mut ratios = Vec::new();
    for _ in 0..7 {
        let audit = signed(AuditHook::builder(&directory))
            .open()
            .expect("it opens");
        let hooks = Hooks::new(audit.clone());
        let began = Instant::now();
        runtime.block_on(async {
            let turns: Vec<_> = (0..64)
                .map(|_| {
                    let hooks = hooks.clone();
                    tokio::spawn(async move {
                        let turn = hooks.turn(Turn::new("assistant").session("session-1"));
                        for _ in 1..EACH {
                            turn.progress(kaos_hooks::Progress::new("step"));
                            turn.settled().await.expect("it is durable");
                        }
                    })
                })
                .collect();
            for turn in turns {
                turn.await.expect("no task panics");
            }
        });
        let took = began.elapsed();
        let records = audit.stats().recorded;
        drop((hooks, audit));
        let durable = records as f64 / took.as_secs_f64();
        let raw = raw_append(&directory);
        ratios.push((durable / raw, durable));
        std::fs::remove_dir_all(&directory).expect("ours to remove");
    }
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, durable) = ratios[ratios.len() / 2];
    say("64 turns that wait: × raw append", ratio, "");
    say("64 turns that wait", durable, "records/s");
    say("the disk's own fdatasync", syncs(&directory), "/s");
}

/// How often a second the disk makes a line durable, one after the other.
fn syncs(directory: &std::path::Path) -> f64 {
    std::fs::create_dir_all(directory).expect("it can be made");
    let mut file = std::fs::File::create(directory.join("raw")).expect("it can be made");
    let (began, mut syncs) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_millis(500) {
        file.write_all(&[b'x'; 512]).expect("it can be written");
        file.sync_data().expect("it can be synced");
        syncs += 1;
    }
    let rate = f64::from(syncs) / began.elapsed().as_secs_f64();
    std::fs::remove_dir_all(directory).expect("ours to remove");
    rate
}

/// Records a second, when the lines of the trail there are appended one by one.
fn raw_append(trail: &std::path::Path) -> f64 {
    let mut lines = Vec::new();
    for file in std::fs::read_dir(trail).expect("it is there").flatten() {
        if file.file_name().to_string_lossy().starts_with("seg-") {
            let text = std::fs::read(file.path()).expect("it is readable");
            lines.extend(
                text.split_inclusive(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec),
            );
        }
    }
    let mut to = std::fs::File::create(trail.join("raw")).expect("it can be made");
    let began = Instant::now();
    for line in &lines {
        to.write_all(line).expect("it can be written");
    }
    lines.len() as f64 / began.elapsed().as_secs_f64()
}

/// What one event costs the turn, with everything on, and how many there are a second.
fn each_event(runtime: &tokio::runtime::Runtime) {
    let fixture = Fixture::default();
    let audit = nowhere().open().expect("it opens");
    let otel = OTelHook::with_provider(&traces(AlwaysOn));
    let meters = metrics();
    let metrics = MetricsHook::with_provider(&meters);
    let hooks = Hooks::new((otel, metrics, audit.clone()));
    let turn = hooks.turn(Turn::new("assistant"));
    let mut nanos = Vec::with_capacity(200_000);
    for _ in 0..20_000 {
        let began = Instant::now();
        let step = turn.open(kaos_hooks::Step::new(1));
        nanos.push(began.elapsed().as_nanos() as u64);
        let began = Instant::now();
        step.complete(kaos_hooks::StepOutcome::default());
        nanos.push(began.elapsed().as_nanos() as u64);
    }
    nanos.sort_unstable();
    say("one event, median", nanos[nanos.len() / 2] as f64, "ns");
    say("one event, p99", nanos[nanos.len() * 99 / 100] as f64, "ns");
    drop(turn);
    let mut rates = Vec::new();
    for _ in 0..51 {
        written(runtime, &audit);
        let began = Instant::now();
        for _ in 0..100 {
            reference::turn(&hooks, &fixture, false);
        }
        rates.push(100.0 * EVENTS as f64 / began.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    say("whole pipeline, caller", rates[rates.len() / 2], "events/s");
}
