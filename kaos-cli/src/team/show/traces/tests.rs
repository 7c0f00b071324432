use std::time::Instant;

use super::*;

fn begun(trace: &str, span: &str, parent: &str, at: u64) -> Report {
    Report::Begun(Begun {
        trace: trace.to_owned(),
        span: span.to_owned(),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
        name: format!("name-{span}"),
        at,
        asked: span.starts_with("turn"),
    })
}

fn ended(trace: &str, span: &str, error: Option<&str>) -> Report {
    Report::Ended(Ended {
        trace: trace.to_owned(),
        span: span.to_owned(),
        took: 1_500_000,
        error: error.map(str::to_owned),
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
    assert!(!traces.open.contains_key("t-4"), "the oldest is given up");
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
