//! Whatever is changed in a trail, verifying fails and names the record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kaos_events::ManualClock;
use kaos_hooks::audit::{AuditHook, Checkpoint, Finding, Found, SigningKey, Trail, Verification};
use kaos_tests::by_the_book::{Forger, Notes, relink};
use kaos_tests::text::Seeded;
use kaos_tests::trails::{Memory, NOW, short_event, short_events};

use super::Scratch;

fn key() -> SigningKey {
    SigningKey::from_seed("test", &[7; 32]).unwrap()
}

/// A trail, and the checkpoints that its anchor was given.
struct Sample {
    trail: Memory,
    anchors: Vec<String>,
}

/// A trail of so many events that was closed, in segments of about so many bytes.
fn sample(key: Option<SigningKey>, events: u64, segment_bytes: u64) -> Sample {
    let trail = Memory::default();
    let anchors = continued(&trail, key, segment_bytes, 0..events);
    Sample { trail, anchors }
}

/// Opens a trail, writes these events, and seals it.
fn continued(
    trail: &Memory,
    key: Option<SigningKey>,
    segment_bytes: u64,
    events: std::ops::Range<u64>,
) -> Vec<String> {
    let anchors = Arc::new(Mutex::new(Vec::new()));
    let anchor = Arc::clone(&anchors);
    let mut builder = AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .segment_bytes(segment_bytes)
        .anchor(move |checkpoint: &str| {
            anchor.lock().unwrap().push(checkpoint.to_owned());
            Ok(())
        });
    if let Some(key) = key {
        builder = builder.signing_key(key);
    }
    let mut writer = builder.open_by_hand().unwrap();
    let events: Vec<_> = events.map(short_event).collect();
    for batch in events.chunks(4) {
        writer.write(batch.to_vec()).unwrap();
    }
    writer.seal().unwrap();
    drop(writer);
    std::mem::take(&mut *anchors.lock().unwrap())
}

fn verify(trail: &Memory, key: Option<&SigningKey>, anchor: Option<&str>) -> Verification {
    let mut verifier = Trail::on(trail.clone()).unwrap().verifier();
    if let Some(key) = key {
        verifier = verifier.key(key.verifying_key());
    }
    if let Some(anchor) = anchor {
        verifier = verifier.anchor(anchor.parse().unwrap());
    }
    verifier.run().unwrap()
}

/// Whether a finding is about this record, or about a range that it is in.
fn names(report: &Verification, record: u64) -> bool {
    let torn = report.torn.iter().any(|torn| torn.from_seq == record);
    let mut about = report.findings.iter().map(Finding::records);
    torn || about.any(|records| records.contains(&record))
}

/// The lines of a segment, changed.
fn edit(trail: &Memory, segment: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut lines = trail.lines(segment);
    change(&mut lines);
    trail.put(segment, lines.concat());
}

fn replaced(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let line = std::str::from_utf8(line).unwrap();
    assert!(line.contains(from), "{line}");
    line.replacen(from, to, 1).into_bytes()
}

/// The number of a segment's first record.
fn first(segment: &str) -> u64 {
    segment[4..24].parse().unwrap()
}

/// Where in the lines the segment's first custom event is that comes after the fourth line.
fn an_event(lines: &[Vec<u8>]) -> usize {
    let custom = |line: &Vec<u8>| String::from_utf8_lossy(line).contains("\"subject\":\"custom\"");
    4 + lines[4..].iter().position(custom).unwrap()
}

fn a_checkpoint(lines: &[Vec<u8>]) -> usize {
    let checkpoint = |line: &Vec<u8>| line.starts_with(b"{\"type\":\"trail_checkpoint\"");
    lines.iter().position(checkpoint).unwrap()
}

/// A way to tamper: what is done to the trail, and the record that must be named.
type Tamper = fn(&Memory, &[String]) -> u64;

/// What is told to the verifier.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    Nothing,
    Key,
    KeyAndAnchor,
}
use Given::{Key, KeyAndAnchor, Nothing};

