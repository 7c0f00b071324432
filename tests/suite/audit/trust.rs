//! What an opening refuses, who hands over to whom, what an operator accepts and removes, and what
//! can be proved to somebody who has only the key.

use std::path::Path;

use kaos_events::ManualClock;
use kaos_hooks::audit::{
    Accept, Anchor as _, AnchorFile, AuditBuilder, AuditError, AuditHook, Checkpoint,
    ConsistencyProof, Found, InclusionProof, Refused, Signer, SigningKey, Trail, Verification,
    VerifyingKey,
};
use kaos_hooks::redact::{ContentPolicies, ContentPolicy, HashKey, Redactor};
use kaos_tests::by_the_book::{Notes, field, forge, forge_segment, forge_tail, relink, root};
use kaos_tests::trails::{Full, Memory, NOW, short_event, short_events};

use super::Scratch;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("test", &[seed; 32]).unwrap()
}

fn builder(trail: &Memory) -> AuditBuilder {
    AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .segment_bytes(9_000)
}

fn write(builder: AuditBuilder, events: std::ops::Range<u64>) {
    let mut writer = builder.open_by_hand().unwrap();
    for event in events {
        writer.write(vec![short_event(event)]).unwrap();
    }
    writer.seal().unwrap();
}

fn verify(trail: &Memory, keys: &[VerifyingKey], anchor: Option<&Path>) -> Verification {
    let mut verifier = Trail::on(trail.clone()).unwrap().verifier();
    for key in keys {
        verifier = verifier.key(key.clone());
    }
    if let Some(anchor) = anchor {
        verifier = verifier.anchor(std::fs::read_to_string(anchor).unwrap().parse().unwrap());
    }
    verifier.run().unwrap()
}

fn exit(report: &Verification) -> u8 {
    report.exit_code(false)
}

#[track_caller]
fn is_refused(builder: AuditBuilder, fits: impl Fn(&Refused) -> bool) {
    let error: AuditError = builder.open_by_hand().unwrap_err();
    assert!(error.refused().is_some_and(fits), "{error:?}");
}

fn accept(reason: &str) -> Accept {
    Accept {
        reason: reason.to_owned(),
        who: "kim".to_owned(),
        ..Accept::default()
    }
}

/// A trail whose anchor is in a file.
fn anchored(name: &str) -> (Scratch, Memory, std::path::PathBuf) {
    let scratch = Scratch::new(name);
    std::fs::create_dir_all(scratch.path()).unwrap();
    let anchor = scratch.path().join("anchor");
    let trail = Memory::default();
    write(
        builder(&trail)
            .signing_key(key(1))
            .anchor(AnchorFile::new(&anchor)),
        0..60,
    );
    (scratch, trail, anchor)
}

#[test]
fn a_forged_segment_behind_a_sealed_trail_is_found_whatever_it_says() {
    for (cause, records) in [
        ("opened", 3),
        ("rotated", 3),
        ("failed", 500),
        ("unheard of", 3),
    ] {
        let trail = Memory::default();
        write(builder(&trail).signing_key(key(1)), 0..60);
        forge_segment(&trail, cause, records);
        let report = verify(&trail, &[key(1).verifying_key()], None);
        assert_eq!(exit(&report), 1, "{cause}: {report}");
        assert!(
            report.to_string().contains("begin with a checkpoint"),
            "{report}"
        );
    }
    // And records in the sealed segment itself.
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..60);
    forge_tail(&trail, 3);
    let report = verify(&trail, &[key(1).verifying_key()], None);
    assert_eq!(exit(&report), 1, "{report}");
    assert!(
        report.to_string().contains("after the segment's seal"),
        "{report}"
    );
}

