//! What holds for every input.

use std::collections::BTreeSet;
use std::error::Error;

use kaos_hooks::redact::{Class, ContentPolicy, HashKey, JsonPath, Redactor};
use kaos_tests::text::Seeded;
use proptest::prelude::*;
use serde_json::Value;

use super::canary::{CANARIES, WITHOUT, disguises};
use super::shape::{self, Node};

/// Pieces that scanners start at, cut at and stumble over.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "password",
        "token",
        "api_key",
        "user",
        "secret",
        "Authorization",
        "Cookie",
        "=",
        ": ",
        " = ",
        "\"",
        "'",
        "\\\"",
        "\\",
        "\n",
        "\n\n",
        " ",
        "\t",
        ";",
        "&",
        "?",
        ",",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        "@",
        "a@b.co",
        "://",
        "https://",
        "postgres://u:p1@h.io/d",
        "%40",
        "%2e",
        "\\u0040",
        "\\n",
        "-",
        ".",
        "Bearer ",
        "Basic ",
        "Basic dXNlcjpwYXNzd29yZA==",
        "sk-",
        "sk-ant-api03-",
        "ghp_",
        "AKIA",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----END PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n",
        "4111 1111 1111 1111",
        "4111",
        "123-45-6789",
        "GB82 WEST 1234 5698 7654 32",
        "\u{200b}",
        "４１１１",
        "é",
        "<redacted:",
        "<redacted:EMAIL:5-chars>",
        "<redacted:CARD:19-chars",
        "machine x login y password z1",
        "psexec -u bob -p hunter2",
        "the password is hunter2",
        "user: bob\n",
        "password: x1y2z3\n",
        "null",
        "true",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        6 => fixed,
        2 => "[a-zA-Z0-9_.-]{1,24}",
        1 => "[0-9]{1,20}",
        1 => "[A-Za-z0-9+/]{20,90}",
        1 => any::<char>().prop_map(String::from),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::from(4_111_111_111_111_111_u64)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(), inner.clone()), 0..6)
                .prop_map(|fields| Value::from(serde_json::Map::from_iter(fields))),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

