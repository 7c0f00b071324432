//! Throughput of the redaction stage, on ordinary and on hostile input.
//!
//! One line per case; with `-- --json`, one JSON object per line: case, `mb_per_s` and the ratio
//! to prose.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use kaos_hooks::redact::Redactor;
use kaos_reference::text;

const SIZE: usize = 256 * 1024;

fn main() {
    let as_json = std::env::args().any(|argument| argument == "--json");
    let redactor = Redactor::new();
    let mut out = std::io::stdout().lock();
    let mut prose = 0.0;
    for (case, input) in text::bench_cases(SIZE) {
        let seconds = best(|| {
            black_box(redactor.any(black_box(&input)));
        });
        let speed = megabytes(input.len()) / seconds;
        if case == "prose" {
            prose = speed;
        }
        let ratio = prose / speed;
        let written = if as_json {
            writeln!(
                out,
                r#"{{"case": "{case}", "mb_per_s": {speed:.1}, "ratio": {ratio:.2}}}"#
            )
        } else {
            writeln!(
                out,
                "{case:<28} {speed:>8.1} MB/s  {ratio:>6.2} x slower than prose"
            )
        };
        written.expect("standard output is open");
    }
    for (case, input) in [
        ("500 bytes of prose", text::prose(500, 7)),
        ("500 bytes of JSON", text::json(500, 7)),
    ] {
        let input: String = input.chars().take(500).collect();
        assert!(
            redactor.any(&input).report().is_empty(),
            "the small content has no finding"
        );
        let micros = best(|| {
            black_box(redactor.any(black_box(&input)));
        }) * 1e6;
        let speed = megabytes(input.len()) / micros * 1e6;
        let written = if as_json {
            writeln!(
                out,
                r#"{{"case": "{case}", "mb_per_s": {speed:.1}, "ratio": {:.2}, "micros": {micros:.2}}}"#,
                prose / speed
            )
        } else {
            writeln!(out, "{case:<28} {speed:>8.1} MB/s  {micros:>6.2} µs")
        };
        written.expect("standard output is open");
    }
}

/// Seconds of the fastest of many runs.
fn best(mut run: impl FnMut()) -> f64 {
    let mut fastest = f64::MAX;
    let until = Instant::now() + Duration::from_millis(600);
    while Instant::now() < until {
        let mut times = 1;
        loop {
            let start = Instant::now();
            for _ in 0..times {
                run();
            }
            let spent = start.elapsed();
            if spent > Duration::from_micros(200) {
                fastest = fastest.min(spent.as_secs_f64() / f64::from(times));
                break;
            }
            times *= 4;
        }
    }
    fastest
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).expect("a bench input is small")) / 1e6
}