/// What is done, what the verifier knows, its exit code, a part of what it says.
const MATRIX: &[(&str, Tamper, Given, u8, &str)] = &[
    ("a letter changed", change, Nothing, 1, "does not follow"),
    ("a record deleted", delete, Nothing, 1, "has number"),
    ("a record duplicated", duplicate, Nothing, 1, "has number"),
    ("two records swapped", swap, Nothing, 1, "has number"),
    ("a record inserted", insert, Nothing, 1, "does not follow"),
    ("first segment removed", remove_first, Nothing, 1, "missing"),
    (
        "middle segment removed",
        remove_middle,
        Nothing,
        1,
        "missing",
    ),
    (
        "last segment removed",
        remove_last,
        KeyAndAnchor,
        1,
        "missing",
    ),
    ("last segment removed", remove_last, Key, 0, "UNANCHORED"),
    ("segment renamed", rename, Nothing, 1, "the name of its"),
    ("segment renamed away", rename_away, Nothing, 1, "missing"),
    (
        "segment emptied",
        empty,
        Nothing,
        1,
        "no valid first record",
    ),
    ("segment replayed", replay, Nothing, 1, "does not continue"),
    ("segment of another trail", splice, Key, 1, "another trail"),
    ("end cut off", cut_end, KeyAndAnchor, 1, "missing"),
    ("end cut off", cut_end, Key, 0, "UNANCHORED"),
    ("cut to a checkpoint", cut_back, KeyAndAnchor, 1, "missing"),
    ("cut to a checkpoint", cut_back, Key, 0, "UNANCHORED"),
    ("chain recomputed", recompute, Nothing, 1, "was made over"),
    ("chain recomputed", recompute, Key, 1, "was made over"),
    ("deleted, recomputed", delete_well, Key, 1, "was made over"),
    ("signatures stripped", strip, Key, 1, "no valid signature"),
    ("signatures stripped", strip, Nothing, 0, "UNSIGNED"),
    (
        "one signature stripped",
        strip_one,
        Nothing,
        1,
        "no valid signature",
    ),
    ("signed by another", resign, Key, 1, "no valid signature"),
    ("signed by another", resign, Nothing, 0, "only --key tells"),
    ("old checkpoint again", old_note, Key, 1, "was made over"),
    ("a key twice", twice, Nothing, 1, "does not follow"),
    (
        "a key twice in a checkpoint, recomputed",
        twice_own,
        Nothing,
        1,
        "cannot be read",
    ),
    ("bytes at the end", trailing, Nothing, 4, "torn"),
    ("a line at the end", trailing_line, Nothing, 4, "torn"),
    (
        "a line at a sealed end",
        trailing_inside,
        Nothing,
        1,
        "not a line",
    ),
    ("CRLF", crlf, Nothing, 1, "not a line"),
];

fn change(trail: &Memory, segments: &[String]) -> u64 {
    let at = an_event(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        lines[at] = replaced(&lines[at], "custom", "cuStom");
    });
    first(&segments[1]) + at as u64
}

fn delete(trail: &Memory, segments: &[String]) -> u64 {
    edit(trail, &segments[1], |lines| drop(lines.remove(5)));
    first(&segments[1]) + 5
}

fn duplicate(trail: &Memory, segments: &[String]) -> u64 {
    edit(trail, &segments[1], |lines| {
        lines.insert(6, lines[5].clone());
    });
    first(&segments[1]) + 6
}

fn swap(trail: &Memory, segments: &[String]) -> u64 {
    edit(trail, &segments[1], |lines| lines.swap(5, 6));
    first(&segments[1]) + 5
}

fn insert(trail: &Memory, segments: &[String]) -> u64 {
    let at = an_event(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        let forged = replaced(&lines[at], "\"w\"", "\"x\"");
        lines.insert(at, forged);
    });
    first(&segments[1]) + at as u64
}

fn remove_first(trail: &Memory, segments: &[String]) -> u64 {
    trail.take(&segments[0]);
    0
}

fn remove_middle(trail: &Memory, segments: &[String]) -> u64 {
    trail.take(&segments[1]);
    first(&segments[1])
}

