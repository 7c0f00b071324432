//! What a verifier says of trails that no writer leaves, where another reader came to a different
//! verdict, or the page left it open.

use kaos_events::ManualClock;
use kaos_hooks::audit::{
    Accept, AuditBuilder, AuditHook, Finding, Problem, Refused, SigningKey, Trail, Verification,
};
use kaos_tests::by_the_book::{
    Forger, forge, forge_segment, from_hex, hashed, hex, resign, sha256,
};
use kaos_tests::trails::{Memory, NOW, short_event};

const SEED: [u8; 32] = [8; 32];

fn key() -> SigningKey {
    SigningKey::from_seed("test", &SEED).unwrap()
}

fn builder(trail: &Memory) -> AuditBuilder {
    AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .segment_bytes(9_000)
}

fn write(builder: AuditBuilder, events: u64, is_sealed: bool) {
    let mut writer = builder.open_by_hand().unwrap();
    for event in 0..events {
        writer.write(vec![short_event(event)]).unwrap();
    }
    if is_sealed {
        writer.seal().unwrap();
    }
}

fn signed(events: u64, is_sealed: bool) -> Memory {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key()), events, is_sealed);
    trail
}

fn unsigned(events: u64) -> Memory {
    let trail = Memory::default();
    write(builder(&trail), events, false);
    trail
}

fn verify(trail: &Memory) -> Verification {
    let verifier = Trail::on(trail.clone()).unwrap().verifier();
    verifier.key(key().verifying_key()).run().unwrap()
}

fn as_it_stands(trail: &Memory) -> Verification {
    Trail::on(trail.clone()).unwrap().verify().unwrap()
}

fn last(trail: &Memory) -> String {
    trail.segments().pop().unwrap()
}

fn append(trail: &Memory, name: &str, bytes: &[u8]) {
    trail.put(name, [&*trail.file(name), bytes].concat());
}

fn has(report: &Verification, problem: impl Fn(&Problem) -> bool) -> bool {
    report.findings.iter().any(|it| problem(&it.problem))
}

/// A reason and a name.
fn known() -> Accept {
    Accept {
        reason: "a bad disk".into(),
        who: "kim".into(),
        ..Accept::default()
    }
}

/// No finding is about a range that ends before it begins.
fn is_in_order(finding: &Finding) -> bool {
    let records = finding.records();
    records.start <= records.end
}

#[test]
fn a_new_log_after_junk_is_told_by_a_range_that_goes_forwards() {
    let trail = signed(12, false);
    let name = last(&trail);
    let mut lines = trail.lines(&name);
    lines[4] = b"junk\n".to_vec();
    lines.extend(std::iter::repeat_n(b"junk\n".to_vec(), 40));
    trail.put(&name, lines.concat());
    write(builder(&trail).signing_key(key()), 3, true);
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 1, "{report}");
    assert!(report.findings.iter().all(is_in_order), "{report}");
    let begins = |it: &Problem| matches!(it, Problem::Restarted { from, to } if from < to);
    assert!(has(&report, begins), "{report}");

    let accepted = builder(&trail).signing_key(key()).accept(&known()).unwrap();
    assert!(accepted.iter().all(|it| it.from <= it.to), "{accepted:?}");
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 0, "{report}");
    // What was accepted stays as it was.
    let mut lines = trail.lines(&name);
    *lines.last_mut().unwrap() = b"other junk\n".to_vec();
    trail.put(&name, lines.concat());
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 1, "{report}");
}

