//! The JSON Lines codec: reads the ancestors, gives back what it was given, and refuses the rest
//! with the place of the fault.

pub(crate) mod arbitrary;
mod hostile;
mod summary;

use std::time::Duration;

use kaos_events::codec::{self, RawLine};
use kaos_events::{
    AttributeValue, Attributes, Body, BodyBuf, Event, EventBuf, Failure, Intent, IntentClassified,
    OutcomeBuf, PackedEvents, PhaseBuf, PhaseName, Run, RunId, Session, Slot, SpanBuf, SpanId,
    SubjectName, TextDelta, ThinkingDelta, Time, ToolCall, ToolCallArgsDelta, ToolCallSummary,
    ToolOutcome, TraceId, Turn, TurnOutcome, TurnSummary, Usage, UsageObserved, Value,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value as Json;

/// Six lines that an ancestor wrote.
const ANCESTOR: &str = include_str!("../support/wire-ancestor.jsonl");

/// How many cases a property is tried with: the variable's value, or `default`.
pub(crate) fn cases(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number of cases, not {text:?}"))
    })
}

fn ancestor(line: usize) -> &'static str {
    ANCESTOR.lines().nth(line).unwrap()
}

#[track_caller]
fn decoded(line: &str) -> EventBuf {
    match codec::decode(line.as_bytes()) {
        Ok(event) => event,
        Err(error) => panic!("{error}: {}\n{line}", error.kind()),
    }
}

fn json(line: &str) -> serde_json::Map<String, Json> {
    serde_json::from_str(line).unwrap()
}

fn ancestral_run() -> Run {
    Run {
        id: RunId::from("run_76968de4c24c"),
        // printf run_76968de4c24c | sha256sum | cut -c1-32
        trace_id: "54d56839a7d793db6f4e2d1be1ecd607".parse().unwrap(),
        session: Session::from("evs"),
        agent: "".into(),
    }
}

fn ancestral_turn(phase: PhaseBuf) -> BodyBuf {
    BodyBuf::Span(Box::new(SpanBuf {
        id: "00007b943f56850b".parse().unwrap(),
        parent: None,
        subject: Turn {
            session: Session::from("evs"),
            number: Some(1),
            attributes: Attributes::from_iter([("turn_number", 1)]),
            ..Turn::default()
        }
        .into(),
        phase,
    }))
}

#[track_caller]
fn check_ancestor(line: usize, seq: u64, monotonic_nanos: u64, body: BodyBuf) {
    let expected = EventBuf {
        seq,
        time: Time {
            unix_nanos: 0,
            monotonic_nanos,
        },
        run: ancestral_run(),
        body,
    };
    assert_eq!(decoded(ancestor(line)), expected);
}

fn without_span(value: impl Into<Value>) -> BodyBuf {
    BodyBuf::Value {
        span: None,
        value: value.into(),
    }
}