fn remove_last(trail: &Memory, segments: &[String]) -> u64 {
    let last = &segments[segments.len() - 1];
    trail.take(last);
    first(last)
}

fn rename(trail: &Memory, segments: &[String]) -> u64 {
    let name = format!("seg-{:020}.jsonl", first(&segments[1]) + 1);
    trail.put(&name, trail.file(&segments[1]));
    trail.take(&segments[1]);
    first(&segments[1])
}

fn rename_away(trail: &Memory, segments: &[String]) -> u64 {
    let file = trail.take(&segments[1]);
    trail.put(&format!("{}.old", segments[1]), file);
    first(&segments[1])
}

fn empty(trail: &Memory, segments: &[String]) -> u64 {
    trail.put(&segments[1], Vec::new());
    first(&segments[1])
}

fn replay(trail: &Memory, segments: &[String]) -> u64 {
    let last = &segments[segments.len() - 1];
    let next = first(last) + trail.lines(last).len() as u64;
    let name = format!("seg-{next:020}.jsonl");
    trail.put(&name, trail.file(&segments[1]));
    first(&segments[1])
}

fn splice(trail: &Memory, segments: &[String]) -> u64 {
    let other = sample(Some(key()), 60, 9_000);
    trail.put(&segments[1], other.trail.file(&segments[1]));
    first(&segments[1])
}

fn cut_end(trail: &Memory, segments: &[String]) -> u64 {
    let last = &segments[segments.len() - 1];
    edit(trail, last, |lines| lines.truncate(lines.len() - 2));
    first(last) + trail.lines(last).len() as u64
}

fn cut_back(trail: &Memory, segments: &[String]) -> u64 {
    for later in &segments[2..] {
        trail.take(later);
    }
    let end = a_checkpoint(&trail.lines(&segments[1])) + 1;
    edit(trail, &segments[1], |lines| lines.truncate(end));
    first(&segments[1]) + end as u64
}

fn recompute(trail: &Memory, segments: &[String]) -> u64 {
    let record = change(trail, segments);
    relink(trail, &Notes::Kept);
    record
}

fn delete_well(trail: &Memory, segments: &[String]) -> u64 {
    // In the last segment, so that no other has to be renamed.
    let last = &segments[segments.len() - 1];
    edit(trail, last, |lines| drop(lines.remove(2)));
    relink(trail, &Notes::Kept);
    first(last) + 2
}

fn strip(trail: &Memory, segments: &[String]) -> u64 {
    change(trail, segments);
    relink(trail, &Notes::Stripped);
    a_checkpoint(&trail.lines(&segments[0])) as u64
}

fn strip_one(trail: &Memory, segments: &[String]) -> u64 {
    let at = a_checkpoint(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        let line = String::from_utf8(lines[at].clone()).unwrap();
        let begin = line.find("\\n\u{2014}").unwrap();
        let end = begin + line[begin..].find('"').unwrap();
        lines[at] = replaced(&lines[at], &line[begin..end], "");
    });
    relink(trail, &Notes::Kept);
    first(&segments[1]) + at as u64
}

fn resign(trail: &Memory, segments: &[String]) -> u64 {
    change(trail, segments);
    relink(trail, &Notes::By(&Forger::new("test", [8; 32])));
    a_checkpoint(&trail.lines(&segments[0])) as u64
}

fn old_note(trail: &Memory, segments: &[String]) -> u64 {
    let note = |line: &[u8]| {
        let line = std::str::from_utf8(line).unwrap();
        let begin = line.find("\"note\":").unwrap();
        line[begin..=begin + line[begin..].find("\",").unwrap()].to_owned()
    };
    let old = trail.lines(&segments[0]);
    let old = note(&old[a_checkpoint(&old)]);
    let at = a_checkpoint(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        lines[at] = replaced(&lines[at], &note(&lines[at]), &old);
    });
    relink(trail, &Notes::Kept);
    first(&segments[1]) + at as u64
}

