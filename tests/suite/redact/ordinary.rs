//! Ten megabytes of ordinary prose and source code, and 64 MiB of hostile text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kaos_hooks::redact::{Class, Redactor};
use kaos_tests::text::{self, Seeded};

/// The sources of the workspace, but for what plants secrets on purpose.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with("redact") {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|it| it == "rs" || it == "toml")
                && !name.starts_with("redact")
            {
                files.push(path);
            }
        }
    }
    files.push(root.join("LICENSE"));
    files.push(root.join("Cargo.lock"));
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn ten_megabytes_of_ordinary_text_have_few_findings() {
    const SIZE: usize = 10_000_000;
    let redactor = Redactor::new();
    let sources = sources();
    let mut numbers = Seeded::new(5);
    let mut by_class: BTreeMap<Class, usize> = BTreeMap::new();
    let mut read = 0;
    while read < SIZE {
        // Half of it is code, the other half prose and JSON.
        let part = match numbers.below(4) {
            0 => text::prose(40_000, numbers.number()),
            1 => text::json(20_000, numbers.number()),
            _ => sources[numbers.below(sources.len())].clone(),
        };
        read += part.len();
        for (class, count) in redactor.any(&part).report().iter() {
            *by_class.entry(class.clone()).or_default() += count;
        }
    }
    println!("findings in {read} bytes: {by_class:?}");
    for (class, count) in by_class {
        assert!(
            class == Class::Email || count <= 50,
            "{class}: {count} in 10 MB"
        );
    }
}

const HOSTILE: usize = 64 * 1024 * 1024;

/// What is repeated to 64 MiB.
const PARTS: &[&str] = &[
    "-----BEGIN PRIVATE KEY-----",
    "4111 1111 1111 1112 ",
    "x",
    "password=\"token: ",
    "{\"a\":[",
    "Authorization: a ",
];

/// A child process measures one text, so that what others held does not count.
const CHILD: &str = "KAOS_TEST_HOSTILE_PART";

/// The most memory that this process ever had, in KiB; nothing where the system does not tell.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// How much more memory than ever before is needed while `run` runs, in KiB.
fn growth(run: impl FnOnce()) -> usize {
    let before = peak().unwrap();
    run();
    peak().unwrap() - before
}

#[test]
fn hostile_megabytes_return_in_bounded_time_and_memory() {
    if let Ok(part) = std::env::var(CHILD) {
        return measure(&part);
    }
    if peak().is_none() {
        println!("memory is not measured on this system");
        for part in PARTS {
            measure(part);
        }
        return;
    }
    for part in PARTS {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("redact::ordinary::hostile_megabytes_return_in_bounded_time_and_memory")
            .env(CHILD, part)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        for line in said.lines().filter(|line| line.contains("whole")) {
            println!("{line}");
        }
        assert!(
            child.status.success(),
            "{said}\n{}",
            String::from_utf8_lossy(&child.stderr)
        );
        assert!(said.contains("1 passed"), "the child ran the test: {said}");
    }
}

/// Redacts 64 MiB of `part`, as a stream and as a whole.
fn measure(part: &str) {
    let redactor = Redactor::builder()
        .max_bytes(HOSTILE + 1024)
        .build()
        .unwrap();
    let hostile = part.repeat(HOSTILE / part.len());
    let memory = |run: &mut dyn FnMut()| {
        if peak().is_some() {
            growth(run)
        } else {
            run();
            0
        }
    };
    let start = Instant::now();
    let mut out = 0;
    let stream_memory = memory(&mut || {
        let mut stream = redactor.stream();
        for chunk in hostile.as_bytes().chunks(1 << 20) {
            out += stream.push(std::str::from_utf8(chunk).unwrap()).len();
        }
        out += stream.finish().len();
    });
    let stream = start.elapsed();
    let start = Instant::now();
    let (mut length, mut total) = (0, 0);
    let whole_memory = memory(&mut || {
        let safe = redactor.any(&hostile);
        length = safe.as_str().len();
        total = safe.report().total();
    });
    let whole = start.elapsed();
    println!(
        "{part:?}: whole {whole:?} and {whole_memory} KiB for {length} bytes, stream {stream:?} and {stream_memory} KiB for {out} bytes"
    );
    assert!(length <= hostile.len() + 40 * total);
    // The output is a string that doubled as it grew, beside little else; a stream's is its chunk.
    assert!(
        whole_memory <= (3 * length) / 1024 + 16 * 1024,
        "{whole_memory} KiB"
    );
    assert!(stream_memory <= 16 * 1024, "{stream_memory} KiB");
    assert!(whole < Duration::from_secs(15) && stream < Duration::from_secs(15));
}

#[test]
fn over_the_limit_is_not_looked_at() {
    let too_long = Redactor::new()
        .text(&"y ".repeat(HOSTILE / 2 + 1))
        .into_text()
        .into_owned();
    assert_eq!(too_long, "<redacted:OVERSIZE:67108866-chars>");
}