#[test]
fn deltas_of_reasoning_and_arguments_have_the_ancestors_fields() {
    let thinking = without_span(ThinkingDelta {
        content: "Six times".into(),
    });
    let arguments = without_span(ToolCallArgsDelta {
        call_id: "call-1".into(),
        content: r#"{"a":"#.into(),
    });
    for (body, name, fields) in [
        (thinking, "thinking_delta", vec![("content", "Six times")]),
        (
            arguments,
            "tool_call_args_delta",
            vec![("call_id", "call-1"), ("content", r#"{"a":"#)],
        ),
    ] {
        let event = EventBuf {
            seq: 7,
            time: Time {
                unix_nanos: 1_700_000_000_000_000_000,
                monotonic_nanos: 1_500_000_000,
            },
            run: ancestral_run(),
            body,
        };
        let line = json(&event.to_line());
        assert_eq!(line.get("type"), Some(&Json::from(name)));
        for (field, value) in fields {
            assert_eq!(line.get(field), Some(&Json::from(value)));
        }
        assert_eq!(decoded(&event.to_line()), event);
    }
}

#[test]
fn the_six_lines_of_the_ancestor_are_read_as_typed_events() {
    assert_eq!(ANCESTOR.lines().count(), 6);
    check_ancestor(0, 0, 2_462_318_658_261, ancestral_turn(PhaseBuf::Start));
    let classified = IntentClassified {
        intent: Intent::Respond,
        confidence: Some(0.95),
        reasoning: "x".into(),
    };
    check_ancestor(1, 2, 2_462_321_723_974, without_span(classified));
    let delta = TextDelta {
        content: "Hello from the agent.".into(),
    };
    check_ancestor(2, 3, 2_462_324_032_911, without_span(delta));
    let usage = UsageObserved {
        usage: Some(Usage::new(0, 0)),
        cost_usd: Some(0.0),
        source: "dispatch".into(),
    };
    check_ancestor(3, 4, 2_462_324_076_628, without_span(usage));
    let nothing = OutcomeBuf::from(TurnOutcome::default());
    let complete = PhaseBuf::Complete(nothing, Duration::from_nanos(5_917_888));
    check_ancestor(4, 6, 2_462_324_559_928, ancestral_turn(complete));
    let summary = TurnSummary {
        text: "Hello from the agent.".into(),
        intent: Intent::Respond,
        tool_calls: Vec::new(),
        usage: Some(Usage::new(0, 0)),
        cost_usd: Some(0.0),
    };
    check_ancestor(5, 7, 2_462_324_591_791, without_span(summary));
}

#[test]
fn an_ancestors_line_written_again_keeps_every_field() {
    for line in ANCESTOR.lines() {
        let ours = json(&decoded(line).to_line());
        for (field, theirs) in json(line) {
            let kept = match field.as_str() {
                // Padded to the 16 digits of a W3C id.
                "span_id" => Json::from(format!("0000{}", theirs.as_str().unwrap())),
                // The turn's number stands in `fields`.
                "name" => Json::from("agent.turn"),
                // Exact to the nanosecond.
                "duration_ms" if !theirs.is_null() => Json::from(5.917_888),
                _ => theirs,
            };
            assert_eq!(ours.get(&field), Some(&kept), "{field} of {line}");
        }
    }
}

/// Checks that our line has each field of the ancestor's, with the same JSON type.
#[track_caller]
fn check_shared_type(line: usize, body: BodyBuf) {
    let event = EventBuf {
        seq: 7,
        time: Time {
            unix_nanos: 1_700_000_000_000_000_000,
            monotonic_nanos: 1_500_000_000,
        },
        run: Run {
            agent: "assistant".into(),
            ..ancestral_run()
        },
        body,
    };
    let ours = json(&event.to_line());
    for (field, theirs) in json(ancestor(line)) {
        let own = ours
            .get(&field)
            .unwrap_or_else(|| panic!("our line has no {field}"));
        let same = std::mem::discriminant(own) == std::mem::discriminant(&theirs);
        assert!(
            same || theirs.is_null(),
            "{field}: theirs {theirs}, ours {own}"
        );
    }
}

#[test]
fn our_lines_of_the_shared_types_carry_every_field_of_the_ancestor_with_its_type() {
    let turn = |phase| {
        BodyBuf::Span(Box::new(SpanBuf {
            id: SpanId::new(1).unwrap(),
            parent: SpanId::new(2),
            subject: Turn::new("assistant").into(),
            phase,
        }))
    };
    let text = || "Hello".into();
    check_shared_type(0, turn(PhaseBuf::Start));
    let classified = IntentClassified {
        intent: Intent::ToolUse,
        confidence: Some(1.0),
        reasoning: "".into(),
    };
    check_shared_type(1, without_span(classified));
    check_shared_type(2, without_span(TextDelta { content: text() }));
    let usage = |usage, cost_usd| UsageObserved {
        usage,
        cost_usd,
        source: "response".into(),
    };
    check_shared_type(3, without_span(usage(Some(Usage::new(1, 2)), Some(3.0))));
    // What is unknown is a number too, as the ancestors' readers expect.
    check_shared_type(3, without_span(usage(None, None)));
    check_shared_type(3, without_span(usage(None, Some(f64::NAN))));
    let outcome = TurnOutcome::default().into();
    let complete = PhaseBuf::Complete(outcome, Duration::from_millis(3));
    check_shared_type(4, turn(complete));
    let summary = |usage, cost_usd| TurnSummary {
        text: text(),
        intent: Intent::Other("haggle".into()),
        tool_calls: vec![ToolCallSummary::new("calculator")],
        usage,
        cost_usd,
    };
    check_shared_type(5, without_span(summary(Some(Usage::new(1, 2)), Some(3.0))));
    check_shared_type(5, without_span(summary(None, None)));
}

/// The event as the emitter would lend it; an ancestor's value, which is of no span, cannot be.
pub(crate) fn borrowed(event: &EventBuf) -> Option<Event<'_>> {
    let body = match &event.body {
        BodyBuf::Span(span) => Body::Span(span.as_span(Slot::default())),
        BodyBuf::Value { span, value } => Body::Value {
            span: (*span)?,
            value,
        },
        BodyBuf::Unknown(_) => return None,
    };
    Some(Event {
        seq: event.seq,
        time: event.time,
        run: &event.run,
        body,
    })
}

fn check_round_trip(event: &EventBuf) -> Result<(), TestCaseError> {
    let line = event.to_line();
    prop_assert!(!line.contains(['\n', '\r']), "a line break in {line}");
    match codec::decode(line.as_bytes()) {
        Ok(read) => prop_assert_eq!(&read, event, "{}", line),
        Err(error) => prop_assert!(false, "{}: {}\n{}", error, error.kind(), line),
    }
    if let Some(lent) = borrowed(event) {
        prop_assert_eq!(codec::encode(&lent), line);
        prop_assert_eq!(&lent.to_buf(), event);
        let mut packed = PackedEvents::default();
        packed.push(&lent);
        prop_assert_eq!(
            packed.iter().collect::<Vec<_>>(),
            std::slice::from_ref(event)
        );
    }
    Ok(())
}

/// Tries the kinds of event one by one, so that none is left to luck.
fn check_kind(events: &impl Strategy<Value = EventBuf>) {
    let kinds = SubjectName::ALL.len() * PhaseName::ALL.len() + Value::NAMES.len();
    let cases = cases("KAOS_CASES", 2000) / u32::try_from(kinds).unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.max(20))
    });
    if let Err(failed) = runner.run(events, |event| check_round_trip(&event)) {
        panic!("{failed}");
    }
}

