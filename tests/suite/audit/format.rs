//! The document of the format: its examples are what it says, and what is written today.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kaos_events::{ManualClock, codec};
use kaos_hooks::audit::{
    AuditHook, Checkpoint, ConsistencyProof, InclusionProof, SigningKey, Trail, Verification,
    VerifyingKey,
};
use kaos_tests::by_the_book::{field, hashed, hex, peaks, root, sha256, verifies};
use kaos_tests::trails::{Memory, NOW, short_events};

/// The documents of this version, and of the one before.
const DOCUMENT: &str = include_str!("../../../docs/audit-format.md");
const DOCUMENT_1: &str = include_str!("../../../docs/audit-format-1.md");

/// The document's blocks with a name, as files.
fn examples() -> BTreeMap<&'static str, &'static str> {
    examples_of(DOCUMENT)
}

fn examples_of(document: &'static str) -> BTreeMap<&'static str, &'static str> {
    let blocks = document.split("\n```text ").skip(1);
    let named = blocks.filter_map(|block| {
        let (name, rest) = block.split_once('\n')?;
        let (text, _) = rest.split_once("\n```")?;
        let end = text.len() + 1; // the last line's break
        name.contains('/').then_some((name, &rest[..end]))
    });
    named.collect()
}

/// The files of one of the document's trails.
pub(super) fn trail(name: &str) -> Memory {
    trail_of(DOCUMENT, name)
}

fn trail_of(document: &'static str, name: &str) -> Memory {
    let memory = Memory::default();
    for (path, text) in examples_of(document) {
        if let Some(file) = path
            .strip_prefix(name)
            .and_then(|path| path.strip_prefix("/seg-"))
        {
            memory.put(&format!("seg-{file}"), text.into());
        }
    }
    assert!(memory.segments().len() >= 2, "{name}");
    memory
}

fn verify(trail: &Memory, key: bool, anchor: Option<&str>) -> Verification {
    verify_of(DOCUMENT, trail, key, anchor)
}

fn verify_of(
    document: &'static str,
    trail: &Memory,
    key: bool,
    anchor: Option<&str>,
) -> Verification {
    let examples = examples_of(document);
    let mut verifier = Trail::on(trail.clone()).unwrap().verifier();
    if key {
        verifier = verifier.key(examples["key/verifier"].trim().parse().unwrap());
    }
    if let Some(anchor) = anchor {
        verifier = verifier.anchor(examples[anchor].parse().unwrap());
    }
    verifier.run().unwrap()
}

#[test]
fn the_examples_verify_as_the_document_says() {
    for document in [DOCUMENT, DOCUMENT_1] {
        let (trail, examples) = (|name| trail_of(document, name), || examples_of(document));
        let verify = |trail: &Memory, key, anchor| verify_of(document, trail, key, anchor);
        let recovered = trail("recovered");
        let report = verify(&recovered, true, Some("recovered/anchor"));
        assert_eq!(report.exit_code(true), 0, "{report}");
        assert_eq!(report.recoveries.len(), 1);
        assert_eq!(verify(&recovered, true, None).exit_code(true), 3);

        let segments = recovered.segments();
        recovered.take(&segments[1]);
        let cut = examples()
            .into_iter()
            .find(|(path, _)| path.starts_with("recovered/quarantine/"));
        let cut = cut.unwrap().1.strip_suffix('\n').unwrap();
        recovered.put(
            &segments[0],
            [&*recovered.file(&segments[0]), cut.as_bytes()].concat(),
        );
        let report = verify(&recovered, true, None);
        assert_eq!(report.exit_code(false), 4, "{report}");
        assert_eq!(report.torn.unwrap().from_seq, 7);
        let report = verify(&recovered, true, Some("recovered/anchor"));
        assert_eq!(report.exit_code(false), 1, "{report}");
        assert!(report.to_string().contains("to 11 are missing"), "{report}");

        let failed = trail("failed");
        let report = verify(&failed, false, Some("failed/anchor"));
        assert_eq!(
            (report.exit_code(true), report.gaps.len()),
            (0, 1),
            "{report}"
        );
        assert_eq!(verify(&failed, true, None).exit_code(false), 1);
    }
}

