//! Where a reader that was written from the page alone came to another verdict, and was right.

use kaos_events::ManualClock;
use kaos_hooks::audit::{
    AuditHook, Checkpoint, LogId, Problem, SigningKey, Trail, Verification, VerifyingKey,
};
use kaos_tests::by_the_book::{Forger, forge, forge_segment, hashed, hex, resign, root};
use kaos_tests::trails::{Memory, NOW, short_event};

const SEED: [u8; 32] = [8; 32];

fn key() -> SigningKey {
    SigningKey::from_seed("test", &SEED).unwrap()
}

fn second() -> VerifyingKey {
    SigningKey::from_seed("second", &[9; 32])
        .unwrap()
        .verifying_key()
}

/// A trail whose segment is not sealed.
fn signed() -> Memory {
    let trail = Memory::default();
    let builder = AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW));
    let mut writer = builder.signing_key(key()).open_by_hand().unwrap();
    for event in 0..3 {
        writer.write(vec![short_event(event)]).unwrap();
    }
    trail
}

fn verify(trail: &Memory) -> Verification {
    let verifier = Trail::on(trail.clone()).unwrap().verifier();
    verifier.key(key().verifying_key()).run().unwrap()
}

fn lines(trail: &Memory) -> Vec<Vec<u8>> {
    let segments = trail.segments();
    segments.iter().flat_map(|name| trail.lines(name)).collect()
}

fn say(trail: &Memory, record: &str, fields: &str) {
    let body = format!(r#"{{"type":"trail_{record}","time_unix_nano":"1",{fields}}}"#);
    forge(trail, std::iter::once(body));
}

/// The trail's last checkpoint once more, to be signed anew.
fn checkpoint(trail: &Memory, seal: &str) {
    let is_checkpoint = |line: &&Vec<u8>| line.starts_with(br#"{"type":"trail_checkpoint""#);
    let line = lines(trail).iter().rfind(is_checkpoint).unwrap().clone();
    let text = String::from_utf8(hashed(&line[..line.len() - 1]).0.to_vec()).unwrap();
    let body = text.split(",\"trail_seq\":").next().unwrap();
    let body = body.replace(",\"seal\":true", "");
    forge(trail, std::iter::once(format!("{body}{seal}}}")));
}

/// A segment behind the trail whose first record nobody can read, with a checkpoint.
fn segment_without_a_beginning(trail: &Memory, seal: &str) {
    forge_segment(trail, "opened", 0);
    let name = trail.segments().pop().unwrap();
    let text = String::from_utf8(trail.file(&name)).unwrap();
    let twice = text.replacen(r#","host":"#, r#","host":"another","host":"#, 1);
    trail.put(&name, twice.into_bytes());
    resign(trail, &Forger::new("test", SEED));
    checkpoint(trail, seal);
    resign(trail, &Forger::new("test", SEED));
}

#[test]
fn a_segment_without_a_beginning_signs_no_acceptance_of_the_one_before() {
    let trail = signed();
    say(
        &trail,
        "gap",
        r#""reason":"r","lost":1,"unrecorded_effects":0"#,
    );
    let (number, gap) = (lines(&trail).len() - 1, lines(&trail).pop().unwrap());
    let root = hex(&root(&[&gap[..gap.len() - 1]]));
    let to = number + 1;
    let fields = format!(r#""from":{number},"to":{to},"root":"{root}","reason":"r","who":"w""#);
    say(&trail, "accept", &fields);
    let unsigned = trail.copy();
    segment_without_a_beginning(&trail, "");
    let is_told = |trail| {
        let found = verify(trail).findings;
        found
            .iter()
            .any(|it| it.problem == Problem::Gap { lost: 1 })
    };
    assert!(is_told(&trail), "{}", verify(&trail));

    checkpoint(&unsigned, "");
    resign(&unsigned, &Forger::new("test", SEED));
    assert!(!is_told(&unsigned), "{}", verify(&unsigned));
}

#[test]
fn a_segment_without_a_beginning_seals_no_hand_over_of_the_one_before() {
    let trail = signed();
    let (from, to) = (key().verifying_key(), second());
    say(&trail, "key", &format!(r#""from":"{from}","key":"{to}""#));
    segment_without_a_beginning(&trail, r#","seal":true"#);
    forge_segment(&trail, "opened", 0);
    checkpoint(&trail, "");
    let name = trail.segments().pop().unwrap();
    let text = String::from_utf8(trail.file(&name)).unwrap();
    let once = text.replacen(r#","host":"another""#, "", 1);
    trail.put(&name, once.into_bytes());
    resign(&trail, &Forger::new("test", SEED));
    let report = verify(&trail);
    let untrusted = |it: &Problem| matches!(it, Problem::NotTrusted { .. });
    assert!(
        !report.findings.iter().any(|it| untrusted(&it.problem)),
        "{report}"
    );
}

#[test]
fn no_log_begins_and_no_checkpoint_ends_above_the_highest_number() {
    let trail = format!("kaos-trail/{}", "ab".repeat(16));
    let root = "A".repeat(43) + "=";
    for (number, is_one) in [
        ("9223372036854775807", true),
        ("9223372036854775808", false),
    ] {
        let log = format!("{trail}/{number}").parse::<LogId>();
        let note = format!("{trail}\n{number}\n{root}\n").parse::<Checkpoint>();
        assert_eq!((log.is_ok(), note.is_ok()), (is_one, is_one), "{number}");
    }
}
