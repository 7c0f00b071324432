//! Somebody who may write a trail's files, and what each who verifies it must answer. The answers
//! were written before the code.

use std::path::Path;
use std::sync::{Arc, Mutex};

use kaos_events::ManualClock;
use kaos_hooks::audit::{
    AuditBuilder, AuditHook, Checkpoint, LogId, SigningKey, Trail, Verification,
};
use kaos_tests::by_the_book::{Forger, Notes, forge_event, forge_tail, relink, resign};
use kaos_tests::trails::{Memory, NOW, served_call_s_end, short_event};

use super::Scratch;

const OLD_SEED: [u8; 32] = [7; 32];
const SEED: [u8; 32] = [8; 32];

fn old_key() -> SigningKey {
    SigningKey::from_seed("test", &OLD_SEED).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed("test", &SEED).unwrap()
}

/// A trail of two keys that its writer left without a seal, and what was kept of it elsewhere.
struct Victim {
    trail: Memory,
    /// Every checkpoint that was published, in order.
    anchors: Vec<String>,
    /// The files when the first key had handed over, and a while later.
    backups: Vec<Memory>,
}

fn builder(trail: &Memory) -> AuditBuilder {
    AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .segment_bytes(9_000)
}

/// Opens the trail and writes these events; gives the checkpoints that were published.
fn written(builder: AuditBuilder, events: std::ops::Range<u64>, seal: bool) -> Vec<String> {
    let published = Arc::new(Mutex::new(Vec::new()));
    let anchor = Arc::clone(&published);
    let builder = builder.anchor(move |checkpoint: &str| {
        anchor.lock().unwrap().push(checkpoint.to_owned());
        Ok(())
    });
    let mut writer = builder.open_by_hand().unwrap();
    for event in events {
        writer.write(vec![short_event(event)]).unwrap();
    }
    if seal {
        writer.seal().unwrap();
    }
    drop(writer);
    std::mem::take(&mut *published.lock().unwrap())
}

fn victim() -> Victim {
    let trail = Memory::default();
    let mut anchors = written(builder(&trail).signing_key(old_key()), 0..40, false);
    let before = trail.copy();
    let heir = builder(&trail).signing_key(key()).hand_over_from(old_key());
    anchors.extend(written(heir, 40..60, true));
    let later = trail.copy();
    anchors.extend(written(builder(&trail).signing_key(key()), 60..100, false));
    Victim {
        trail,
        anchors,
        backups: vec![before, later],
    }
}

/// What the attacker has besides the right to write the files.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Has {
    Nothing,
    OldKey,
    Key,
    /// He may write the file that the verifier takes for the anchor.
    Anchor,
    /// He holds the lock.
    Lock,
}

/// What is done to the trail; gives the anchor that the attacker would like best.
type Attack = fn(&Victim, &Memory, Has) -> Option<String>;