#[test]
fn a_trail_that_was_cut_back_or_is_gone_is_not_opened_and_its_anchor_stays() {
    let (_scratch, trail, anchor) = anchored("regress");
    let held = std::fs::read(&anchor).unwrap();
    let segments = trail.segments();
    let cut = trail.copy();
    cut.take(&segments[segments.len() - 1]);
    let edited = trail.copy();
    relink(&edited, &Notes::Stripped); // whole in itself, and another
    let open = |trail: &Memory| {
        builder(trail)
            .signing_key(key(1))
            .anchor(AnchorFile::new(&anchor))
    };
    for trail in [&cut, &Memory::default()] {
        let before = trail.with(|files| files.clone());
        let lost = |why: &Refused| matches!(why, Refused::Regress { .. } | Refused::Foreign { .. });
        is_refused(open(trail), lost);
        assert_eq!(trail.with(|files| files.clone()), before);
        assert_eq!(std::fs::read(&anchor).unwrap(), held);
    }
    is_refused(open(&edited), |why| matches!(why, Refused::Regress { .. }));
    std::fs::write(&anchor, "no checkpoint").unwrap();
    is_refused(open(&trail), |why| matches!(why, Refused::Anchor { .. }));
    std::fs::write(&anchor, &held).unwrap();
    let other = Memory::default();
    write(builder(&other).signing_key(key(1)), 0..60);
    is_refused(open(&other), |why| matches!(why, Refused::Foreign { .. }));
    write(open(&trail), 60..70);
}

#[test]
fn an_anchor_file_never_goes_back() {
    let scratch = Scratch::new("anchor-file");
    std::fs::create_dir_all(scratch.path()).unwrap();
    let mut file = AnchorFile::new(scratch.path().join("anchor"));
    let note = |log: &str, size: u64, root: u8| {
        use base64::Engine as _;
        let root = base64::engine::general_purpose::STANDARD.encode([root; 32]);
        format!("kaos-trail/{}{log}\n{size}\n{root}\n", "ab".repeat(16))
    };
    for (new, is_taken) in [
        (note("", 5, 1), true),
        (note("", 5, 1), true),
        (note("", 5, 2), false),
        (note("", 4, 1), false),
        (note("", 9, 3), true),
        (note("/8", 2, 3), false),
        (note("/9", 2, 3), true),
        (note("", 20, 3), false),
        (note("/9", 2, 3).replace("ab", "cd"), false),
        ("nonsense".to_owned(), false),
    ] {
        let before = file.newest().unwrap();
        let taken = file.publish(&new);
        assert_eq!(taken.is_ok(), is_taken, "{new}: {taken:?}");
        let after = if is_taken { Some(new) } else { before };
        assert_eq!(file.newest().unwrap(), after);
    }
}

/// A line with the highest number that there is, and what else a last segment may say.
#[test]
fn no_number_overflows() {
    for number in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        let trail = Memory::default();
        write(builder(&trail), 0..8);
        let last = trail.segments().pop().unwrap();
        let mut lines = trail.lines(&last);
        let text = String::from_utf8(lines.pop().unwrap()).unwrap();
        let at = text.rfind(",\"trail_seq\":").unwrap() + 13;
        let end = at + text[at..].find(',').unwrap();
        let changed = format!("{}{number}{}", &text[..at], &text[end..]);
        trail.put(&last, [lines.concat(), changed.into_bytes()].concat());
        let before = trail.file(&last);
        assert_ne!(exit(&verify(&trail, &[], None)), 0);
        write(builder(&trail), 8..20);
        assert!(before.starts_with(&trail.file(&last)), "it is overwritten");
        let planted = format!("seg-{number:020}.jsonl");
        trail.put(&planted, b"x\n".to_vec());
        let before = trail.with(|files| files.clone());
        let opened = builder(&trail).open_by_hand();
        assert!(opened.is_err() || number >= 1 << 63, "{number}");
        let is_kept = |(name, bytes): (&String, &Vec<u8>)| trail.file(name) == *bytes;
        assert!(before.iter().all(is_kept));
    }
}

