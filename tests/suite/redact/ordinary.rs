//! Ten megabytes of ordinary prose and source code, and 64 MiB of hostile text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
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

#[test]
fn hostile_megabytes_return_in_bounded_time() {
    const SIZE: usize = 64 * 1024 * 1024;
    let redactor = Redactor::builder().max_bytes(SIZE + 1024).build().unwrap();
    for part in [
        "-----BEGIN PRIVATE KEY-----",
        "4111 1111 1111 1112 ",
        "x",
        "password=\"token: ",
        "{\"a\":[",
    ] {
        let hostile = part.repeat(SIZE / part.len());
        let start = Instant::now();
        let safe = redactor.any(&hostile);
        let whole = start.elapsed();
        assert!(safe.as_str().len() <= hostile.len() + 40 * safe.report().total());
        let mut stream = redactor.stream();
        let start = Instant::now();
        let mut out = 0;
        for chunk in hostile.as_bytes().chunks(1 << 20) {
            out += stream.push(std::str::from_utf8(chunk).unwrap()).len();
        }
        out += stream.finish().len();
        println!(
            "{part:?}: whole {whole:?}, stream {:?}, {out} bytes",
            start.elapsed()
        );
        assert!(whole < Duration::from_mins(1));
    }
    let too_long = Redactor::new()
        .text(&"y ".repeat(SIZE / 2 + 1))
        .into_text()
        .into_owned();
    assert_eq!(too_long, "<redacted:OVERSIZE:67108866-chars>");
}
