//! What the pipeline says about itself.

use async_trait::async_trait;
use kaos_hooks::{
    AsyncHook, Event, EventBuf, Hook, Hooks, Lane, MAX_PANICS, Observer, Run, Step, StepOutcome,
    Turn, TurnOutcome,
};
use kaos_otel_hook::{ExportStats, MetricsHook, export_results};
use kaos_tests::measured::Measured;
use opentelemetry::metrics::MeterProvider as _;

struct Panics;

impl Hook for Panics {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(|_event: &Event<'_>| panic!("a hook panics")))
    }
}

struct Takes;

#[async_trait]
impl AsyncHook for Takes {
    async fn on_event(&mut self, _event: EventBuf) {}
}

/// Twelve events, without a wait.
fn turn(hooks: &Hooks) {
    let turn = hooks.turn(Turn::new("assistant"));
    for number in 1..=5 {
        turn.open(Step::new(number))
            .complete(StepOutcome::default());
    }
    turn.complete(TurnOutcome::default());
}

fn counts(measured: &Measured) -> Vec<String> {
    let lines = measured.lines_of("kaos.hooks.");
    let short = lines.iter().map(|line| {
        let (name, rest) = line.split_once(" [").unwrap();
        let (_, rest) = rest.split_once("{hook=").unwrap();
        format!(
            "{} {}",
            name.trim_start_matches("kaos.hooks."),
            rest.replace('}', "")
        )
    });
    short.collect()
}

#[tokio::test]
async fn events_dropped_ones_and_panics_are_counted_by_hook() {
    let measured = Measured::default();
    let metrics = MetricsHook::with_provider(&measured.provider);
    let hooks = Hooks::new((metrics.clone(), Panics, Lane::with_capacity(Takes, 5)));
    turn(&hooks);
    let expected = [
        "dropped Takes 7".to_owned(),
        "events MetricsHook 12".to_owned(),
        format!("events Panics {MAX_PANICS}"),
        "events Takes 12".to_owned(),
        "panics MetricsHook 0".to_owned(),
        format!("panics Panics {MAX_PANICS}"),
        "panics Takes 0".to_owned(),
    ];
    assert_eq!(counts(&measured), expected);

    // Nothing of a set is kept alive, and nothing it counted is lost.
    hooks.shutdown().await.unwrap();
    let watch = hooks.watch();
    drop(hooks);
    assert!(watch.is_over());
    assert_eq!(counts(&measured), expected);
    assert_eq!(counts(&measured), expected, "folded once");

    // The same hook in a second set.
    turn(&Hooks::new((metrics, Panics)));
    assert!(counts(&measured).contains(&"events MetricsHook 24".to_owned()));
    assert!(counts(&measured).contains(&format!("panics Panics {}", 2 * MAX_PANICS)));
}

#[test]
fn what_is_counted_after_the_set_is_gone_is_counted() {
    let measured = Measured::default();
    let hooks = Hooks::new(MetricsHook::with_provider(&measured.provider));
    let turn = hooks.turn(Turn::new("assistant"));
    drop(hooks);
    assert_eq!(counts(&measured), ["panics MetricsHook 0"]);
    turn.complete(TurnOutcome::default());
    assert_eq!(
        counts(&measured),
        ["events MetricsHook 2", "panics MetricsHook 0"]
    );
}

#[test]
fn export_results_are_counted_by_signal_and_result() {
    let measured = Measured::default();
    let stats = |offered, exported, failed, dropped| ExportStats {
        offered,
        waiting: 0,
        exported,
        failed,
        dropped,
    };
    let meter = measured.provider.meter("kaos");
    export_results(&meter, move || {
        [
            ("traces", stats(6, 1, 2, 3)),
            ("metrics", stats(4, 4, 0, 0)),
            ("logs", ExportStats::default()),
        ]
    });
    let lines = measured.lines_of("kaos.export.items [{item}] counter {result=");
    assert_eq!(lines.len(), 9);
    let traces: Vec<&str> = lines
        .iter()
        .filter(|line| line.contains("signal=traces"))
        .map(|line| line.split_once("result=").unwrap().1)
        .collect();
    assert_eq!(
        traces,
        [
            "dropped signal=traces} 3",
            "exported signal=traces} 1",
            "failed signal=traces} 2"
        ]
    );
}