#[test]
fn every_span_event_is_read_as_it_was_written() {
    for subject in SubjectName::ALL {
        for phase in PhaseName::ALL {
            check_kind(&arbitrary::span_event(*subject, *phase));
        }
    }
}

#[test]
fn every_value_event_is_read_as_it_was_written() {
    for name in Value::NAMES {
        check_kind(&arbitrary::value_event(name));
    }
}

fn tool_event(phase: PhaseBuf) -> EventBuf {
    EventBuf {
        seq: 0,
        time: Time::default(),
        run: Run {
            id: RunId::from("r"),
            trace_id: TraceId::new(1).unwrap(),
            session: Session::anonymous(),
            agent: "".into(),
        },
        body: BodyBuf::Span(Box::new(SpanBuf {
            id: SpanId::new(1).unwrap(),
            parent: None,
            subject: ToolCall {
                arguments: Some("{}".into()),
                ..ToolCall::new("calculator")
            }
            .into(),
            phase,
        })),
    }
}

#[test]
fn a_spans_content_stands_in_its_start_only() {
    let of = |phase| {
        let event = tool_event(phase);
        let line = codec::encode(&borrowed(&event).unwrap());
        assert_eq!(line, event.to_line());
        json(&line).get("content").cloned()
    };
    assert_eq!(of(PhaseBuf::Start), Some(Json::from("{}")));
    let failure = Failure::new("timeout");
    let end = PhaseBuf::Error(failure, None, Duration::ZERO);
    assert_eq!(of(end), None);
    let outcome = ToolOutcome::default().into();
    assert_eq!(of(PhaseBuf::Complete(outcome, Duration::ZERO)), None);
}