#[test]
fn no_number_of_a_damaged_segment_is_given_again() {
    // Its first line is changed, or some lines are gone, or one has a number that was made up.
    let changes: [fn(&mut Vec<Vec<u8>>); 3] = [
        |lines| lines[0] = b"junk\n".to_vec(),
        |lines| drop(lines.drain(3..12)),
        |lines| {
            let line = String::from_utf8(lines[5].clone()).unwrap();
            let (body, place) = line.rsplit_once(",\"trail_seq\":").unwrap();
            let (_, rest) = place.split_once(',').unwrap();
            let line = format!("{body},\"trail_seq\":{},{rest}", 1_u64 << 61);
            lines[5] = line.into_bytes();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let trail = signed(60, false);
        let name = last(&trail);
        let whole = as_it_stands(&trail).records;
        let mut lines = trail.lines(&name);
        change(&mut lines);
        trail.put(&name, lines.concat());
        write(builder(&trail).signing_key(key()), 3, true);
        let report = verify(&trail);
        assert!(
            report.findings.iter().all(is_in_order),
            "{number}: {report}"
        );
        let begins = |it: &Problem| matches!(*it, Problem::Restarted { from, to } if from < to && (whole..whole + 99).contains(&to));
        assert!(has(&report, begins), "{number}: {report}");
        builder(&trail).signing_key(key()).accept(&known()).unwrap();
        let report = verify(&trail);
        assert_eq!(report.exit_code(false), 0, "{number}: {report}");
    }
}

#[test]
fn junk_does_not_make_a_torn_end_of_a_segment_without_its_checkpoint() {
    let trail = signed(40, true);
    forge_segment(&trail, "opened", 0);
    let (name, next) = (last(&trail), as_it_stands(&trail).records);
    let header = last_hash(&trail);
    append(&trail, &name, b"junk\n");
    forge_line(
        &trail,
        &header,
        short_event(1).to_line().as_bytes(),
        next + 1,
        "null",
    );
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 1, "{report}");
    assert!(has(&report, |it| *it == Problem::NoCheckpoint), "{report}");
}

#[test]
fn a_checkpoint_behind_a_seal_does_not_open_the_segment_again() {
    let trail = signed(10, true);
    let name = last(&trail);
    let body = String::from_utf8(trail.lines(&name)[1].clone()).unwrap();
    let body = &body[..body.find(",\"trail_seq\":").unwrap()];
    let event = short_event(1).to_line();
    forge(
        &trail,
        [format!("{body}}}"), event.clone(), event].into_iter(),
    );
    resign(&trail, &Forger::new("test", SEED));
    let report = verify(&trail);
    let behind = report.findings.iter();
    let behind = behind.filter(|it| it.problem == Problem::AfterSeal).count();
    assert_eq!(behind, 3, "{report}");
}

#[test]
fn what_stands_beside_damage_that_is_certain_is_certain() {
    // Junk, a gap after it, and then what shows that the junk's place was on the disk.
    let trail = unsigned(3);
    let (name, next, before) = (
        last(&trail),
        as_it_stands(&trail).records,
        last_hash(&trail),
    );
    append(&trail, &name, b"junk\n");
    let gap =
        br#"{"type":"trail_gap","time_unix_nano":"1","reason":"","lost":2,"unrecorded_effects":0}"#;
    forge_line(&trail, &before, gap, next + 1, "null");
    let event = short_event(1).to_line();
    forge_line(
        &trail,
        &last_hash(&trail),
        event.as_bytes(),
        next + 2,
        &next.to_string(),
    );
    let report = as_it_stands(&trail);
    assert!(report.torn.is_none(), "{report}");
    assert!(
        has(&report, |it| *it == Problem::Gap { lost: 2 }),
        "{report}"
    );
}

#[test]
fn no_line_vouches_for_itself() {
    // Forged, whole in itself, with a number that is not the next and a claim that it is safe.
    let trail = signed(10, false);
    let far = as_it_stands(&trail).records + 7;
    let own = b"{\"type\":\"trail_x\"}";
    forge_line(&trail, &last_hash(&trail), own, far, &far.to_string());
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 4, "{report}");
    // The opening agrees: it is cut off, and the log goes on.
    write(builder(&trail).signing_key(key()), 1, true);
    let report = verify(&trail);
    assert_eq!(report.exit_code(false), 0, "{report}");
}