fn twice(trail: &Memory, segments: &[String]) -> u64 {
    let at = an_event(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        lines[at] = replaced(
            &lines[at],
            "\"session_id\"",
            "\"session_id\":\"x\",\"session_id\"",
        );
    });
    first(&segments[1]) + at as u64
}

fn twice_own(trail: &Memory, segments: &[String]) -> u64 {
    let at = a_checkpoint(&trail.lines(&segments[1]));
    edit(trail, &segments[1], |lines| {
        lines[at] = replaced(&lines[at], "\"note\"", "\"note\":\"x\",\"note\"");
    });
    relink(trail, &Notes::Kept);
    first(&segments[1]) + at as u64
}

fn trailing(trail: &Memory, segments: &[String]) -> u64 {
    let last = &segments[segments.len() - 1];
    edit(trail, last, |lines| lines.push(b"{\"timestamp\":".to_vec()));
    first(last) + trail.lines(last).len() as u64 - 1
}

fn trailing_line(trail: &Memory, segments: &[String]) -> u64 {
    let last = &segments[segments.len() - 1];
    edit(trail, last, |lines| lines.push(b"\n".to_vec()));
    first(last) + trail.lines(last).len() as u64 - 1
}

fn trailing_inside(trail: &Memory, segments: &[String]) -> u64 {
    edit(trail, &segments[1], |lines| lines.push(b"\n".to_vec()));
    first(&segments[1]) + trail.lines(&segments[1]).len() as u64 - 1
}

fn crlf(trail: &Memory, segments: &[String]) -> u64 {
    edit(trail, &segments[1], |lines| {
        lines[5].pop();
        lines[5].extend_from_slice(b"\r\n");
    });
    first(&segments[1]) + 5
}

/// With `KAOS_TAMPERED=<directory>` the trails are written there, too.
#[test]
fn every_way_to_tamper_is_found_and_the_record_named() {
    let sample = sample(Some(key()), 60, 9_000);
    let segments = sample.trail.segments();
    assert!(segments.len() >= 4, "{segments:?}");
    let anchor = sample.anchors.last().unwrap();
    let good = verify(&sample.trail, Some(&key()), Some(anchor));
    assert!(good.is_intact() && good.exit_code(true) == 0, "{good}");

    // For another reader: each trail, and what it must make of it.
    let written_to = std::env::var_os("KAOS_TAMPERED").map(std::path::PathBuf::from);
    for (number, &(what, tamper, given, exit, says)) in MATRIX.iter().enumerate() {
        let trail = sample.trail.copy();
        let record = tamper(&trail, &segments);
        if let Some(directory) = &written_to {
            let directory = directory.join(format!("{number:02} {what}"));
            trail.write_to(&directory);
            let key = key().verifying_key();
            let arguments = match given {
                Nothing => String::new(),
                Key => format!("--key {key}"),
                KeyAndAnchor => format!("--key {key} --anchor anchor"),
            };
            std::fs::write(directory.join("anchor"), anchor).unwrap();
            std::fs::write(directory.join("expected"), format!("{exit} {arguments}\n")).unwrap();
        }
        let own = key();
        let key = (given != Nothing).then_some(&own);
        let anchor = (given == KeyAndAnchor).then_some(anchor.as_str());
        let report = verify(&trail, key, anchor);
        let shown = report.to_string();
        assert_eq!(report.exit_code(false), exit, "{what}: {shown}");
        assert!(shown.contains(says), "{what}, {says:?}: {shown}");
        if exit == 0 {
            // Nothing in the trail can tell; the report says so, and strictness refuses it.
            assert_eq!(report.exit_code(true), 3, "{what}: {shown}");
            assert!(shown.contains("UNANCHORED"), "{what}: {shown}");
        } else {
            assert!(names(&report, record), "{what}, record {record}: {shown}");
        }
    }
}