#[test]
fn records_that_were_lost_are_a_finding_until_they_are_accepted() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..8);
    let last = trail.segments().pop().unwrap();
    // As if the queue had been full once: by the one who has the key.
    let seal = trail.lines(&last).len();
    let gap = "{\"type\":\"trail_gap\",\"time_unix_nano\":\"1\",\"reason\":\"full\",\"lost\":7,\"unrecorded_effects\":0}";
    let mut lines = trail.lines(&last);
    let place = String::from_utf8(lines[seal - 3].clone()).unwrap();
    let place_of_it = &place[place.rfind(",\"trail_seq\":").unwrap()..];
    lines[seal - 3] = format!("{}{place_of_it}", gap.strip_suffix('}').unwrap()).into_bytes();
    trail.put(&last, lines.concat());
    kaos_tests::by_the_book::resign(
        &trail,
        &kaos_tests::by_the_book::Forger::new("test", [1; 32]),
    );
    let keys = [key(1).verifying_key()];
    let report = verify(&trail, &keys, None);
    assert_eq!(exit(&report), 1, "{report}");
    assert!(
        report
            .to_string()
            .contains("7 records could not be written"),
        "{report}"
    );
    let accepted = builder(&trail)
        .signing_key(key(1))
        .accept(&accept("the disk was full"))
        .unwrap();
    assert_eq!(accepted.len(), 1);
    let report = verify(&trail, &keys, None);
    assert_eq!((exit(&report), report.accounted.len()), (0, 1), "{report}");
}

#[test]
fn a_log_goes_on_without_its_key_only_where_that_is_allowed() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..20);
    let needs_key = |why: &Refused| matches!(why, Refused::Key { .. });
    is_refused(builder(&trail), needs_key);
    is_refused(builder(&trail).signing_key(key(2)), needs_key);
    is_refused(
        builder(&trail).signing_key(key(2)).hand_over_from(key(3)),
        needs_key,
    );
    write(
        builder(&trail).signing_key(key(2)).hand_over_from(key(1)),
        20..40,
    );
    is_refused(builder(&trail).signing_key(key(1)), needs_key);
    write(
        builder(&trail).signing_key(key(2)).hand_over_from(key(1)),
        40..60,
    );
    for seed in [1, 2] {
        let report = verify(&trail, &[key(seed).verifying_key()], None);
        assert_eq!(exit(&report), 0, "{seed}: {report}");
        let signed = format!("signed by {}", key(2).verifying_key());
        assert!(report.to_string().contains(&signed), "{report}");
    }
    assert_eq!(exit(&verify(&trail, &[key(3).verifying_key()], None)), 1);
    // The key that handed over has nothing to say any more, whoever gives it.
    write(builder(&trail).signing_key(key(1)).allow_unsigned(), 60..70);
    for keys in [&[][..], &[1], &[2], &[1, 2]] {
        let keys: Vec<_> = keys.iter().map(|seed| key(*seed).verifying_key()).collect();
        let report = verify(&trail, &keys, None);
        assert_eq!(exit(&report), 1, "{keys:?}: {report}");
    }
}

#[test]
fn two_keys_that_did_not_hand_over_verify_together_and_not_alone() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..20);
    write(builder(&trail).signing_key(key(2)).allow_unsigned(), 20..40);
    let (one, two) = (key(1).verifying_key(), key(2).verifying_key());
    assert_eq!(exit(&verify(&trail, std::slice::from_ref(&one), None)), 1);
    assert_eq!(exit(&verify(&trail, std::slice::from_ref(&two), None)), 1);
    let report = verify(&trail, &[one, two], None);
    assert_eq!(exit(&report), 0, "{report}");
}

/// One damaged byte anywhere in the last segment's first line.
#[test]
fn a_damaged_first_line_begins_a_new_log_of_the_same_trail() {
    for (events, at) in [(4, 40), (60, 40), (60, 700), (60, 2)] {
        let trail = Memory::default();
        write(builder(&trail).signing_key(key(1)), 0..events);
        let name = field(&trail.lines(&trail.segments()[0])[0], "log").unwrap();
        let last = trail.segments().pop().unwrap();
        let mut bytes = trail.file(&last);
        let at = at.min(bytes.len() / 9);
        bytes[at] ^= 1;
        trail.put(&last, bytes.clone());
        write(builder(&trail).signing_key(key(1)).allow_unsigned(), 60..80);
        assert_eq!(trail.file(&last), bytes);
        let report = verify(&trail, &[key(1).verifying_key()], None);
        assert_eq!(exit(&report), 1, "{report}");
        if events == 60 {
            let log = report.log.unwrap().to_string();
            assert!(log.starts_with(&format!("{name}/")), "{log}, {name}");
        }
    }
}