/// A text in pieces of so many bytes, or as few more as its letters ask for.
fn in_chunks(text: &str, size: usize) -> Vec<&str> {
    let (mut chunks, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let mut at = size.min(rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        chunks.push(&rest[..at]);
        rest = &rest[at..];
    }
    chunks
}

fn stream(chunks: &[&str]) -> String {
    let mut stream = Redactor::new().stream();
    let mut out: String = chunks.iter().map(|chunk| stream.push(chunk)).collect();
    out += &stream.finish();
    out
}

/// In pieces of any size, a text gives the whole.
fn streams_alike(text: &str, whole: &str, place: &str) {
    for size in [100, 4096, 40_000, 65_537] {
        let streamed = stream(&in_chunks(text, size));
        assert!(streamed == whole, "{place}: chunks of {size}");
    }
}

#[test]
fn a_name_that_goes_says_nothing_about_its_value() {
    for name in ["x@mail.example", "-----BEGIN PRIVATE KEY-----\n"] {
        let text =
            serde_json::json!({"password": {name: -4_603_938_283_204_618_547_i64}}).to_string();
        let once = Redactor::new().json(&text).into_text().into_owned();
        assert!(!once.contains("4603938283204618547"), "{once}");
        let twice = Redactor::new().json(&once).into_text().into_owned();
        assert_eq!(twice, once);
    }
    let text = r#"{"-----BEGIN PRIVATE KEY-----\n":{"password z1-password: secret":"password"}}"#;
    let once = Redactor::new().json(text).into_text().into_owned();
    let twice = Redactor::new().json(&once).into_text().into_owned();
    assert_eq!(twice, once);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once(text in text()) {
        let redactor = Redactor::new();
        let once = redactor.text(&text).into_text().into_owned();
        let twice = redactor.text(&once);
        prop_assert_eq!(twice.as_str(), once.as_str());
        let once = redactor.any(&text).into_text().into_owned();
        let twice = redactor.any(&once);
        prop_assert_eq!(twice.as_str(), once.as_str());
    }

    #[test]
    fn output_grows_by_at_most_40_bytes_a_finding(text in text()) {
        let safe = Redactor::new().text(&text);
        prop_assert!(safe.as_str().len() <= text.len() + 40 * safe.report().total());
    }

    #[test]
    fn json_stays_json_of_the_same_shape(value in json()) {
        let text = value.to_string();
        let safe = Redactor::new().json(&text);
        let (before, after) = (Node::read(&text), Node::read(safe.as_str()));
        prop_assert!(shape::same(&before, &after), "{text}\n{safe}");
        let twice = Redactor::new().json(safe.as_str()).into_text().into_owned();
        prop_assert_eq!(twice, safe.as_str());
    }

    #[test]
    fn any_chunking_gives_the_whole(text in text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let whole = Redactor::new().text(&text).into_text().into_owned();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.push(0);
        cuts.push(text.len());
        cuts.sort_unstable();
        let chunks: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        prop_assert_eq!(stream(&chunks), whole.clone());
        let letters: Vec<&str> = text.split("").collect();
        prop_assert_eq!(stream(&letters), whole);
    }

    #[test]
    fn a_canary_is_never_in_the_output(before in "[a-z ]{0,40}", after in "[a-z ]{0,40}", which in 0..CANARIES.len(), seed in any::<u64>()) {
        let redactor = Redactor::new();
        let (class, make) = CANARIES[which];
        let canary = make(seed);
        for (disguise, text) in disguises(&canary, &before, &after) {
            let safe = redactor.any(&text);
            prop_assert!(!safe.as_str().contains(&canary.secret), "{class} {disguise}: {text}\n{safe}");
            prop_assert!(!safe.report().is_empty(), "{class} {disguise}: {text}\n{safe}");
            let shown = format!("{safe:?}{:?}", redactor.json(&text));
            prop_assert!(!shown.contains(&canary.secret));
            let mut stream = redactor.stream();
            let head = stream.push(&text);
            let shown = format!("{stream:?}");
            prop_assert!(!shown.contains(&canary.secret));
            let out = head + &stream.finish();
            prop_assert!(!out.contains(&canary.secret), "{class} {disguise} in a stream: {text}\n{out}");
        }
    }
}

#[test]
fn every_row_of_a_statement_loses_its_secret_in_any_chunks() {
    for count in [3, 300, 3000] {
        for (behind_values, behind_row) in
            [(" ", ","), ("\n", ",\n"), ("\n  ", ",\n  "), (" ", ", ")]
        {
            for columns in ["(name, password)", "(\n  name,\n  password\n)"] {
                let rows: Vec<String> = (0..count)
                    .map(|n| format!("('kim{n}', 'hunter{n} and {n}')"))
                    .collect();
                let rows = rows.join(behind_row);
                let text = format!(
                    "-- users\nINSERT INTO users {columns} VALUES{behind_values}{rows};\n-- the end\n"
                );
                let whole = Redactor::new().text(&text).into_text().into_owned();
                let place = format!("{count} rows behind {behind_values:?} and {behind_row:?}");
                assert!(!whole.contains("hunter"), "{place}");
                assert!(whole.ends_with("\n-- the end\n"), "{place}");
                let known = whole.matches("<redacted:PASSWORD:").count();
                assert!(known >= count.min(1000), "{place}: {known}");
                streams_alike(&text, &whole, &place);
                let json = serde_json::json!({ "sql": text }).to_string();
                let whole = Redactor::new().json(&json).into_text().into_owned();
                assert!(!whole.contains("hunter"), "{place} in JSON");
            }
        }
    }
}

#[test]
fn rows_of_all_kinds_lose_their_secrets() {
    let redactor = Redactor::new();
    let long = "x".repeat(9000);
    let head = "INSERT INTO users (name, password) VALUES";
    for text in [
        format!("{head} (NOW(), 'hunter2'),\n(N'kim', N'hunter3'), ('a' || 'b', MD5('hunter4'))"),
        format!("{head} (E'k', 'hunter2'), (_binary 'x', 'hunter3'), ('2020-01-01'::date, 'hunter4');"),
        format!("{head}\n('k', 'hunter2'),\n-- more, (of them)\n('l', 'hunter3') /* x */, # y\n('m', 'hunter4')"),
        format!("{head}\n('k', 'hunter2'),\n\n('a\nb', 'hunter3'),\n\n\n('m', 'hunter4');"),
        format!("{head} ('{long}', 'hunter2'), ('k', 'hunter3', 5),{}('m', 'hunter4')", " ".repeat(90)),
        format!("{head} ('a <redacted:OVERSIZE:5-chars>\nb', 'hunter2'),\n('l', 'hunter3'),\n('m', 'hunter4')"),
        "INSERT IGNORE INTO `my-db`.`users` (`först-name`, `password`) VALUES ('k', 'hunter2')".into(),
        "REPLACE INTO [dbo].[users] AS u (name, password) OVERRIDING SYSTEM VALUE VALUES ('k', 'hunter2')".into(),
        "INSERT INTO users\n  (name, password)\nVALUES\n  ('k', 'hunter2')".into(),
        format!("{head} ('k', 'hunter2');\n{}\nafter", "A".repeat(65_536)),
        format!(
            "{}INSERT INTO files (id, data) VALUES (1, '{}');\n{head} ('m', 'hunter9');\n",
            format!("{head} ('k', 'hunter2');\n").repeat(5),
            "QUJD".repeat(17_000),
        ),
        format!("{head}\nAKIA2OSFODNN7QXAMPLF hunter2\npassword=hunter3\n{}", "A".repeat(65_536)),
    ] {
        let safe = redactor.text(&text).into_text().into_owned();
        let line = safe.lines().find(|line| line.contains("hunter") || line.contains("AKIA"));
        let is_bare = text.contains("AKIA");
        assert!(
            line.is_none_or(|line| is_bare && line.ends_with(" hunter2") && !line.contains("AKIA")),
            "{}: {line:?}",
            &text[..text.len().min(120)]
        );
    }
}

#[test]
fn a_number_is_not_cut_where_a_unit_is_full() {
    let redactor = Redactor::new();
    for head in ["insert into users (name,\n password)\n", "prose and prose "] {
        for extra in 0..20 {
            let separator = if head.ends_with('\n') { "\n" } else { ", and " };
            let cards = format!("4111 1111 1111 1111{separator}").repeat(4000);
            let text = format!("{}{head}{cards}", "x ".repeat(extra));
            let safe = redactor.text(&text).into_text().into_owned();
            assert!(!safe.contains("1111"), "{head:?} behind {extra}");
        }
    }
}

#[test]
fn a_private_key_in_a_block_and_what_is_below_it_go_at_once() {
    let redactor = Redactor::new();
    for text in [
        "password:|\n -----BEGIN PRIVATE KEY-----\nd|\n hunter2\n",
        "password: |\n  -----BEGIN PRIVATE KEY-----\n  MIIE\nMIIE\nfin: it\n  hunter2\nafter: it\n",
    ] {
        let once = redactor.text(text).into_text().into_owned();
        assert!(!once.contains("hunter2"), "{once}");
        assert_eq!(redactor.text(&once).as_str(), once);
    }
}

#[test]
fn documents_are_at_rest_when_they_were_redacted_once() {
    let redactor = Redactor::new();
    for (text, safe) in [
        (
            r#"{"password=a1b2":1,"password=c3d4":2}"#,
            r#"{"password=<redacted:PASSWORD:4-chars>":1,"password=<redacted:PASSWORD:4-chars> (2)":2}"#,
        ),
        (
            r#"["--user","a.пароль=hunter2"]"#,
            r#"["--user","a.пароль=<redacted:PASSWORD:7-chars>"]"#,
        ),
        (
            r#"["--user","<redacted:USERNAME:3-chars>:hunter2"]"#,
            r#"["--user","<redacted:PASSWORD:35-chars>"]"#,
        ),
    ] {
        assert_eq!(redactor.json(text).as_str(), safe);
        assert_eq!(redactor.json(safe).as_str(), safe);
    }
}

#[test]
fn long_tokens_become_oversize_in_both_forms() {
    let redactor = Redactor::new();
    let long = "x".repeat(70_000);
    let text = format!("before {long} after {long}");
    let whole = redactor.text(&text).into_text().into_owned();
    assert_eq!(
        whole,
        "before <redacted:OVERSIZE:70000-chars> after <redacted:OVERSIZE:70000-chars>"
    );
    for size in [1, 7, 4096, 65_535, 65_536, 65_537, 100_000] {
        let bytes: Vec<char> = text.chars().collect();
        let chunks: Vec<String> = bytes.chunks(size).map(String::from_iter).collect();
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        assert_eq!(stream(&chunks), whole, "chunks of {size}");
    }
}

#[test]
fn a_private_key_of_lines_of_any_length_leaves_nothing_in_any_chunks() {
    const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let body = Seeded::new(5).string(BASE64, 150_000);
    let ends = [
        "\n-----END PRIVATE KEY-----\nand prose\n",
        "\n-----END PRIVATE KEY-----",
        "\n",
        "",
        "\nand a line of prose",
    ];
    for width in [20, 64, 199, 5000, 65_000, 70_000, 100_000, 150_000] {
        for end in ends {
            let lines: Vec<&str> = (0..body.len())
                .step_by(width)
                .map(|at| &body[at..body.len().min(at + width)])
                .collect();
            let text = format!("-----BEGIN PRIVATE KEY-----\n{}{end}", lines.join("\n"));
            let whole = Redactor::new().text(&text).into_text().into_owned();
            let place = format!("lines of {width}, then {end:?}");
            assert!(whole.len() < 200, "{place}: {} bytes stay", whole.len());
            streams_alike(&text, &whole, &place);
        }
    }
}

#[test]
fn a_block_below_a_key_of_any_length_leaves_nothing_in_any_chunks() {
    const WORDS: &str = "abcdefghijklmnopqrstuvwxyz é";
    let body = Seeded::new(6).string(WORDS, 150_000);
    let letters: Vec<char> = body.chars().collect();
    for (width, mark) in [
        (20, "|"),
        (199, ">-"),
        (5000, "|2"),
        (60_000, "|"),
        (64_000, "|"),
        (70_000, "|"),
        (150_000, ">"),
    ] {
        for indent in ["", "   "] {
            let lines: Vec<String> = letters
                .chunks(width)
                .map(|line| format!("{indent}  x{}", line.iter().collect::<String>()))
                .collect();
            let block = lines.join("\n");
            let head = format!("kind: a\n{indent}password: {mark}\n");
            for end in ["", "\n", "\nafter: it\n"] {
                let text = format!("{head}{block}{end}");
                let whole = Redactor::new().text(&text).into_text().into_owned();
                let place = format!("lines of {width} by {indent:?}, then {end:?}");
                assert!(whole.starts_with(&head) && whole.ends_with(end), "{place}");
                let shown = whole.len() - head.len();
                assert!(shown < 150, "{place}: {shown} bytes stay");
                assert_eq!(Redactor::new().text(&whole).as_str(), whole, "{place}");
                streams_alike(&text, &whole, &place);
            }
        }
    }
}

#[test]
fn a_private_key_over_the_limit_leaves_nothing() {
    let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n";
    let text = format!(
        "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\nafter\n",
        line.repeat(3000)
    );
    let whole = Redactor::new().text(&text).into_text().into_owned();
    assert!(
        !whole.contains("MIIE") && whole.ends_with("\nafter\n"),
        "{}",
        &whole[..whole.len().min(400)]
    );
    let chunks: Vec<&str> = text.split_inclusive('\n').collect();
    assert_eq!(stream(&chunks), whole);
    assert_eq!(Redactor::new().text(&whole).as_str(), whole);
}

#[test]
fn a_stream_holds_back_at_most_64_kib() {
    let mut stream = Redactor::new().stream();
    let (mut given, mut got) = (0, 0);
    for _ in 0..40 {
        let chunk = "some words without a line break, ".repeat(150);
        given += chunk.len();
        got += stream.push(&chunk).len();
        assert!(given - got < 64 * 1024, "{}", given - got);
    }
}

#[test]
fn every_class_has_a_canary_of_its_own() {
    let planted: BTreeSet<&str> = CANARIES.iter().map(|(class, _)| *class).collect();
    for class in Class::BUILT_IN {
        let name = class.as_str();
        assert!(planted.contains(name) != WITHOUT.contains(&name), "{name}");
    }
    for (class, make) in CANARIES {
        for seed in 0..50 {
            let text = make(seed).text;
            let safe = Redactor::new()
                .text(&format!("see {text} there"))
                .to_string();
            assert!(
                safe.contains(&format!("<redacted:{class}:")),
                "{class}: {safe}"
            );
        }
    }
}

#[test]
fn no_error_and_no_debug_shows_content() {
    // What is found on request, and what an own rule finds.
    let redactor = Redactor::builder()
        .ip_addresses()
        .phone_numbers()
        .rule("BADGE", "BDG-", "BDG-[0-9]{8}")
        .build()
        .unwrap();
    let canaries = ["203.0.113.77", "+49 151 23456789", "BDG-40718823"];
    for canary in canaries {
        let text = format!("from {canary} today");
        let safe = redactor.any(&text);
        assert!(
            !safe.as_str().contains(canary) && !format!("{safe:?}{redactor:?}").contains(canary)
        );
    }
    // A key is content; its error says only how long it was.
    let key = "k3y-of-tenant!";
    let error = HashKey::new(key).unwrap_err();
    assert!(!format!("{error}{error:?}").contains(key));
    let key = "k3y-of-tenant-0815!";
    let shown = HashKey::new(key).unwrap();
    let with = Redactor::builder().tokens(shown.clone()).build().unwrap();
    let policy = ContentPolicy::Hash(shown.clone());
    assert!(!format!("{shown:?}{with:?}{policy:?}").contains(key));
    // A rule and a path are configuration: their errors show them, and nothing of their sources.
    for (name, make) in CANARIES {
        let secret = make(4711).secret;
        let builder =
            Redactor::builder()
                .rule("MINE", &secret, "(")
                .checked_rule("ITS", "abc", "a*", {
                    let secret = secret.clone();
                    move |found| found == secret
                });
        assert!(!format!("{builder:?}").contains(&secret), "{name}");
        for (literal, regex) in [
            ("abc", format!("{secret}(")),
            (&*secret, "a*".to_owned()),
            (&*secret.repeat(40), "abc".to_owned()),
        ] {
            let error = Redactor::builder()
                .rule("MINE", literal, &regex)
                .build()
                .unwrap_err();
            assert!(!error.to_string().contains(&secret), "{name}: {error}");
        }
        let error = format!("items.{secret}").parse::<JsonPath>().unwrap_err();
        let chain: Option<&dyn Error> = error.source();
        assert!(chain.is_none(), "{name}");
    }
}