#[test]
fn with_a_key_an_unsigned_trail_and_one_of_another_key_fail() {
    let unsigned = sample(None, 20, 9_000).trail;
    let signed = sample(Some(key()), 20, 9_000).trail;
    let other = SigningKey::from_seed("test", &[9; 32]).unwrap();
    assert!(verify(&unsigned, None, None).is_intact());
    for (trail, key) in [(&unsigned, key()), (&signed, other)] {
        let report = verify(trail, Some(&key), None);
        assert_eq!(report.exit_code(false), 1, "{report}");
        let checkpoint = a_checkpoint(&trail.lines(&trail.segments()[0]));
        assert!(names(&report, checkpoint as u64), "{report}");
    }
}

/// The seal says what was on the disk: whatever is damaged before it was there, and the writer does
/// not take it for a torn end and cut it off.
#[test]
fn damage_before_a_seal_is_no_torn_end() {
    for damage in [
        b"no line at all\n".as_slice(),
        b"\n",
        b"{}\n",
        b"{\"a\":1,\"h\":\"\"}\n",
    ] {
        let trail = sample(Some(key()), 20, 90_000).trail;
        let segment = trail.segments()[0].clone();
        let record = trail.lines(&segment).len() - 2;
        edit(&trail, &segment, |lines| lines[record] = damage.to_vec());
        let report = verify(&trail, Some(&key()), None);
        assert_eq!(report.exit_code(false), 1, "{report}");
        assert!(names(&report, record as u64), "{report}");
        let damaged = trail.file(&segment);
        let writer = AuditHook::builder("")
            .storage(trail.clone())
            .signing_key(key())
            .open_by_hand()
            .unwrap();
        assert_eq!(writer.recoveries()[0].found, Found::Corrupt);
        assert_eq!(trail.file(&segment), damaged);
    }
}

/// Two continuations of one trail, both signed by its own key: who has a later checkpoint of the one
/// does not take the other.
#[test]
fn a_fork_is_found_by_who_has_the_other_checkpoint() {
    let sample = sample(Some(key()), 40, 9_000);
    let (one, other) = (sample.trail.copy(), sample.trail.copy());
    let anchors = continued(&one, Some(key()), 9_000, 40..60);
    continued(&other, Some(key()), 9_000, 42..62);
    for trail in [&one, &other] {
        assert!(verify(trail, Some(&key()), None).is_intact());
    }
    let anchor = anchors.last().map(String::as_str);
    let good = verify(&one, Some(&key()), anchor);
    assert_eq!(good.exit_code(true), 0, "{good}");
    let report = verify(&other, Some(&key()), anchor);
    assert_eq!(report.exit_code(false), 1, "{report}");
    let fork = sample
        .trail
        .segments()
        .into_iter()
        .map(|name| sample.trail.lines(&name).len() as u64);
    assert!(names(&report, fork.sum()), "{report}");
}