#[test]
fn line_breaks_that_a_tool_changed_are_called_that() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..20);
    for segment in trail.segments() {
        let text = String::from_utf8(trail.file(&segment)).unwrap();
        trail.put(&segment, text.replace('\n', "\r\n").into_bytes());
    }
    let report = verify(&trail, &[], None);
    assert_eq!(exit(&report), 1);
    assert!(report.to_string().contains("CR LF"), "{report}");
}

#[test]
fn what_a_newer_schema_says_is_carried_and_not_called_tampering() {
    for (schema, exits) in [("1", 1), ("2", 0)] {
        let trail = Memory::default();
        write(builder(&trail), 0..20);
        for segment in trail.segments() {
            let text = String::from_utf8(trail.file(&segment)).unwrap();
            let text = text.replacen("\"schema\":1", &format!("\"schema\":{schema}"), 1);
            let text = text.replace("\"attributes\":{}", "\"attributes\":[1]");
            trail.put(&segment, text.into_bytes());
        }
        relink(&trail, &Notes::Stripped);
        let report = verify(&trail, &[], None);
        assert_eq!(exit(&report), exits, "{report}");
        assert_eq!(report.unread > 0, exits == 0);
    }
}

#[test]
fn the_policy_s_fingerprint_knows_the_rules() {
    let policy = |policies: ContentPolicies, redactor: Redactor| {
        let trail = Memory::default();
        write(builder(&trail).policies(policies).redactor(redactor), 0..2);
        field(&trail.lines(&trail.segments()[0])[0], "policy").unwrap()
    };
    let rule = |regex: &str| {
        Redactor::builder()
            .rule("OWN", "acme", regex)
            .build()
            .unwrap()
    };
    let hash =
        |key: &[u8; 32]| ContentPolicies::new(ContentPolicy::Hash(HashKey::new(*key).unwrap()));
    let all = [
        policy(ContentPolicies::default(), Redactor::new()),
        policy(ContentPolicies::default(), rule("acme-[0-9]+")),
        policy(ContentPolicies::default(), rule("acme-[a-z]+")),
        policy(hash(&[1; 32]), Redactor::new()),
        policy(hash(&[2; 32]), Redactor::new()),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
    assert_eq!(
        all[1],
        policy(ContentPolicies::default(), rule("acme-[0-9]+"))
    );
}

/// Two rotations of the key, an opening without one, retention, and a loss that was accepted.
#[test]
fn a_long_life_is_told_as_it_was() {
    let (_scratch, trail, anchor) = anchored("long-life");
    let file = || AnchorFile::new(&anchor);
    let keys = [key(3).verifying_key()];
    write(
        builder(&trail)
            .signing_key(key(2))
            .hand_over_from(key(1))
            .anchor(file()),
        60..100,
    );
    write(builder(&trail).allow_unsigned().anchor(file()), 100..110);
    write(builder(&trail).signing_key(key(2)).anchor(file()), 110..140);
    write(
        builder(&trail)
            .signing_key(key(3))
            .hand_over_from(key(2))
            .anchor(file()),
        140..180,
    );
    let report = verify(&trail, &keys, Some(&anchor));
    assert_eq!(
        (exit(&report), report.findings.is_empty()),
        (1, false),
        "{report}"
    );
    let ours = || builder(&trail).signing_key(key(3)).anchor(file());
    let mut with_older = accept("the key was on leave");
    with_older.keys = vec![key(1).verifying_key()];
    ours().accept(&with_older).unwrap();
    let report = verify(
        &trail,
        &[key(3).verifying_key(), key(1).verifying_key()],
        Some(&anchor),
    );
    assert_eq!(exit(&report), 0, "{report}");
    assert_eq!(report.exit_code(true), 0, "{report}");

    // Somebody deletes the last segment; the trail does not go on as if nothing had been.
    let whole = trail.copy();
    let last = trail.segments().pop().unwrap();
    trail.take(&last);
    let report = verify(&trail, &keys, Some(&anchor));
    assert_eq!(exit(&report), 1, "{report}");
    is_refused(ours(), |why| matches!(why, Refused::Regress { .. }));
    let old_anchor = std::fs::read_to_string(&anchor).unwrap();
    let accepted = ours().accept(&with_older).unwrap();
    assert!(!accepted.is_empty());
    let both = [key(3).verifying_key(), key(1).verifying_key()];
    let report = verify(&trail, &both, Some(&anchor));
    assert_eq!(exit(&report), 0, "{report}");
    assert!(report.to_string().contains("accepted by kim"), "{report}");
    // Who still holds the older anchor is told, too.
    let verifier = Trail::on(trail.clone()).unwrap().verifier();
    let verifier = verifier.key(both[0].clone()).key(both[1].clone());
    let report = verifier.anchor(old_anchor.parse().unwrap()).run().unwrap();
    assert_eq!(
        (report.exit_code(false), report.exit_code(true)),
        (0, 3),
        "{report}"
    );

    // What was accepted is accepted as it was: the lost segment does not come back unseen.
    let returned = trail.copy();
    returned.put(&last, whole.file(&last));
    assert_eq!(exit(&verify(&returned, &both, Some(&anchor))), 1);

    // Retention takes the oldest away, and the rest stays whole.
    write(ours(), 180..200);
    let before = trail.segments().len();
    let removed = ours().prune(NOW).unwrap().unwrap();
    assert!(
        removed.segments > 3 && trail.segments().len() < before,
        "{removed:?}"
    );
    let report = verify(&trail, &keys, Some(&anchor));
    assert_eq!(exit(&report), 0, "{report}");
    assert!(
        report.to_string().contains("removed on purpose"),
        "{report}"
    );
    // Not a record more than was said.
    write(ours(), 200..260);
    let first = trail.segments()[0].clone();
    trail.take(&first);
    assert_eq!(exit(&verify(&trail, &keys, Some(&anchor))), 1);
}

#[test]
fn an_acceptance_counts_only_signed_and_only_for_what_it_was_about() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..60);
    let segment = trail.segments()[0].clone();
    let mut lines = trail.lines(&segment);
    lines[6] = b"damaged\n".to_vec();
    trail.put(&segment, lines.concat());
    let keys = [key(1).verifying_key()];
    assert_eq!(exit(&verify(&trail, &keys, None)), 1);
    let by_another = trail.copy();
    builder(&by_another)
        .allow_unsigned()
        .accept(&accept("nothing to see"))
        .unwrap();
    let report = verify(&by_another, &keys, None);
    assert_eq!(exit(&report), 1, "{report}");
    assert!(!report.idle_acceptances.is_empty());

    builder(&trail)
        .signing_key(key(1))
        .accept(&accept("a bad sector"))
        .unwrap();
    let report = verify(&trail, &keys, None);
    assert_eq!(exit(&report), 0, "{report}");
    assert!(report.to_string().contains("a bad sector"), "{report}");
    lines[6] = b"damaged otherwise\n".to_vec();
    trail.put(&segment, lines.concat());
    let report = verify(&trail, &keys, None);
    assert_eq!(exit(&report), 1, "{report}");
    assert!(report.to_string().contains("has changed"), "{report}");
}

