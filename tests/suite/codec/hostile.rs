//! Lines that are malformed, by accident or on purpose.

use kaos_events::codec::{self, MAX_LINE_BYTES};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::arbitrary;

/// Checks that the line is refused for this reason, at the byte before which `§` stands. The JSON
/// parser has the last byte that it read when it saw what is wrong.
#[track_caller]
fn check(line: &str, reason: &str) {
    let (before, after) = line.split_once('§').unwrap();
    check_at(format!("{before}{after}").as_bytes(), before.len(), reason);
}

#[track_caller]
fn check_at(line: &[u8], offset: usize, reason: &str) {
    let error = codec::decode(line).unwrap_err();
    let found = (error.offset(), error.kind().to_string());
    assert_eq!(found, (offset, reason.to_owned()));
    assert_eq!(error.to_string(), format!("invalid event at byte {offset}"));
}

/// A text delta of these fields, all of which it needs.
fn delta(timestamp: &str, sequence: &str, run_id: &str, content: &str) -> String {
    format!(
        r#"{{"timestamp":{timestamp},"sequence":{sequence},"run_id":{run_id},"content":{content},"type":"text_delta"}}"#
    )
}

/// A tool call in this phase, with these further fields.
fn tool(phase: &str, more: &str) -> String {
    format!(
        r#"{{"timestamp":1,"sequence":0,"run_id":"r","type":"span","subject":"tool_call","phase":"{phase}","span_id":"0000000000000001",{more}}}"#
    )
}