#[test]
fn an_anchor_of_another_trail_or_without_the_signature_vouches_for_nothing() {
    let (mine, other) = (
        sample(Some(key()), 20, 9_000),
        sample(Some(key()), 20, 9_000),
    );
    let last = |sample: &Sample| sample.anchors.last().unwrap().clone();
    let report = verify(&mine.trail, Some(&key()), Some(&last(&other)));
    assert_eq!(report.exit_code(false), 1, "{report}");
    assert!(report.to_string().contains("another trail"), "{report}");

    let unsigned = last(&mine);
    let unsigned = &unsigned[..=unsigned.find("\n\n").unwrap()];
    unsigned.parse::<Checkpoint>().unwrap();
    let report = verify(&mine.trail, Some(&key()), Some(unsigned));
    assert_eq!(report.exit_code(false), 1, "{report}");
    assert!(
        report.to_string().contains("no valid signature"),
        "{report}"
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_no_segment() {
    let scratch = Scratch::new("symlink");
    let sample = sample(Some(key()), 60, 9_000);
    sample.trail.write_to(scratch.path());
    let segments = sample.trail.segments();
    for segment in [&segments[1], &segments[segments.len() - 1]] {
        let (path, aside) = (scratch.path().join(segment), scratch.path().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        std::os::unix::fs::symlink(&aside, &path).unwrap();
        let trail = Trail::open_read(scratch.path()).unwrap();
        let report = trail.verify().unwrap();
        assert_eq!(report.exit_code(false), 1, "{report}");
        assert!(report.to_string().contains("symbolic link"), "{report}");
        assert!(names(&report, first(segment)), "{report}");
        std::fs::rename(&aside, &path).unwrap();
        assert!(trail.verify().unwrap().is_intact());
    }
}

/// So many bits as `KAOS_FLIPS` says, or `all`; else 600 of them.
#[test]
fn every_flipped_bit_is_found() {
    let trail = sample(Some(key()), 190, 40_000).trail;
    let segments = trail.segments();
    let records: usize = segments.iter().map(|name| trail.lines(name).len()).sum();
    assert!(
        records >= 200 && segments.len() >= 2,
        "{records} in {segments:?}"
    );

    let bits = |name: &String| trail.file(name).len() * 8;
    let every: Vec<(usize, usize)> = (0..segments.len())
        .flat_map(|segment| (0..bits(&segments[segment])).map(move |bit| (segment, bit)))
        .collect();
    let wanted = std::env::var("KAOS_FLIPS").unwrap_or_else(|_unset| "600".to_owned());
    let chosen: Vec<(usize, usize)> = if wanted == "all" {
        every
    } else {
        let mut numbers = Seeded::new(5);
        let wanted: usize = wanted.parse().unwrap();
        let sample = (0..wanted).map(|_| every[numbers.below(every.len())]);
        sample.collect()
    };

    let found = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in chosen.chunks(chosen.len().div_ceil(threads)) {
            let trail = trail.copy();
            let (segments, found) = (&segments, &found);
            scope.spawn(move || {
                for &(segment, bit) in part {
                    flipped_is_found(&trail, &segments[segment], bit);
                    found.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let found = found.into_inner();
    assert_eq!(found, chosen.len() as u64);
    println!("{found} flipped bits of a trail of {records} records: all found, by the record");
}

fn flipped_is_found(trail: &Memory, segment: &str, bit: usize) {
    let flip = || trail.with(|files| files.get_mut(segment).unwrap()[bit / 8] ^= 1 << (bit % 8));
    let before = trail.file(segment);
    let line = before[..bit / 8].split(|byte| *byte == b'\n').count() - 1;
    flip();
    let report = verify(trail, Some(&key()), None);
    assert_ne!(
        report.exit_code(false),
        0,
        "bit {bit} of {segment}: {report}"
    );
    let record = first(segment) + line as u64;
    assert!(
        names(&report, record),
        "bit {bit} of {segment}, record {record}: {report}"
    );
    flip();
}

/// Of every size up to 400, the root in the trail's checkpoints is the one that RFC 6962 defines. None
/// has the size 2: the second record is a checkpoint.
#[test]
fn roots_are_those_of_the_definition() {
    let mut sizes = std::collections::BTreeSet::new();
    for odd in [false, true] {
        let trail = Memory::default();
        let builder = AuditHook::builder("").storage(trail.clone());
        let mut writer = builder.open_by_hand().unwrap();
        if odd {
            writer.write(short_events(1)).unwrap();
        }
        // Each turn's end brings a checkpoint.
        for _ in 0..200 {
            writer.write(vec![short_event(19)]).unwrap();
        }
        drop(writer);
        let lines = trail.lines(&trail.segments()[0]);
        let leaves: Vec<&[u8]> = lines.iter().map(|line| &line[..line.len() - 1]).collect();
        for (size, line) in leaves.iter().enumerate() {
            if line.starts_with(b"{\"type\":\"trail_checkpoint\"") {
                let note = kaos_tests::by_the_book::field(line, "note").unwrap();
                let checkpoint: Checkpoint = note.parse().unwrap();
                let root = kaos_tests::by_the_book::root(&leaves[..size]);
                assert_eq!(
                    (checkpoint.size, checkpoint.root.as_bytes()),
                    (size as u64, &root)
                );
                sizes.insert(size);
            }
        }
    }
    assert!(
        (1..=400).all(|size| size == 2 || sizes.contains(&size)),
        "{sizes:?}"
    );
}