/// A thief signs a segment of his own behind the trail, and hands over to the true key.
#[test]
fn nobody_becomes_one_of_a_line_by_handing_over_to_it() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..20);
    let thief = || SigningKey::from_seed("thief", &[9; 32]).unwrap();
    write(
        builder(&trail).signing_key(thief()).allow_unsigned(),
        20..40,
    );
    write(
        builder(&trail).signing_key(key(1)).hand_over_from(thief()),
        40..50,
    );
    // As it is when the holder of the true key knows nothing of it.
    for segment in trail.segments() {
        let text = String::from_utf8(trail.file(&segment)).unwrap();
        let former = format!(",\"former\":\"{}\"", thief().verifying_key());
        trail.put(&segment, text.replace(&former, "").into_bytes());
    }
    let forger = |name, seed| kaos_tests::by_the_book::Forger::new(name, [seed; 32]);
    for (name, seed) in [("test", 1), ("thief", 9), ("test", 1)] {
        kaos_tests::by_the_book::resign(&trail, &forger(name, seed));
    }
    for keys in [&[][..], &[key(1).verifying_key()]] {
        let report = verify(&trail, keys, None);
        assert_eq!(exit(&report), 1, "{report}");
        assert!(
            report
                .to_string()
                .contains("no valid signature of a key that counts"),
            "{report}"
        );
    }
    // Nor does the writer go on behind what hands over to it.
    let behind = Memory::default();
    write(builder(&behind).signing_key(thief()), 0..20);
    write(
        builder(&behind).signing_key(key(1)).hand_over_from(thief()),
        20..24,
    );
    let last = behind.segments().pop().unwrap();
    behind.take(&last);
    is_refused(builder(&behind).signing_key(key(1)), |why| {
        matches!(why, Refused::Key { .. })
    });
    write(
        builder(&behind).signing_key(key(1)).hand_over_from(thief()),
        24..30,
    );
    for seed in [key(1), thief()] {
        let report = verify(&behind, &[seed.verifying_key()], None);
        assert_eq!(exit(&report), 0, "{report}");
    }
}