/// What is done, what the attacker has, the exit codes for who has nothing, the key, an anchor, both,
/// the log's name; and what is said where there is a finding, or else.
const MATRIX: &[(&str, Attack, Has, &str, &str)] = &[
    (
        "append few",
        append_few,
        Has::Nothing,
        "00000",
        "unsigned tail: 20",
    ),
    (
        "append few",
        append_few,
        Has::OldKey,
        "11111",
        "no valid signature",
    ),
    ("append few", append_few, Has::Key, "00000", "INTACT"),
    (
        "append few",
        append_few,
        Has::Anchor,
        "00000",
        "unsigned tail: 20",
    ),
    (
        "append few",
        append_few,
        Has::Lock,
        "00000",
        "unsigned tail: 20",
    ),
    (
        "append many",
        append_many,
        Has::Nothing,
        "11111",
        "without a checkpoint",
    ),
    (
        "append many",
        append_many,
        Has::OldKey,
        "11111",
        "no valid signature",
    ),
    ("append many", append_many, Has::Key, "00000", "INTACT"),
    (
        "append many",
        append_many,
        Has::Anchor,
        "11111",
        "without a checkpoint",
    ),
    (
        "append many",
        append_many,
        Has::Lock,
        "11111",
        "without a checkpoint",
    ),
    (
        "append a segment",
        append_segment,
        Has::Nothing,
        "11111",
        "begin with a checkpoint",
    ),
    (
        "append a segment",
        append_segment,
        Has::OldKey,
        "11111",
        "begin with a checkpoint",
    ),
    (
        "append a segment",
        append_segment,
        Has::Anchor,
        "11111",
        "begin with a checkpoint",
    ),
    (
        "append a segment",
        append_segment,
        Has::Lock,
        "11111",
        "begin with a checkpoint",
    ),
    ("cut", cut, Has::Nothing, "00110", "are missing"),
    ("cut", cut, Has::OldKey, "01110", "no valid signature"),
    ("cut", cut, Has::Key, "00110", "not those"),
    ("cut", cut, Has::Anchor, "00000", "INTACT"),
    ("cut", cut, Has::Lock, "00110", "are missing"),
    (
        "cut, and junk",
        cut_and_junk,
        Has::Nothing,
        "44114",
        "are missing",
    ),
    (
        "cut, and junk",
        cut_and_junk,
        Has::Lock,
        "44114",
        "are missing",
    ),
    (
        "cut within a line",
        cut_within,
        Has::Nothing,
        "44114",
        "are missing",
    ),
    (
        "cut within a line",
        cut_within,
        Has::Lock,
        "00110",
        "are missing",
    ),
    ("edit", edit, Has::Nothing, "11111", "was made over"),
    ("edit", edit, Has::OldKey, "11111", "was made over"),
    ("edit", edit, Has::Key, "00110", "was made over"),
    ("edit", edit, Has::Anchor, "11111", "was made over"),
    ("edit", edit, Has::Lock, "11111", "was made over"),
    ("reorder", reorder, Has::Nothing, "11111", "was made over"),
    ("reorder", reorder, Has::OldKey, "11111", "was made over"),
    ("reorder", reorder, Has::Key, "00110", "was made over"),
    ("reorder", reorder, Has::Anchor, "11111", "was made over"),
    ("reorder", reorder, Has::Lock, "11111", "was made over"),
    ("swap", swap, Has::Nothing, "01111", "another trail"),
    ("swap", swap, Has::OldKey, "01111", "another trail"),
    ("swap", swap, Has::Key, "00111", "another trail"),
    ("swap", swap, Has::Anchor, "01011", "no valid signature"),
    ("swap", swap, Has::Lock, "01111", "another trail"),
    (
        "delete the last segment",
        delete_last,
        Has::Nothing,
        "00110",
        "are missing",
    ),
    (
        "delete the last segment",
        delete_last,
        Has::OldKey,
        "00110",
        "are missing",
    ),
    (
        "delete the last segment",
        delete_last,
        Has::Key,
        "00110",
        "are missing",
    ),
    (
        "delete the last segment",
        delete_last,
        Has::Anchor,
        "00000",
        "INTACT",
    ),
    (
        "delete the last segment",
        delete_last,
        Has::Lock,
        "00110",
        "are missing",
    ),
    (
        "delete the first segment",
        delete_first,
        Has::Nothing,
        "11111",
        "are missing",
    ),
    (
        "delete the first segment",
        delete_first,
        Has::OldKey,
        "11111",
        "are missing",
    ),
    (
        "delete the first segment",
        delete_first,
        Has::Anchor,
        "11111",
        "are missing",
    ),
    (
        "delete the first segment",
        delete_first,
        Has::Lock,
        "11111",
        "are missing",
    ),
    ("restore", restore, Has::Nothing, "00110", "are missing"),
    (
        "restore",
        restore,
        Has::OldKey,
        "01110",
        "no valid signature",
    ),
    ("restore", restore, Has::Key, "00110", "not those"),
    ("restore", restore, Has::Anchor, "00000", "INTACT"),
    ("restore", restore, Has::Lock, "00110", "are missing"),
    (
        "plant",
        plant,
        Has::Nothing,
        "11111",
        "no valid first record",
    ),
    (
        "plant",
        plant,
        Has::OldKey,
        "11111",
        "no valid first record",
    ),
    ("plant", plant, Has::Key, "11111", "no valid first record"),
    (
        "plant",
        plant,
        Has::Anchor,
        "11111",
        "no valid first record",
    ),
    ("plant", plant, Has::Lock, "11111", "no valid first record"),
    (
        "plant other names",
        plant_ignored,
        Has::Nothing,
        "00000",
        "INTACT",
    ),
];