#[test]
fn the_examples_hashes_trees_and_notes_are_those_of_the_definitions() {
    for (document, name) in [
        (DOCUMENT, "recovered"),
        (DOCUMENT, "failed"),
        (DOCUMENT_1, "recovered"),
        (DOCUMENT_1, "failed"),
    ] {
        let (examples, trail) = (examples_of(document), trail_of(document, name));
        let (mut prev, mut leaves) = ([0; 32], Vec::<Vec<u8>>::new());
        for expected in examples[format!("{name}/records").as_str()].lines() {
            let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
            let expected = |field: &str| expected[field].clone();
            let segment = expected("segment");
            let lines = trail.lines(segment.as_str().unwrap());
            let line = lines
                .iter()
                .find(|line| hashed(line).1 == expected("h"))
                .unwrap();
            let (part, h) = hashed(line);
            prev = sha256(&[&prev, part]);
            assert_eq!(hex(&prev), h);
            let before: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
            assert_eq!(hex(&root(&before)), expected("root_before"));
            let subtrees: Vec<String> = peaks(&before).iter().map(|peak| hex(peak)).collect();
            assert_eq!(serde_json::json!(subtrees), expected("subtrees_before"));
            let leaf = line.strip_suffix(b"\n").unwrap();
            assert_eq!(hex(&sha256(&[&[0], leaf])), expected("leaf_hash"));
            if let Some(note) = field(line, "note") {
                let stated = note.lines().nth(2).unwrap();
                assert_eq!(BASE64.decode(stated).unwrap(), root(&before));
                let signed = name == "recovered";
                assert_eq!(note.contains('\u{2014}'), signed);
                assert!(!signed || verifies(&note, examples["key/verifier"].trim()));
            }
            leaves.push(leaf.to_vec());
        }
    }
}

/// Two keys, an opening without one that was accepted, and a beginning that was removed.
#[test]
fn a_trail_of_everything_that_version_2_has_verifies_and_so_do_its_proofs() {
    let (life, examples) = (trail("life"), examples());
    let keys = ["key/verifier", "key/second"].map(|key| examples[key].trim());
    let newest: Checkpoint = examples["life/anchor"].parse().unwrap();
    for (key, exits) in keys.into_iter().zip([1, 0]) {
        let verifier = Trail::on(life.clone()).unwrap().verifier();
        let key: VerifyingKey = key.parse().unwrap();
        let report = verifier
            .key(key.clone())
            .anchor(newest.clone())
            .run()
            .unwrap();
        assert_eq!(report.exit_code(true), exits, "{report}");
        if exits == 0 {
            assert_eq!(report.accounted.len(), 2, "{report}");
            let proof: InclusionProof = examples["life/inclusion"].parse().unwrap();
            proof.verify(&key).unwrap();
            let proof: ConsistencyProof = examples["life/consistency"].parse().unwrap();
            proof
                .verify(&examples["life/older"].parse().unwrap(), &key)
                .unwrap();
        }
    }
}

/// What is written now has the fields that the document shows, in their order.
#[test]
fn the_writer_still_writes_what_the_document_shows() {
    let key: SigningKey = examples()["key/secret"].trim().parse().unwrap();
    assert_eq!(
        key.verifying_key().to_string(),
        examples()["key/verifier"].trim()
    );
    let clock = ManualClock::at_unix_nanos(NOW);
    let files = Memory::default();
    let open = || {
        let builder = AuditHook::builder("")
            .storage(files.clone())
            .signing_key(key.clone());
        builder.clock(clock.clone()).open_by_hand().unwrap()
    };
    let shown = trail("recovered");
    let first = shown.segments()[0].clone();
    let event = |line: &Vec<u8>| {
        line.starts_with(b"{\"timestamp\"")
            .then(|| codec::decode(line).unwrap())
    };
    let turn: Vec<_> = shown.lines(&first).iter().filter_map(event).collect();
    let mut writer = open();
    writer.write(turn[..2].to_vec()).unwrap();
    clock.advance(std::time::Duration::from_millis(5));
    writer.write(turn[2..].to_vec()).unwrap();
    drop(writer);
    let cut = b"{\"timestamp\":0.007,\"sequence\":4,\"sess";
    files.put(&first, [&*files.file(&first), cut].concat());
    clock.advance(std::time::Duration::from_secs(9));
    let mut writer = open();
    writer.write(short_events(2)).unwrap();
    writer.seal().unwrap();

    assert_eq!(files.segments(), shown.segments());
    for segment in files.segments() {
        let (now, then) = (files.lines(&segment), shown.lines(&segment));
        assert_eq!(now.len(), then.len(), "{segment}");
        for (now, then) in now.iter().zip(&then) {
            assert_eq!(masked(now), masked(then));
        }
    }
}

