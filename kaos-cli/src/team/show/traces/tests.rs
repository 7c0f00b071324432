use std::hash::{Hash as _, Hasher as _};
use std::time::Instant;

use super::*;

/// A number for a name.
fn number(name: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish().max(1)
}

fn trace(name: &str) -> TraceId {
    TraceId::new(number(name).into()).unwrap()
}

fn span(name: &str) -> SpanId {
    SpanId::new(number(name)).unwrap()
}

fn begun(of: &str, name: &str, parent: &str, at: u64) -> Report {
    Report::Begun(Begun {
        trace: trace(of),
        span: span(name),
        parent: (!parent.is_empty()).then(|| span(parent)),
        name: format!("name-{name}").into(),
        at,
        asked: name.starts_with("turn"),
    })
}

fn ended(of: &str, name: &str, error: Option<&str>) -> Report {
    Report::Ended(Ended {
        trace: trace(of),
        span: span(name),
        took: 1_500_000,
        error: error.map(Short::from),
    })
}

fn later() -> Instant {
    Instant::now() + SETTLED
}

fn outline(tree: &Tree) -> Vec<String> {
    let all = tree.branches.iter();
    all.map(|it| format!("{} {}", it.component, it.text.trim_end()))
        .collect()
}

#[test]
fn a_question_is_a_tree_over_all_processes_once_none_of_its_spans_is_open() {
    let mut traces = Traces::default();
    for (component, report) in [
        ("lead", begun("t", "turn-1", "somebody", 1)),
        ("lead", begun("t", "call", "turn-1", 3)),
        // Later reported than begun, and the other way round.
        ("helper", begun("t", "turn-2", "call", 4)),
        ("lead", begun("t", "step", "turn-1", 2)),
        ("lead", ended("t", "step", None)),
        ("helper", ended("t", "turn-2", Some("timeout"))),
        ("lead", ended("t", "call", None)),
    ] {
        traces.take(component, report);
        assert_eq!(traces.over(later()), []);
    }
    traces.take("lead", ended("t", "turn-1", None));
    assert_eq!(traces.over(Instant::now()), [], "another may tell more");
    let trees = traces.over(later());
    assert_eq!(
        outline(&trees[0]),
        [
            "lead name-turn-1        1.5 ms",
            "lead   name-step        1.5 ms",
            "lead   name-call        1.5 ms",
            "helper     name-turn-2    1.5 ms  [timeout]",
        ]
    );
    assert_eq!(traces.over(later()), [], "it is shown once");
    let of = |name: &str| (traces.asked(name).requests, traces.asked(name).errors);
    assert_eq!(
        (of("lead"), of("helper"), of("other")),
        ((1, 0), (1, 1), (0, 0))
    );
}

#[test]
fn what_was_open_in_a_process_that_ended_has_failed() {
    let mut traces = Traces::default();
    traces.take("lead", begun("t", "turn-1", "", 1));
    traces.take("helper", begun("t", "turn-2", "turn-1", 2));
    traces.take("helper", begun("t", "step", "turn-2", 3));
    traces.gone("helper");
    assert_eq!(traces.over(later()), []);
    traces.take("lead", ended("t", "turn-1", Some("peer_failed")));
    let tree = traces.over(later()).remove(0);
    let failed = tree.branches.iter().filter(|it| it.failed).count();
    assert_eq!(failed, 3, "{tree:?}");
    assert!(tree.branches[1].text.ends_with("[its process has ended]"));
    assert_eq!(traces.asked("helper").errors, 1, "a turn, no step");
}

#[test]
fn nobody_speaks_for_another_and_what_is_reported_twice_counts_once() {
    let mut traces = Traces::default();
    traces.take("lead", begun("t", "turn-1", "", 1));
    traces.take("helper", ended("t", "turn-1", Some("forged")));
    traces.take("helper", ended("unknown", "turn-1", None));
    assert_eq!(traces.over(later()), []);
    traces.take("lead", ended("t", "turn-1", Some("timeout")));
    traces.take("lead", ended("t", "turn-1", Some("timeout")));
    assert_eq!(traces.asked("lead").errors, 1);
    assert_eq!(traces.over(later()).len(), 1);
}

/// What a program writes behind its word is read by whoever leads the team: no line of it is somebody else's, and none of it is long.
#[test]
fn a_report_of_a_program_that_lies_makes_no_line_of_anothers_and_is_short() {
    let long = "x".repeat(15_000);
    let ids = r#""trace":"0000000000000000000000000000000a","span":"000000000000000b""#;
    let mut traces = Traces::default();
    for (line, is_read) in [
        (format!(r#"{{"Begun":{{{ids},"parent":null,"name":"x\nagent-b | hacked\u001b[2J","at":1,"asked":true}}}}"#), true),
        (format!(r#"{{"Ended":{{{ids},"took":1,"error":"{long}\nagent-b | hacked"}}}}"#), true),
        (format!(r#"{{"Begun":{{"trace":"{long}","span":"000000000000000b","parent":null,"name":"x","at":1,"asked":true}}}}"#), false),
        (r#"{"Begun":{"trace":"0000000000000000000000000000000a","span":"b\nagent-b","parent":null,"name":"x","at":1,"asked":true}}"#.to_owned(), false),
    ] {
        let read = serde_json::from_str::<Report>(&line);
        assert_eq!(read.is_ok(), is_read, "{line}: {read:?}");
        if let Ok(report) = read {
            traces.take("lead", report);
        }
    }
    let tree = traces.over(later()).remove(0);
    let [line] = &tree.branches[..] else {
        panic!("{tree:?}");
    };
    assert!(
        line.text.starts_with(r"x\nagent-b | hacked\u{1b}[2J"),
        "{}",
        line.text
    );
    assert_eq!(line.text.lines().count(), 1, "{}", line.text);
    assert!(line.text.len() < 500, "{}", line.text.len());
}

#[test]
fn what_nobody_asked_for_is_no_question() {
    let mut traces = Traces::default();
    traces.take("lead", begun("t", "discovery", "", 1));
    traces.take("lead", ended("t", "discovery", None));
    assert_eq!(traces.over(later()), []);
    assert_eq!(traces.spans, 0);
}

#[test]
fn a_circle_of_parents_is_no_tree_without_end() {
    let mut traces = Traces::default();
    traces.take("lead", begun("t", "turn-1", "turn-2", 1));
    traces.take("lead", begun("t", "turn-2", "turn-1", 2));
    traces.take("lead", begun("t", "turn-3", "turn-3", 3));
    for span in ["turn-1", "turn-2", "turn-3"] {
        traces.take("lead", ended("t", span, None));
    }
    assert_eq!(
        outline(&traces.over(later())[0]),
        ["lead name-turn-3    1.5 ms"]
    );
}

#[test]
fn traces_that_never_end_take_bounded_memory_and_a_long_one_says_how_long_it_is() {
    let mut traces = Traces::default();
    for number in 0..SPANS + 5 {
        traces.take("lead", begun(&format!("t-{number}"), "turn", "", 1));
    }
    assert_eq!(traces.spans, SPANS);
    assert_eq!(traces.open.len(), SPANS);
    assert!(
        !traces.open.contains_key(&trace("t-4")),
        "the oldest is given up"
    );
    for number in 0..300 {
        traces.take("lead", begun("long", &format!("turn-{number}"), "", number));
    }
    for number in 0..300 {
        traces.take("lead", ended("long", &format!("turn-{number}"), None));
    }
    let tree = traces.over(later()).remove(0);
    assert_eq!(tree.branches.len(), SHOWN);
    assert!(tree.branches[SHOWN - 1].text.ends_with("(and 100 more)"));
}