fn append_few(_: &Victim, trail: &Memory, has: Has) -> Option<String> {
    append(trail, 20, has)
}

fn append_many(_: &Victim, trail: &Memory, has: Has) -> Option<String> {
    append(trail, 1_500, has)
}

fn append(trail: &Memory, records: u64, has: Has) -> Option<String> {
    match has {
        Has::OldKey => {
            let builder = builder(trail).signing_key(old_key()).allow_unsigned();
            written(builder, 100..100 + records, true);
        }
        Has::Key => drop(written(
            builder(trail).signing_key(key()),
            100..100 + records,
            true,
        )),
        _ => forge_tail(trail, records),
    }
    None
}

/// A segment that says that it was opened, with the true key's name and no checkpoint.
fn append_segment(_: &Victim, trail: &Memory, _: Has) -> Option<String> {
    kaos_tests::by_the_book::forge_segment(trail, "opened", 20);
    None
}

/// Back to the checkpoint that was published last but five, or to where the first key signs.
fn cut(victim: &Victim, trail: &Memory, has: Has) -> Option<String> {
    let back = &victim.anchors[victim.anchors.len() - 5];
    if has == Has::OldKey {
        put_back(trail, &victim.backups[0]);
        written(builder(trail).signing_key(old_key()), 40..60, false);
        return None;
    }
    cut_to(trail, back);
    if has == Has::Key {
        written(builder(trail).signing_key(key()), 200..300, false);
    }
    Some(back.clone())
}

fn cut_and_junk(victim: &Victim, trail: &Memory, _: Has) -> Option<String> {
    cut_to(trail, &victim.anchors[victim.anchors.len() - 5]);
    let last = trail.segments().pop().unwrap();
    let junk = b"x\n".repeat(400);
    trail.put(&last, [trail.file(&last), junk].concat());
    None
}

fn cut_within(victim: &Victim, trail: &Memory, _: Has) -> Option<String> {
    cut_to(trail, &victim.anchors[victim.anchors.len() - 5]);
    let last = trail.segments().pop().unwrap();
    trail.put(&last, [trail.file(&last), b"{\"time".to_vec()].concat());
    None
}

/// Leaves nothing after the record with this checkpoint.
fn cut_to(trail: &Memory, note: &str) {
    let checkpoint: Checkpoint = note.parse().unwrap();
    let number = checkpoint.log.base + checkpoint.size;
    for segment in trail.segments() {
        let first: u64 = segment[4..24].parse().unwrap();
        if first > number {
            trail.take(&segment);
        } else {
            let lines = trail.lines(&segment);
            let kept = usize::try_from(number + 1 - first)
                .unwrap()
                .min(lines.len());
            trail.put(&segment, lines[..kept].concat());
        }
    }
}

fn edit(_: &Victim, trail: &Memory, has: Has) -> Option<String> {
    changed(trail, has, |lines, at| {
        let text = String::from_utf8(lines[at].clone()).unwrap();
        lines[at] = text.replacen("\"s-1\"", "\"s-2\"", 1).into_bytes();
    })
}

fn reorder(_: &Victim, trail: &Memory, has: Has) -> Option<String> {
    changed(trail, has, |lines, at| lines.swap(at, at + 1))
}

/// Changes the events of a segment that one key signs, makes all hashes anew, and signs again what
/// he can.
fn changed(
    trail: &Memory,
    has: Has,
    change: impl FnOnce(&mut Vec<Vec<u8>>, usize),
) -> Option<String> {
    let segments = trail.segments();
    let segment = match has {
        Has::OldKey => &segments[0],
        _ => &segments[segments.len() - 1],
    };
    let mut lines = trail.lines(segment);
    let is_event = |line: &Vec<u8>| line.starts_with(b"{\"timestamp\"");
    let at = (0..lines.len() - 1)
        .find(|at| is_event(&lines[*at]) && is_event(&lines[at + 1]))
        .unwrap();
    change(&mut lines, at);
    trail.put(segment, lines.concat());
    match has {
        Has::OldKey => resign(trail, &Forger::new("test", OLD_SEED)),
        Has::Key => resign(trail, &Forger::new("test", SEED)),
        _ => relink(trail, &Notes::Kept),
    }
    None
}