/// A line without what differs from trail to trail, machine to machine and process to process.
fn masked(line: &[u8]) -> String {
    let mut line = String::from_utf8(line.to_vec()).unwrap();
    for name in [
        "log",
        "note",
        "prev",
        "tree",
        "policy",
        "host",
        "pid",
        "h",
        "offset",
        "quarantine",
    ] {
        if let Some(at) = line.find(&format!("\"{name}\":")) {
            let begin = at + name.len() + 3;
            let close = match line.as_bytes()[begin] {
                b'"' => '"',
                b'[' => ']',
                _ => ',',
            };
            let end = begin + 1 + line[begin + 1..].find(close).unwrap();
            line.replace_range(begin..end, "…");
        }
    }
    line
}

/// The key and the signature of the examples of Go's package `note`.
#[test]
fn keys_are_those_of_other_implementations() {
    const SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key: SigningKey = SECRET.parse().unwrap();
    assert_eq!(key.verifying_key().to_string(), PUBLIC);
    assert_eq!(key.to_secret_text().as_str(), SECRET);
    assert_eq!(PUBLIC.parse::<VerifyingKey>().unwrap(), key.verifying_key());
    assert!(verifies(NOTE, PUBLIC));
}

/// The vectors of RFC 6962's first implementation: the second reader's roots are right, and with
/// them those that it is compared with.
#[test]
fn roots_are_those_of_certificate_transparency() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, expected) in roots.into_iter().enumerate() {
        assert_eq!(hex(&root(&leaves[..size])), expected, "{size}");
    }
}

/// One text for one meaning.
#[test]
fn a_checkpoint_has_one_text_form() {
    let good = examples()["recovered/anchor"];
    good.parse::<Checkpoint>().unwrap();
    let wrong = [
        ("\n12\n", "\n012\n"),
        ("\n12\n", "\n+12\n"),
        ("\n12\n", "\n 12\n"),
        ("\n12\n", "\n12\r\n"),
        ("\n12\n", "\n12\nextension\n"),
        ("kaos-trail/", "Kaos-trail/"),
        ("kaos-trail/", "kaos-trail/0"),
        ("=\n\n", "\n\n"),
        ("\n\n\u{2014} ", "\n\n\u{2014}  "),
        ("\n\n\u{2014} ", "\n\n- "),
        ("\n\n\u{2014} ", "\n\n\n\u{2014} "),
    ];
    for (from, to) in wrong {
        assert!(good.contains(from), "{from:?}");
        let text = good.replacen(from, to, 1);
        assert!(text.parse::<Checkpoint>().is_err(), "{text}");
    }
    for text in ["", "\n", good.trim_end(), &format!("{good}\n")] {
        assert!(text.parse::<Checkpoint>().is_err(), "{text:?}");
    }
}

/// Records, fields and causes of a newer version are read over; a newer format is not.
#[test]
fn what_a_newer_version_adds_is_ignored_and_what_it_changes_is_refused() {
    let newer = |from: &str, to: &str| {
        let trail = trail("failed");
        let last = trail.segments()[1].clone();
        let text = String::from_utf8(trail.file(&last)).unwrap();
        assert!(text.contains(from));
        trail.put(&last, text.replacen(from, to, 1).into_bytes());
        let first = trail.segments()[0].clone();
        let lines = trail.lines(&first);
        trail.put(&first, lines[..3].concat()); // without what is superseded
        kaos_tests::by_the_book::relink(&trail, &kaos_tests::by_the_book::Notes::Stripped);
        trail
    };
    for (from, to) in [
        ("\"cause\":\"failed\"", "\"cause\":\"unheard of\""),
        ("\"trail_gap\"", "\"trail_news\""),
        ("\"lost\":0", "\"found\":[{}],\"lost\":0"),
        ("\"pid\"", "\"kernel\":\"7\",\"pid\""),
    ] {
        let report = verify(&newer(from, to), false, None);
        assert!(report.is_intact(), "{to}: {report}");
    }
    let trail = newer("\"format\":2", "\"format\":3");
    let report = verify(&trail, false, None);
    assert_eq!(report.exit_code(false), 1, "{report}");
    assert!(report.to_string().contains("newer"), "{report}");
    let before = trail.copy();
    let error = AuditHook::builder("")
        .storage(trail.clone())
        .open_by_hand()
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("newer"), "{source}");
    assert_eq!(trail.segments(), before.segments());
}