#[test]
fn what_is_not_a_json_object_is_refused() {
    check("§", "EOF while parsing a value");
    check("§\n", "EOF while parsing a value");
    check("  §", "EOF while parsing a value");
    check("nul§l", "invalid type: null, expected an object");
    check("1§7", "invalid type: integer `17`, expected an object");
    check("§[]", "invalid type: sequence, expected an object");
    check("§NaN", "expected value");
    check("{§'type':1}", "key must be a string");
    check(r#"{"type"§}"#, "expected `:`");
    check(r#"{"type":1,§}"#, "trailing comma");
    check("§\u{feff}{}", "expected value");
}

#[test]
fn a_truncated_line_is_refused_wherever_it_was_cut() {
    let whole = tool(
        "complete",
        r#""outcome":{"result":"é"},"attributes":{"a":[]}"#,
    );
    assert!(codec::decode(whole.as_bytes()).is_ok());
    for cut in 0..whole.len() {
        let error = codec::decode(&whole.as_bytes()[..cut]).unwrap_err();
        assert!(error.offset() <= cut, "{cut}: {error}");
    }
    check(r#"{"type":"text_del§"#, "EOF while parsing a string");
    check(r#"{"type":"text_delta"§"#, "EOF while parsing an object");
}

#[test]
fn what_follows_the_object_is_refused() {
    let line = delta("1", "0", r#""r""#, r#""""#);
    check(&format!("{line}§x"), "trailing characters");
    check(&format!("{line} §{{}}"), "trailing characters");
    check(&format!("{line}§\n\n"), "line break within the line");
    check("{§\n}", "line break within the line");
    check("{§\r}", "line break within the line");
    check(&format!("{line}§\0"), "trailing characters");
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    check_at(b"\xff", 0, "not UTF-8");
    check_at(b"{\"type\":\"\xc3\"}", 9, "not UTF-8");
    // A surrogate, an overlong slash, a cut sequence.
    check_at(b"{\"a\":\"\xed\xa0\x80\"}", 6, "not UTF-8");
    check_at(b"{\"a\":\"\xc0\xaf\"}", 6, "not UTF-8");
    check_at(b"{\"a\":\"\xf0\x9f", 6, "not UTF-8");
    let lone = delta("1", "0", r#""r""#, r#""\ud800§""#);
    check(&lone, "unexpected end of hex escape");
}

#[test]
fn a_line_that_is_too_long_is_refused_unread() {
    let reason = "line is longer than 8388608 bytes";
    let ten_megabytes = delta("1", "0", r#""r""#, &format!("\"{}\"", "x".repeat(10 << 20)));
    check_at(ten_megabytes.as_bytes(), MAX_LINE_BYTES, reason);
    check_at(&vec![b' '; MAX_LINE_BYTES + 1], MAX_LINE_BYTES, reason);
    let room = MAX_LINE_BYTES - delta("1", "0", r#""r""#, r#""""#).len();
    let just = delta("1", "0", r#""r""#, &format!("\"{}\"", "x".repeat(room)));
    assert_eq!(just.len(), MAX_LINE_BYTES);
    assert!(codec::decode(just.as_bytes()).is_ok());
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let depth = 500_000;
    let open = "[".repeat(depth);
    let reason = "invalid type: sequence, expected an object";
    check_at(open.as_bytes(), 0, reason);
    check(&format!(r#"{{"x":{open}§"#), "EOF while parsing a list");
    let deep = open + &"]".repeat(depth);
    let reason = "invalid type: sequence, expected u64";
    check(&delta("1", &format!("§{deep}"), r#""r""#, r#""""#), reason);
    let nested = delta("1", "0", r#""r""#, &deep).replace("content\":", "content\"§:");
    check(&nested, "invalid type: sequence, expected a string");
    let params = r#""fields":{"mcp":"#.to_owned() + &"{\"mcp\":".repeat(200_000) + "§";
    check(&tool("start", &params), "expected value");
    // Where anything may stand it is kept as text.
    let nested = tool("start", &format!(r#""attributes":{{"deep":{deep}}}"#));
    assert!(codec::decode(nested.as_bytes()).is_ok());
}

#[test]
fn numbers_that_are_no_time_are_refused() {
    let nanos = "field `timestamp` must be a number of nanoseconds from 0 to 2^64 - 1";
    for timestamp in [
        "-1",
        "-0.5",
        "-1e-30",
        "1e300",
        "1e999999999999",
        "18446744074",
        "18446744073.709551616",
        r#""1""#,
        "true",
        "[1]",
        "{}",
    ] {
        check(
            &delta(&format!("§{timestamp}"), "0", r#""r""#, r#""""#),
            nanos,
        );
    }
    for timestamp in ["0", "0.0", "1e-999", "0e5", "1E+9", "18446744073.709551615"] {
        let line = delta(timestamp, "0", r#""r""#, r#""""#);
        assert!(codec::decode(line.as_bytes()).is_ok(), "{timestamp}");
    }
    for not_json in [
        "§NaN",
        "§Infinity",
        "-§Infinity",
        "0§1",
        "1.§,",
        "§.5",
        "§+1",
        "0§x10",
    ] {
        let line = delta(not_json, "0", r#""r""#, r#""""#);
        let (offset, line) = (line.find('§').unwrap(), line.replace('§', ""));
        let error = codec::decode(line.as_bytes()).unwrap_err();
        assert_eq!(error.offset(), offset, "{not_json}: {}", error.kind());
    }
    let nanos = "field `duration_ms` must be a number of nanoseconds from 0 to 2^64 - 1";
    for duration in [
        "-1",
        "-0.000001",
        "1e300",
        r#""5""#,
        "18446744073709.551616",
    ] {
        check(
            &tool("complete", &format!(r#""duration_ms":§{duration}"#)),
            nanos,
        );
    }
    let nanos = "field `time_unix_nano` must be a decimal number below 2^64";
    for time in [
        "",
        "-1",
        "+1",
        "1.5",
        "0x10",
        " 1",
        "1e3",
        "18446744073709551616",
        "١",
    ] {
        check(
            &tool("start", &format!(r#""time_unix_nano":§"{time}""#)),
            nanos,
        );
    }
    check(
        &tool("start", r#""time_unix_nano":1§7"#),
        "invalid type: integer `17`, expected a string",
    );
}

#[test]
fn a_sequence_that_is_no_position_is_refused() {
    let check = |sequence: &str, reason| check(&delta("1", sequence, r#""r""#, r#""""#), reason);
    check("-§1", "invalid value: integer `-1`, expected u64");
    check("1.§5", "invalid type: floating point `1.5`, expected u64");
    check("1e99§9", "number out of range");
    check(
        "1844674407370955161§6",
        "invalid type: floating point `1.8446744073709552e+19`, expected u64",
    );
    check(r#""3§""#, r#"invalid type: string "3", expected u64"#);
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let line = r#"{"timestamp":1,"sequence":0,"run_id":"r","content":"","type":"text_delta","#;
    check(
        &format!(r#"{line}"type":§"span"}}"#),
        "field `type` stands twice",
    );
    check(
        &format!(r#"{line}"t\u0079pe":§null}}"#),
        "field `type` stands twice",
    );
    check(
        &format!(r#"{line}"x":1,"x":§1,"y":2,"y":2}}"#),
        "field `x` stands twice",
    );
    check(
        &tool("start", r#""attributes":{"a":1,"a§":2}"#),
        "duplicate key",
    );
    check(
        &tool("start", r#""fields":{"name":"a","name§":"b"}"#),
        "duplicate field `name`",
    );
    check(
        &tool(
            "complete",
            r#""outcome":{"attributes":{"a":null,"b":1,"b§":2}}"#,
        ),
        "duplicate key",
    );
    check(
        &tool("complete", r#""outcome":{"attributes":{"a":null,"a§":2}}"#),
        "duplicate key",
    );
    check(
        &tool("progress", r#""progress":{"note":"a","note§":"b"}"#),
        "duplicate field `note`",
    );
}

#[test]
fn more_attributes_than_a_span_may_have_are_refused() {
    let pairs = |count| {
        let pairs: Vec<_> = (0..count).map(|key| format!(r#""{key}":0"#)).collect();
        tool("start", &format!(r#""attributes":{{{}}}"#, pairs.join(",")))
    };
    assert!(codec::decode(pairs(1024).as_bytes()).is_ok());
    let error = codec::decode(pairs(1025).as_bytes()).unwrap_err();
    assert_eq!(error.kind().to_string(), "too many attributes");
}

#[test]
fn a_missing_field_is_named() {
    let whole = delta("1", "0", r#""r""#, r#""""#);
    for field in ["timestamp", "sequence", "run_id", "type"] {
        let renamed = whole.replace(&format!("{field}\":"), &format!("not_{field}\":"));
        let reason = format!("field `{field}` is missing");
        check(&format!("{renamed}§"), &reason);
    }
    let without_content = whole.replace(r#""content":"","#, "");
    check(
        &without_content.replace('}', "§}"),
        "missing field `content`",
    );
    let null = delta("null", "0", r#""r""#, r#""""#);
    check(&format!("{null}§"), "field `timestamp` is missing");
    let whole = tool("start", r#""name":"tool.x""#);
    for field in ["subject", "phase", "span_id"] {
        let renamed = whole.replace(&format!("{field}\":"), &format!("not_{field}\":"));
        let reason = format!("field `{field}` is missing");
        check(&format!("{renamed}§"), &reason);
    }
    let call = whole.replace("tool_call", "llm_call");
    let call = call.replace(r#""name":"tool.x""#, r#""fields":{§}"#);
    check(&call, "missing field `operation`");
}

#[test]
fn a_gate_s_decision_is_never_made_up() {
    let decided = r#"{"timestamp":1,"sequence":0,"run_id":"r","type":"gate_decided","gate":"g","tool":"t","decision":"deny"}"#;
    codec::decode(decided.as_bytes()).unwrap();
    for (field, value) in [("gate", "g"), ("tool", "t"), ("decision", "deny")] {
        let without = decided.replace(&format!(r#","{field}":"{value}""#), "");
        let line = without.replace('}', "§}");
        check(&line, &format!("missing field `{field}`"));
    }
}

#[test]
fn a_list_is_no_object() {
    let summary = |more: &str| {
        format!(
            r#"{{"timestamp":1,"sequence":0,"run_id":"r","type":"turn_summary","text":"","intent":"chat",{more}}}"#
        )
    };
    let lines = [
        summary(r#""tool_calls":[["a","b",true]]"#),
        summary(r#""tool_calls":[[]]"#),
        tool("complete", r#""outcome":{"mcp":["m","i"]}"#),
        tool(
            "start",
            r#""fields":{},"instructions":"","tools":"","outcome":[]"#,
        )
        .replace(r#""phase":"start""#, r#""phase":"complete""#),
        tool(
            "start",
            r#""fields":{"operation":"chat","provider":"p","server":["a",1]}"#,
        )
        .replace("tool_call", "llm_call"),
        tool(
            "start",
            r#""fields":{"operation":"chat","provider":"p","params":[1]}"#,
        )
        .replace("tool_call", "llm_call"),
        tool("start", r#""fields":{"parent":["a"]}"#).replace("tool_call", "turn"),
        tool("start", r#""fields":{"params":[1]}"#).replace("tool_call", "turn"),
        tool("complete", r#""outcome":{"usage":[1,2]}"#).replace("tool_call", "llm_call"),
        tool("complete", r#""outcome":{"usage":[1,2]}"#).replace("tool_call", "turn"),
        tool("start", r#""fields":{"agent":"a","remote":["a"]}"#).replace("tool_call", "subagent"),
    ];
    let taken: Vec<_> = lines
        .iter()
        .filter(|line| codec::decode(line.as_bytes()).is_ok())
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn a_span_is_not_its_own_parent() {
    check(
        &tool("start", r#""parent_span_id":§"0000000000000001""#),
        "field `parent_span_id` must be another span",
    );
}

#[test]
fn a_field_of_another_type_is_refused() {
    let string = "invalid type: integer `5`, expected a string";
    check(&delta("1", "0", "§5", r#""""#), string);
    check(&delta("1", "0", r#""r""#, "§5"), string);
    check(
        r#"{"timestamp":1,"sequence":0,"run_id":"r","type":§5}"#,
        string,
    );
    for field in [
        "session_id",
        "agent_id",
        "trace_id",
        "parent_span_id",
        "name",
        "content",
    ] {
        check(&tool("start", &format!(r#""{field}":§5"#)), string);
    }
    for field in ["error_type", "error_message"] {
        check(&tool("error", &format!(r#""{field}":§5"#)), string);
    }
    for (phase, field) in [
        ("start", "fields"),
        ("start", "attributes"),
        ("complete", "outcome"),
        ("progress", "progress"),
    ] {
        for wrong in ["[]", "5", r#""{}""#, "true"] {
            let line = tool(phase, &format!(r#""{field}":§{wrong}"#));
            let (offset, line) = (line.find('§').unwrap(), line.replace('§', ""));
            let error = codec::decode(line.as_bytes()).unwrap_err();
            let found = error.offset() - offset;
            assert!(found < wrong.len(), "{field} {wrong}: {}", error.kind());
        }
    }
    check(
        &tool("start", r#""fields":{"tool_type":"spell§"}"#),
        "unknown variant `spell`, expected one of `function`, `extension`, `datastore`",
    );
}

#[test]
fn ids_that_are_not_w3c_ids_are_refused() {
    let digits = "field `parent_span_id` must be 12 or 16 lower-case hex digits, not all zero";
    for id in [
        "",
        "0",
        "0000000000000000",
        "000000000000",
        "00000000000000g1",
        "00000000000000A1",
        "+000000000000001",
        "0x00000000000001",
        "00000000000000001",
        "0000000000001",
        "é0000000000",
        "é000000000000000",
    ] {
        check(
            &tool("start", &format!(r#""parent_span_id":§"{id}""#)),
            digits,
        );
    }
    let digits = "expected 32 lower-case hex digits, not all zero";
    for id in [
        "",
        "1",
        "00000000000000000000000000000000",
        "0000000000000000000000000000000G",
    ] {
        check(&tool("start", &format!(r#""trace_id":§"{id}""#)), digits);
    }
}

/// Whatever comes in, an answer comes out; and what was understood is written so that it is
/// understood the same way again.
fn check_answers(line: &[u8]) -> Result<(), TestCaseError> {
    match codec::decode(line) {
        Ok(event) => {
            let again = event.to_line();
            prop_assert!(!again.contains('\n'), "a line break in {}", again);
            match codec::decode(again.as_bytes()) {
                Ok(read) => prop_assert_eq!(read, event),
                Err(error) => prop_assert!(false, "{}: {}\n{}", error, error.kind(), again),
            }
        }
        Err(error) => prop_assert!(error.offset() <= line.len(), "{}", error),
    }
    Ok(())
}

/// Pieces from which something close to an event can come about.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u00",
    "\\ud800",
    "\n",
    "\r",
    "\0",
    " ",
    "é",
    "null",
    "true",
    "false",
    "NaN",
    "-",
    "0",
    "1",
    "1.5",
    "-1",
    "1e999",
    "1e-999",
    "9007199254740993",
    "18446744073709551616",
    "\"\"",
    "\"r\"",
    "\"0000000000000001\"",
    "\"7b943f56850b\"",
    "{}",
    "[]",
    "[[[[[[[[",
    "{\"a\":",
    "\"type\":",
    "\"span\"",
    "\"text_delta\"",
    "\"turn_summary\"",
    "\"usage_observed\"",
    "\"gate_decided\"",
    "\"new\"",
    "\"timestamp\":1,",
    "\"sequence\":0,",
    "\"run_id\":\"r\",",
    "\"span_id\":",
    "\"trace_id\":",
    "\"time_unix_nano\":",
    "\"subject\":",
    "\"turn\"",
    "\"llm_call\"",
    "\"tool_call\"",
    "\"phase\":",
    "\"start\"",
    "\"complete\"",
    "\"error\"",
    "\"attributes\":",
    "\"fields\":",
    "\"outcome\":",
    "\"progress\":",
    "\"content\":",
    "\"usage\":",
    "\"took\":",
    "\"secs\":",
    "\"nanos\":",
    "\"duration_ms\":",
    "\"name\":",
    "\"unknown\":",
    "\"cost_usd\":",
    "\"parent\":",
    "\"params\":",
    "\"server\":",
    "\"mcp\":",
];

/// What is done to a line: at two places of it, with a piece.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Insert,
    Replace,
    Cut,
    Repeat,
    Truncate,
    Flip,
}

fn damaged(mut line: Vec<u8>, damage: Damage, from: Index, to: Index, piece: &str) -> Vec<u8> {
    let places = line.len() + 1;
    let (a, b) = (from.index(places), to.index(places));
    let range = a.min(b)..a.max(b).min(a.min(b) + 64);
    match damage {
        Damage::Insert => drop(line.splice(a..a, piece.bytes())),
        Damage::Replace => drop(line.splice(range, piece.bytes())),
        Damage::Cut => drop(line.drain(range)),
        Damage::Repeat => {
            let again = line[range.clone()].to_vec();
            drop(line.splice(range.start..range.start, again));
        }
        Damage::Truncate => line.truncate(a),
        Damage::Flip => {
            if let Some(byte) = line.get_mut(a) {
                *byte ^= 1 << (b % 8);
            }
        }
    }
    line
}

fn damaged_line() -> impl Strategy<Value = Vec<u8>> {
    let ancestral: Vec<_> = super::ANCESTOR.lines().map(str::to_owned).collect();
    let line = prop_oneof![
        1 => select(ancestral),
        4 => arbitrary::event().prop_map(|event| event.to_line()),
    ];
    let damage = select(vec![
        Damage::Insert,
        Damage::Replace,
        Damage::Cut,
        Damage::Repeat,
        Damage::Truncate,
        Damage::Flip,
    ]);
    let damages = vec(
        (damage, any::<Index>(), any::<Index>(), select(PIECES)),
        0..4,
    );
    (line, damages).prop_map(|(line, damages)| {
        let line = line.into_bytes();
        damages
            .into_iter()
            .fold(line, |line, (damage, from, to, piece)| {
                damaged(line, damage, from, to, piece)
            })
    })
}

/// An object with the fields of an event, each of an arbitrary value.
fn near_event() -> impl Strategy<Value = Vec<u8>> {
    let field = (select(FIELDS), vec(select(VALUES), 1..3));
    vec(field, 0..8).prop_map(|fields| {
        let mut line = String::from(r#"{"sequence":0,"timestamp":1,"run_id":"r""#);
        for (field, values) in fields {
            let value = values.join("");
            line.extend([",\"", field, "\":", &value]);
        }
        line.push('}');
        line.into_bytes()
    })
}

const FIELDS: &[&str] = &[
    "type",
    "type",
    "subject",
    "phase",
    "span_id",
    "parent_span_id",
    "trace_id",
    "session_id",
    "agent_id",
    "name",
    "duration_ms",
    "error_type",
    "error_message",
    "attributes",
    "fields",
    "outcome",
    "progress",
    "content",
    "time_unix_nano",
    "schema",
    "intent",
    "confidence",
    "reasoning",
    "input_tokens",
    "cost_usd",
    "unknown",
    "tool_calls",
    "text",
    "took",
    "decision",
    "gate",
    "budget",
];

const VALUES: &[&str] = &[
    "\"span\"",
    "\"span\"",
    "\"text_delta\"",
    "\"intent_classified\"",
    "\"usage_observed\"",
    "\"turn_summary\"",
    "\"gate_decided\"",
    "\"budget_exceeded\"",
    "\"tool_call_approval_required\"",
    "\"turn\"",
    "\"step\"",
    "\"llm_call\"",
    "\"tool_call\"",
    "\"subagent\"",
    "\"handoff\"",
    "\"custom\"",
    "\"intent_classification\"",
    "\"start\"",
    "\"progress\"",
    "\"complete\"",
    "\"error\"",
    "\"cancelled\"",
    "\"suspended\"",
    "\"0000000000000001\"",
    "\"7b943f56850b\"",
    "\"\"",
    "\"turn.7\"",
    "\"agent.step.9\"",
    "\"tool.\"",
    "null",
    "0",
    "-1",
    "1.5",
    "1e400",
    "true",
    "[]",
    "[\"a\"]",
    "[1,\"a\"]",
    "{}",
    "{\"a\":1}",
    "{\"a\":1,\"a\":1}",
    "{\"a\":[\"b\"],\"c\":null,\"d\":{}}",
    "{\"secs\":1,\"nanos\":4294967295}",
    "{\"secs\":18446744073709551615,\"nanos\":999999999}",
    "{\"usage\":{\"input_tokens\":1}}",
    "{\"mcp\":{\"method\":5}}",
    "{\"mcp\":[\"a\"]}",
    "{\"number\":4294967296}",
    "{\"params\":{\"seed\":-1,\"top_p\":1e400}}",
    "{\"skipped\":1}",
    "{\"operation\":\"\",\"provider\":\"\",\"model\":\"\",\"server\":{\"address\":\"\",\"port\":65536}}",
    "{\"parent\":{\"trace_id\":\"0\",\"span_id\":\"0\",\"flags\":256}}",
];

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![
        1 => vec(any::<u8>(), 0..256),
        2 => pieces,
        4 => near_event(),
        3 => damaged_line(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(super::cases("KAOS_CASES", 2000))
    })]

    #[test]
    fn no_input_makes_the_decoder_panic(line in anything()) {
        check_answers(&line)?;
    }
}