/// Another trail in its place.
fn swap(_: &Victim, trail: &Memory, has: Has) -> Option<String> {
    put_back(trail, &Memory::default());
    let builder = builder(trail);
    let builder = match has {
        Has::OldKey => builder.signing_key(old_key()),
        Has::Key => builder.signing_key(key()),
        _ => builder,
    };
    written(builder, 0..100, true).pop()
}

fn delete_last(victim: &Victim, trail: &Memory, _: Has) -> Option<String> {
    let last = trail.segments().pop().unwrap();
    trail.take(&last);
    let first: u64 = last[4..24].parse().unwrap();
    let fits = |note: &&String| note.parse::<Checkpoint>().unwrap().size < first;
    victim.anchors.iter().rev().find(fits).cloned()
}

fn delete_first(_: &Victim, trail: &Memory, _: Has) -> Option<String> {
    trail.take(&trail.segments()[0]);
    None
}

fn restore(victim: &Victim, trail: &Memory, has: Has) -> Option<String> {
    let backup = &victim.backups[usize::from(has != Has::OldKey)];
    put_back(trail, backup);
    match has {
        Has::OldKey => drop(written(
            builder(trail).signing_key(old_key()),
            40..160,
            false,
        )),
        Has::Key => drop(written(builder(trail).signing_key(key()), 200..300, false)),
        _ => {}
    }
    let last = backup.segments().pop().unwrap();
    let records = last[4..24].parse::<u64>().unwrap() + backup.lines(&last).len() as u64;
    let fits = |note: &&String| note.parse::<Checkpoint>().unwrap().size < records;
    victim.anchors.iter().rev().find(fits).cloned()
}

fn put_back(trail: &Memory, backup: &Memory) {
    let files = backup.with(|files| files.clone());
    trail.with(|now| *now = files);
}

fn plant(_: &Victim, trail: &Memory, _: Has) -> Option<String> {
    trail.put("seg-00000000000000009999.jsonl", b"{}\n".to_vec());
    None
}

fn plant_ignored(_: &Victim, trail: &Memory, _: Has) -> Option<String> {
    for name in ["seg-1.jsonl", "notes.txt", "seg-99999999999999999999.jsonl"] {
        trail.put(name, b"junk".to_vec());
    }
    None
}

/// Who verifies, as it stands in the matrix: the arguments of `kaos audit verify`.
fn arguments(verifier: usize, log: LogId) -> String {
    let key = key().verifying_key();
    match verifier {
        0 => String::new(),
        1 => format!("--key {key}"),
        2 => "--anchor anchor".to_owned(),
        3 => format!("--key {key} --anchor anchor"),
        _ => format!("--log {log}"),
    }
}

fn verify(trail: &Trail, verifier: usize, anchor: &str, log: LogId) -> Verification {
    let mut given = trail.verifier();
    if [1, 3].contains(&verifier) {
        given = given.key(key().verifying_key());
    }
    if [2, 3].contains(&verifier) {
        given = given.anchor(anchor.parse().unwrap());
    }
    if verifier == 4 {
        given = given.log(log);
    }
    given.run().unwrap()
}