#[test]
fn the_last_piece_of_a_line_that_is_too_long_is_no_line() {
    let trail = unsigned(6);
    let (name, next, before) = (
        last(&trail),
        as_it_stands(&trail).records,
        last_hash(&trail),
    );
    let uncovered = as_it_stands(&trail).unsigned_tail;
    append(&trail, &name, "z".repeat(65_537).as_bytes());
    forge_line(
        &trail,
        &before,
        short_event(1).to_line().as_bytes(),
        next + 1,
        "null",
    );
    let report = as_it_stands(&trail);
    assert_eq!(report.exit_code(false), 4, "{report}");
    assert_eq!(report.unsigned_tail, uncovered, "{report}");
}

#[test]
fn what_is_missing_before_a_segment_without_a_first_line_is_told() {
    let trail = signed(60, true);
    let segments = trail.segments();
    trail.take(&segments[1]);
    let mut lines = trail.lines(&segments[2]);
    lines[0] = b"junk\n".to_vec();
    trail.put(&segments[2], lines.concat());
    let report = verify(&trail);
    let (from, to) = (first(&segments[1]), first(&segments[2]));
    let missing = Problem::Missing { from, to };
    assert!(has(&report, |it| *it == missing), "{report}");
}

fn first(name: &str) -> u64 {
    name[4..24].parse().unwrap()
}

#[test]
fn an_anchor_of_a_trail_nothing_of_which_can_be_read_says_what_is_missing() {
    let trail = signed(10, true);
    let end = as_it_stands(&trail);
    let anchor = end.newest.unwrap();
    for name in trail.segments() {
        trail.put(&name, b"junk\n".to_vec());
    }
    let verifier = Trail::on(trail).unwrap().verifier();
    let report = verifier.anchor(anchor.clone()).run().unwrap();
    let missing = Problem::Missing {
        from: 0,
        to: anchor.end(),
    };
    assert!(has(&report, |it| *it == missing), "{report}");
}

/// Own records that one reader takes for something, and another for something else.
const TWO_READINGS: &[&[u8]] = &[
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":0,"unrecorded_effects":0,"waiting":null}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":9223372036854775808,"unrecorded_effects":0}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":-0,"unrecorded_effects":0}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":1e0,"unrecorded_effects":0}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":0,"l\u006fst":5,"unrecorded_effects":0}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":0,"unrecorded_effects":0,"new":1,"new":2}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":0,"unrecorded_effects":0,"new":{"a":1,"a":2}}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"x","lost":0,"unrecorded_effects":0,"trail_seq":5}"#,
    br#"{"type":"trail_gap","time_unix_nano":"1","reason":"\ud800","lost":0,"unrecorded_effects":0}"#,
    b"{\"type\":\"trail_gap\",\"time_unix_nano\":\"1\",\"reason\":\"\xff\",\"lost\":0,\"unrecorded_effects\":0}",
    br#"{"type":"trail_recovery","time_unix_nano":"1","found":"torn","segment":"s","from_seq":0,"offset":0,"bytes":0,"quarantine":null}"#,
    br#"{"type":"trail_retention","time_unix_nano":"1","to":1,"log":"x","root":"0000000000000000000000000000000000000000000000000000000000000000","segments":1}"#,
    br#"{"type":"trail_later","what":}"#,
    br#"{"type":"trail_later","what":1,"what":2}"#,
    br#"{"type":"trail_later","what":1e400}"#,
];

#[test]
fn what_has_two_readings_has_none() {
    for record in TWO_READINGS {
        let shown = String::from_utf8_lossy(record);
        let trail = unsigned(3);
        let number = as_it_stands(&trail).records;
        forge_line(&trail, &last_hash(&trail), record, number, "null");
        let report = as_it_stands(&trail);
        let [finding] = &*report.findings else {
            panic!("{shown}: {report}");
        };
        assert!(
            matches!(finding.problem, Problem::Malformed(_)),
            "{shown}: {report}"
        );
        assert_eq!(finding.seq, Some(number), "{shown}: {report}");
    }
}