/// What is forged into the unsigned end, the next opening signs: it accounts for nothing, and hands
/// over to nobody.
#[test]
fn what_an_opening_finds_it_does_not_vouch_for() {
    let own = |kind: &str, rest: &str| {
        format!("{{\"type\":\"trail_{kind}\",\"time_unix_nano\":\"1\",{rest}}}")
    };
    let empty = kaos_tests::by_the_book::hex(&root(&[]));
    let thief = SigningKey::from_seed("thief", &[9; 32]).unwrap();
    let (ours, theirs) = (key(1).verifying_key(), thief.verifying_key());
    let forged = [
        own(
            "accept",
            &format!("\"from\":0,\"to\":9999,\"root\":\"{empty}\",\"reason\":\"r\",\"who\":\"w\""),
        ),
        own(
            "retention",
            &format!(
                "\"to\":9999,\"log\":\"kaos-trail/{0:032}\",\"root\":\"{empty}\",\"segments\":9",
                1
            ),
        ),
        own("key", &format!("\"from\":\"{ours}\",\"key\":\"{theirs}\"")),
    ];
    let trail = Memory::default();
    let mut writer = builder(&trail).signing_key(key(1)).open_by_hand().unwrap();
    for event in 0..60 {
        writer.write(vec![short_event(event)]).unwrap();
    }
    drop(writer);
    forge(&trail, forged.into_iter());
    is_refused(builder(&trail).signing_key(thief), |why| {
        matches!(why, Refused::Key { .. })
    });
    write(builder(&trail).signing_key(key(1)), 60..80);
    let keys = [key(1).verifying_key()];
    let report = verify(&trail, &keys, None);
    assert_eq!((exit(&report), report.signers.len()), (0, 1), "{report}");
    trail.take(&trail.segments()[0]);
    let report = verify(&trail, &keys, None);
    assert_eq!((exit(&report), report.accounted.len()), (1, 0), "{report}");
}