/// With `KAOS_ATTACKED=<directory>` the trails are written there, for another reader.
#[test]
fn each_attacker_gets_the_answer_that_was_written_first() {
    let victim = victim();
    assert!(
        victim.trail.segments().len() >= 6,
        "{:?}",
        victim.trail.segments()
    );
    let newest = victim.anchors.last().unwrap();
    let log = newest.parse::<Checkpoint>().unwrap().log;
    let unharmed = Trail::on(victim.trail.copy()).unwrap();
    for verifier in 0..5 {
        let report = verify(&unharmed, verifier, newest, log);
        assert_eq!(report.exit_code(false), 0, "{verifier}: {report}");
    }
    let scratch = Scratch::new("attackers");
    let kept = std::env::var_os("KAOS_ATTACKED").map(std::path::PathBuf::from);
    let mut wrong = Vec::new();
    for (number, &(what, attack, has, exits, says)) in MATRIX.iter().enumerate() {
        let trail = victim.trail.copy();
        let liked = attack(&victim, &trail, has);
        let anchor = liked
            .filter(|_| has == Has::Anchor)
            .unwrap_or_else(|| newest.clone());
        let directory = scratch.path().join(number.to_string());
        trail.write_to(&directory);
        let _held = (has == Has::Lock).then(|| held(&directory));
        let attacked = Trail::open_read(&directory).unwrap();
        let mut said = Vec::new();
        let mut codes = String::new();
        for verifier in 0..5 {
            let report = verify(&attacked, verifier, &anchor, log);
            codes.push_str(&report.exit_code(false).to_string());
            if report.exit_code(false) == 0 && verifier != 2 && verifier != 3 {
                assert_eq!(report.exit_code(true), 3, "{what}, {has:?}: {report}");
            }
            said.push(report.to_string());
        }
        if codes != exits || !said.iter().any(|said| said.contains(says)) {
            wrong.push(format!(
                "{what}, {has:?}: {codes} and not {exits}, {says:?}:\n{}",
                said.join("---\n")
            ));
        }
        if let Some(kept) = &kept {
            for (verifier, exit) in exits.chars().enumerate() {
                let directory = kept.join(format!("{number:02} {what}, {has:?}, {verifier}"));
                trail.write_to(&directory);
                let arguments = arguments(verifier, log);
                std::fs::write(directory.join("anchor"), &anchor).unwrap();
                std::fs::write(directory.join("expected"), format!("{exit} {arguments}\n"))
                    .unwrap();
                if has == Has::Lock {
                    std::fs::write(directory.join("hold"), "").unwrap();
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MATRIX.len(),
        wrong.join("\n")
    );
}

/// The lock of a trail, held.
fn held(directory: &Path) -> std::fs::File {
    let lock = std::fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// Behind every checkpoint of a small trail, forged tails. Of every length with `KAOS_FORGED=all`.
#[test]
fn a_forged_tail_is_an_unsigned_one_or_a_finding_whatever_its_length() {
    let trail = Memory::default();
    let anchors = written(
        builder(&trail).segment_bytes(1 << 20).signing_key(key()),
        0..60,
        false,
    );
    assert!(anchors.len() >= 4);
    let all = std::env::var("KAOS_FORGED").is_ok_and(|lengths| lengths == "all");
    let chosen = [1, 2, 3, 511, 512, 513, 1023, 1024, 1025, 1026, 1500, 3000];
    for anchor in &anchors {
        let cut = trail.copy();
        cut_to(&cut, anchor);
        let last = cut.segments().pop().unwrap();
        let genuine = cut.lines(&last).len();
        for end in [None, Some(short_event(19)), Some(served_call_s_end(19))] {
            let forged = cut.copy();
            if let Some(end) = &end {
                forge_event(&forged, end);
            }
            forge_tail(&forged, 3_000);
            let lines = forged.lines(&last);
            for length in 1..=3_000 {
                if !all && !chosen.contains(&length) {
                    continue;
                }
                forged.put(&last, lines[..genuine + length].concat());
                let verifier = Trail::on(forged.clone()).unwrap().verifier();
                let report = verifier.key(key().verifying_key()).run().unwrap();
                // After an end, which is the first record forged.
                let most = if end.is_some() { 513 } else { 1024 };
                let exit = u8::from(length > most);
                assert_eq!(report.exit_code(false), exit, "{length}, {end:?}: {report}");
                let said = if exit == 0 {
                    assert_eq!(report.exit_code(true), 3);
                    format!("unsigned tail: {length} records")
                } else {
                    "without a checkpoint".to_owned()
                };
                assert!(report.to_string().contains(&said), "{report}");
            }
        }
    }
}