/// The stored hash of the last line.
fn last_hash(trail: &Memory) -> [u8; 32] {
    let lines = trail.lines(&last(trail));
    from_hex(hashed(&lines[lines.len() - 1]).1)
}

/// Appends a record to the last segment, which may be no text, as if it came after this hash.
fn forge_line(trail: &Memory, prev: &[u8; 32], record: &[u8], number: u64, synced: &str) {
    let place = format!(",\"trail_seq\":{number},\"synced\":{synced}");
    let hashed = [&record[..record.len() - 1], place.as_bytes()].concat();
    let h = hex(&sha256(&[prev, &hashed]));
    let end = format!(",\"h\":\"{h}\"}}\n");
    append(trail, &last(trail), &[&*hashed, end.as_bytes()].concat());
}

#[test]
fn a_first_line_whose_hash_is_not_its_own_is_none() {
    let trail = signed(10, true);
    let name = last(&trail);
    let changed = String::from_utf8(trail.file(&name)).unwrap();
    trail.put(
        &name,
        changed.replacen("\"pid\":", "\"pid\":1", 1).into_bytes(),
    );
    let report = verify(&trail);
    assert!(has(&report, |it| *it == Problem::NoBeginning), "{report}");
}

#[test]
fn a_newer_format_is_known_whatever_its_first_lines_look_like() {
    let name = "seg-00000000000000000000.jsonl";
    let of = |format: u64| {
        let trail = Memory::default();
        let zeros = "0".repeat(64);
        let header = format!(
            r#"{{"type":"trail_segment","format":{format},"prev":"{zeros}","keys":["x"]}}"#
        );
        trail.put(name, Vec::new());
        forge_line(&trail, &[0; 32], header.as_bytes(), 0, "null");
        trail
    };
    for format in [3, u32::MAX] {
        let report = as_it_stands(&of(format.into()));
        let newer = Problem::NewerFormat(format);
        assert!(has(&report, |it| *it == newer), "{report}");
    }
    // Above that it is no format.
    for format in [1 << 32, u64::MAX / 2] {
        let report = as_it_stands(&of(format));
        assert!(has(&report, |it| *it == Problem::NoBeginning), "{report}");
    }
    let trail = of(3);
    let before = trail.file(name);
    let refused = builder(&trail).open_by_hand().unwrap_err();
    assert!(
        format!("{refused:?}").contains("newer version"),
        "{refused:?}"
    );
    assert_eq!((trail.segments().len(), trail.file(name)), (1, before));
}

#[test]
fn a_key_hands_over_by_one_call_and_only_the_one_that_signs() {
    let (trail, second) = (
        signed(10, true),
        SigningKey::from_seed("second", &[9; 32]).unwrap(),
    );
    let other = SigningKey::from_seed("other", &[3; 32]).unwrap();
    let before = trail.copy();
    let files = |trail: &Memory| trail.with(|files| files.clone());
    for (old, new) in [(other.clone(), second.clone()), (key(), key())] {
        builder(&trail).signing_key(old).hand_over(new).unwrap_err();
        assert_eq!(files(&trail), files(&before));
    }
    builder(&trail).hand_over(second.clone()).unwrap_err();
    builder(&unsigned(3))
        .signing_key(key())
        .hand_over(second.clone())
        .unwrap_err();
    assert_eq!(files(&trail), files(&before));

    let done = builder(&trail)
        .signing_key(key())
        .hand_over(second.clone())
        .unwrap();
    assert_eq!(done.key, second.verifying_key().to_string());
    let again = builder(&trail)
        .signing_key(key())
        .hand_over(other)
        .unwrap_err();
    assert!(
        matches!(again.refused(), Some(Refused::Key { .. })),
        "{again:?}"
    );
    write(builder(&trail).signing_key(second.clone()), 3, true);
    for known in [key(), second] {
        let verifier = Trail::on(trail.clone()).unwrap().verifier();
        let report = verifier.key(known.verifying_key()).run().unwrap();
        assert_eq!(
            (report.exit_code(false), report.signers.len()),
            (0, 2),
            "{report}"
        );
    }
}