#[test]
fn old_segments_go_by_age_and_by_size_and_damaged_ones_stay() {
    let trail = Memory::default();
    let clock = ManualClock::at_unix_nanos(NOW);
    let kept = |bytes| {
        builder(&trail)
            .signing_key(key(1))
            .clock(clock.clone())
            .keep_bytes(bytes)
    };
    write(kept(30_000), 0..200);
    let size = |trail: &Memory| {
        trail
            .segments()
            .iter()
            .map(|name| trail.file(name).len())
            .sum::<usize>()
    };
    assert!(size(&trail) < 50_000, "{}", size(&trail));
    let keys = [key(1).verifying_key()];
    let report = verify(&trail, &keys, None);
    assert_eq!(exit(&report), 0, "{report}");
    assert!(
        report.to_string().contains("removed on purpose"),
        "{report}"
    );

    let day = std::time::Duration::from_secs(86_400);
    clock.advance(day * 3);
    let segments = trail.segments();
    let mut bytes = trail.file(&segments[0]);
    bytes[2_000] ^= 1;
    trail.put(&segments[0], bytes.clone());
    let by_age = || {
        builder(&trail)
            .signing_key(key(1))
            .clock(clock.clone())
            .keep_for(day)
    };
    write(by_age(), 200..220);
    assert_eq!(trail.file(&segments[0]), bytes);
    assert!(
        builder(&trail)
            .signing_key(key(1))
            .clock(clock.clone())
            .prune(NOW + 1)
            .is_err()
    );
    bytes[2_000] ^= 1;
    trail.put(&segments[0], bytes);
    write(by_age(), 220..240);
    // The last of them ends when the next one begins, which is not long ago.
    let left: Vec<String> = trail.segments();
    let old: Vec<&String> = left.iter().filter(|name| segments.contains(name)).collect();
    assert_eq!(old, [&segments[segments.len() - 1]]);
    let report = verify(&trail, &keys, None);
    assert_eq!(exit(&report), 0, "{report}");
}

/// Every record, and every older checkpoint, also of a trail whose beginning was removed.
#[test]
fn proofs_hold_and_prove_nothing_else() {
    let trail = Memory::default();
    write(builder(&trail).signing_key(key(1)), 0..60);
    let lines: Vec<Vec<u8>> = trail
        .segments()
        .iter()
        .flat_map(|name| trail.lines(name))
        .collect();
    let notes: Vec<Checkpoint> = lines
        .iter()
        .filter(|line| line.starts_with(b"{\"type\":\"trail_checkpoint\""))
        .map(|line| field(line, "note").unwrap().parse().unwrap())
        .collect();
    let key = key(1).verifying_key();
    let pruned = trail.copy();
    let first = pruned.segments()[0].clone();
    let gone = pruned.lines(&first).len();
    pruned.take(&first);
    for (trail, gone) in [(&trail, 0), (&pruned, gone)] {
        let trail = Trail::on(trail.clone()).unwrap();
        for (record, line) in lines.iter().enumerate().take(lines.len() - 1).skip(gone) {
            let proof = trail.prove_inclusion(record as u64).unwrap();
            let text = proof.to_string();
            let again: InclusionProof = text.parse().unwrap();
            again.verify(&key).unwrap();
            assert_eq!(again.line, line[..line.len() - 1]);
            let mut other = again.clone();
            other.index ^= 1;
            assert!(other.verify(&key).is_err());
            let mut other = again.clone();
            other.line.push(b' ');
            assert!(other.verify(&key).is_err());
            let mut other = again;
            other.path.pop();
            assert!(other.verify(&key).is_err());
        }
        for old in &notes {
            let Ok(proof) = trail.prove_consistency(old) else {
                assert!(old.size < gone as u64, "{old}");
                continue;
            };
            let again: ConsistencyProof = proof.to_string().parse().unwrap();
            again.verify(old, &key).unwrap();
            for other in notes.iter().filter(|other| *other != old) {
                assert!(again.verify(other, &key).is_err());
            }
        }
    }
    assert!(Trail::on(trail).unwrap().prove_inclusion(9_999).is_err());
}