#[test]
fn content_in_the_end_of_a_span_is_not_read() {
    let line = tool_event(PhaseBuf::Start).to_line();
    let end = line.replace(r#""phase":"start""#, r#""phase":"cancelled""#);
    assert!(end.contains("content"));
    let read = decoded(&end);
    assert_eq!(read.span().unwrap().subject.content(), None);
    assert_eq!(decoded(&read.to_line()), read);
}

#[test]
fn a_duration_is_exact_to_the_nanosecond_and_cut_at_584_years() {
    let written = |duration| {
        let line = tool_event(PhaseBuf::Cancelled(None, duration)).to_line();
        let (_, rest) = line.split_once(r#""duration_ms":"#).unwrap();
        rest.split_once(',').unwrap().0.to_owned()
    };
    assert_eq!(written(Duration::from_nanos(1)), "0.000001");
    assert_eq!(
        written(Duration::from_nanos(u64::MAX)),
        "18446744073709.551615"
    );
    assert_eq!(written(Duration::MAX), "18446744073709.551615");
}

#[track_caller]
fn check_kept(line: &str) {
    let event = decoded(line);
    assert!(matches!(event.body, BodyBuf::Unknown(_)), "{event:?}");
    assert_eq!(event.to_line(), line);
    let ended = format!("{line}\r\n");
    assert_eq!(decoded(&ended).to_line(), line, "without its line break");
}

#[test]
fn unknown_types_subjects_and_phases_survive_byte_for_byte() {
    check_kept(r#"{"type":"mood_changed","timestamp":1,"sequence":3,"run_id":"r","mood":"good"}"#);
    // Nothing of it is made prettier: spacing, escapes, numbers, order, fields that stand twice
    // inside, depth.
    check_kept(
        r#" { "sequence" : 3 , "type":"mood\u005fchanged","timestamp":1.50e0,"run_id":"r","x":{"a":1E+400,"a":"\ud800"} } "#,
    );
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    check_kept(&format!(
        r#"{{"type":"new","timestamp":1,"sequence":3,"run_id":"r","deep":{deep}}}"#
    ));
    check_kept(
        r#"{"type":"span","timestamp":1,"sequence":3,"run_id":"r","subject":"dream","phase":"start","span_id":"?"}"#,
    );
    check_kept(
        r#"{"type":"span","timestamp":1,"sequence":3,"run_id":"r","subject":"turn","phase":"paused","fields":[]}"#,
    );
}

#[test]
fn an_unknown_event_still_says_where_it_stands() {
    let line = r#"{"type":"new","timestamp":1.5,"sequence":3,"run_id":"r","session_id":"s"}"#;
    let event = decoded(line);
    assert_eq!((event.seq, event.time.monotonic_nanos), (3, 1_500_000_000));
    assert_eq!(event.run.session.name(), Some("s"));
    let BodyBuf::Unknown(raw) = &event.body else {
        panic!("{event:?}");
    };
    assert_eq!(RawLine::as_str(raw), line);
}

#[test]
fn unknown_fields_are_ignored() {
    let strategy = (arbitrary::event(), 0..UNKNOWN.len());
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    });
    let tried = runner.run(&strategy, |(event, unknown)| {
        let line = event.to_line();
        let unknown = UNKNOWN[unknown];
        for line in [
            line.replacen('{', &format!("{{{unknown},"), 1),
            format!("{},{unknown}}}", line.strip_suffix('}').unwrap()),
        ] {
            match codec::decode(line.as_bytes()) {
                Ok(read) => prop_assert_eq!(&read, &event),
                Err(error) => prop_assert!(false, "{}: {}\n{}", error, error.kind(), line),
            }
        }
        Ok(())
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

/// Fields that no version of the format has.
const UNKNOWN: &[&str] = &[
    r#""new":null"#,
    r#""h":"6f2a""#,
    r#""trail_seq":18446744073709551616,"synced":true"#,
    r#""":{"type":"span","sequence":-1}"#,
    r#""nested":[[[[{"a":[{}]}]]]]"#,
    r#""Type":1e999"#,
];

#[test]
fn unknown_fields_inside_fields_and_outcome_are_ignored() {
    let outcome = ToolOutcome::default().into();
    let event = tool_event(PhaseBuf::Complete(outcome, Duration::ZERO));
    let line = event
        .to_line()
        .replace(r#""fields":{"#, r#""fields":{"new":[{}],"#)
        .replace(r#""outcome":{"#, r#""outcome":{"new":null"#);
    let mut expected = event;
    if let BodyBuf::Span(span) = &mut expected.body {
        span.subject = span.subject.without_content();
    }
    assert_eq!(decoded(&line), expected);
}

#[test]
fn attributes_of_another_shape_are_kept_as_their_json_text() {
    let line = r#"{"type":"span","timestamp":1,"sequence":0,"run_id":"r","subject":"turn","phase":"start","span_id":"0000000000000001","attributes":{"none":null,"object":{"a":[1, 2]},"mixed":[1,"a"],"huge":1e999,"big":18446744073709551615,"empty":[]}}"#;
    let event = decoded(line);
    let attributes = event.span().unwrap().subject.attributes();
    let read = |key| attributes.get(key).cloned();
    let text = |text: &'static str| Some(AttributeValue::Str(text.into()));
    assert_eq!(read("none"), None);
    assert_eq!(read("object"), text(r#"{"a":[1, 2]}"#));
    assert_eq!(read("mixed"), text(r#"[1,"a"]"#));
    assert_eq!(read("huge"), text("1e999"));
    // A whole number that is too large for an attribute: not rounded to a float.
    assert_eq!(read("big"), text("18446744073709551615"));
    assert_eq!(read("empty"), Some(AttributeValue::List(Vec::new())));
    assert_eq!(decoded(&event.to_line()), event);
}