/// What is too long for a record leaves its length and its hash.
#[test]
fn content_that_is_too_long_leaves_its_hash_and_its_length() {
    use kaos_events::{PhaseBuf, Str, Subject, Turn};
    let long = "all work and no play ".repeat(8_000);
    let recorded = |policy: ContentPolicy| {
        let trail = Memory::default();
        let mut turn = Turn::new("a");
        turn.input = Some(Str::from(long.clone()));
        let event = kaos_tests::trails::event(0, Subject::Turn(turn), PhaseBuf::Start);
        let builder = builder(&trail).policies(ContentPolicies::new(policy));
        let mut writer = builder.open_by_hand().unwrap();
        writer.write(vec![event]).unwrap();
        drop(writer);
        let lines = trail.lines(&trail.segments()[0]);
        let line = lines
            .iter()
            .find(|line| line.starts_with(b"{\"timestamp\""))
            .unwrap();
        field(line, "content")
    };
    let hash = kaos_tests::by_the_book::hex(&kaos_tests::by_the_book::sha256(&[long.as_bytes()]));
    let (chars, bytes) = (long.chars().count(), long.len());
    let expected = format!("<redacted:OVERSIZE:{chars}-chars> sha256:{hash} bytes:{bytes}");
    assert_eq!(recorded(ContentPolicy::Redacted), Some(expected));
    let keyed = recorded(ContentPolicy::Hash(HashKey::new([3; 32]).unwrap())).unwrap();
    assert!(
        keyed.starts_with("<redacted:CONTENT:") && keyed.ends_with(&format!("> bytes:{bytes}")),
        "{keyed}"
    );
    assert!(!keyed.contains(&hash));
    assert_eq!(recorded(ContentPolicy::None), None);
}

/// A service that holds the key, and is away sometimes.
struct Service {
    key: SigningKey,
    fails: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Signer for Service {
    fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    fn sign(&self, text: &[u8]) -> std::io::Result<[u8; 64]> {
        if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        Signer::sign(&self.key, text)
    }
}

#[test]
fn what_cannot_be_signed_waits_as_if_the_disk_had_failed() {
    let trail = Memory::default();
    let fails = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
    let service = Service {
        key: key(1),
        fails: std::sync::Arc::clone(&fails),
    };
    let mut writer = builder(&trail).signing_key(service).open_by_hand().unwrap();
    let turn = || short_events(20);
    writer.write(turn()).unwrap();
    fails.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.write(turn()).unwrap_err();
    assert_eq!(exit(&verify(&trail, &[key(1).verifying_key()], None)), 0);
    fails.store(false, std::sync::atomic::Ordering::Relaxed);
    writer.write(turn()).unwrap();
    writer.seal().unwrap();
    let report = verify(&trail, &[key(1).verifying_key()], None);
    assert_eq!((exit(&report), report.unsigned_tail), (0, 0), "{report}");
}

/// An opening signs what it finds; that nobody had signed it before stays in the trail.
#[test]
fn what_was_unsigned_when_the_trail_was_opened_stays_told() {
    let trail = Memory::default();
    let mut writer = builder(&trail).signing_key(key(1)).open_by_hand().unwrap();
    writer.write(short_events(10)).unwrap();
    drop(writer);
    forge_tail(&trail, 5);
    write(builder(&trail).signing_key(key(1)), 10..20);
    let report = verify(&trail, &[key(1).verifying_key()], None);
    assert_eq!(exit(&report), 0, "{report}");
    let unsigned = report
        .recoveries
        .iter()
        .find(|it| it.found == Found::Unsigned)
        .unwrap();
    assert_eq!(unsigned.from_seq, 2);
}

/// However disks fail, no more than 512 records are without a checkpoint.
#[test]
fn a_failing_disk_does_not_stretch_what_is_unsigned() {
    let files = Memory::default();
    let disk = Full::new(&files, "full");
    let builder = AuditHook::builder("")
        .storage(disk.clone())
        .signing_key(key(1));
    let mut writer = builder.open_by_hand().unwrap();
    let works: Vec<_> = short_events(400)
        .into_iter()
        .filter(|event| event.seq / 2 % 10 != 9)
        .collect();
    for round in 0..6 {
        disk.fail(round % 3);
        let _full = writer.write(works.clone());
    }
    drop(writer);
    let report = verify(&files, &[key(1).verifying_key()], None);
    assert_eq!(exit(&report), 0, "{report}");
    assert!(report.unsigned_tail <= 512, "{report}");
}
