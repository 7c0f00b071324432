//! The numbers page and the metrics of the same runs.

use std::time::Duration;

use kaos_hooks::audit::AuditHook;
use kaos_hooks::{
    Failure, Hooks, LlmCall, LlmOutcome, ManualClock, Step, StepOutcome, ToolCall, ToolOutcome,
    Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::{MetricsHook, Price, Prices};
use kaos_tests::measured::{Measured, still};
use serde_json::Value;

use super::Shown;
use crate::audit::Scratch;

const AGENTS: [&str; 2] = ["assistant", "researcher"];

/// A turn of these lengths, whose tool fails, and which is dropped, now and then.
async fn turn(hooks: &Hooks, clock: &ManualClock, number: u64) {
    let millis = |base: u64| Duration::from_millis(base + number * 37 % 900);
    let agent = AGENTS[usize::try_from(number % 2).unwrap()];
    let turn = hooks.turn(Turn::new(agent));
    let settled = turn.settled();
    let step = turn.open(Step::new(1));
    let call = step.open(LlmCall::new("openai", "gpt-4o"));
    clock.advance(millis(40));
    call.complete(LlmOutcome {
        usage: Some(Usage::new(100 + number, 7)),
        ..LlmOutcome::default()
    });
    let tool = step.open(ToolCall::new("search"));
    clock.advance(millis(3));
    if number.is_multiple_of(5) {
        tool.fail(Failure::new("tool_error"));
    } else {
        tool.complete(ToolOutcome::default());
    }
    step.complete(StepOutcome::default());
    match number % 11 {
        3 => turn.fail(Failure::new("timeout")),
        7 => drop(turn),
        _ => turn.complete(TurnOutcome::default()),
    }
    settled.await.unwrap();
}

/// The sum of a counter's points whose labels have this in them.
fn counted(lines: &[String], label: &str) -> f64 {
    let of = lines.iter().filter(|it| it.contains(label));
    of.map(|it| it.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

/// Of all points of a histogram together: count, sum, and how many up to each bound.
fn histogram(lines: &[String]) -> (u64, f64, Vec<(f64, u64)>) {
    let (mut count, mut sum, mut buckets) = (0, 0.0, std::collections::BTreeMap::new());
    for line in lines {
        let (_, value) = line.rsplit_once("} ").unwrap();
        let (numbers, filled) = value.split_once(" in").unwrap();
        let (of, total) = numbers.split_once(" of ").unwrap();
        count += of.parse::<u64>().unwrap();
        sum += total.parse::<f64>().unwrap();
        for bucket in filled.split_whitespace() {
            let (bound, many) = bucket.split_once(':').unwrap();
            let bound: f64 = bound.parse().unwrap();
            let known: &mut (f64, u64) = buckets.entry(bound.to_bits()).or_insert((bound, 0));
            known.1 += many.parse::<u64>().unwrap();
        }
    }
    (count, sum, buckets.into_values().collect())
}

/// The bucket in which so many of hundred are reached.
fn bucket_of(buckets: &[(f64, u64)], of_hundred: u64) -> (f64, f64) {
    let all: u64 = buckets.iter().map(|(_, many)| many).sum();
    let rank = (all * of_hundred).div_ceil(100);
    let (mut seen, mut below) = (0, 0.0);
    for (bound, many) in buckets {
        seen += many;
        if seen >= rank {
            return (below, *bound);
        }
        below = *bound;
    }
    unreachable!()
}

#[tokio::test]
async fn counts_and_sums_are_those_of_the_metrics_and_percentiles_lie_in_the_same_bucket() {
    let scratch = Scratch::new("ui-numbers");
    let measured = Measured::default();
    let (emitter, clock) = still();
    let prices = Prices::new([("gpt-4o", Price::new(2.5, 10.0))]).unwrap();
    let metrics = MetricsHook::with_provider(&measured.provider).with_prices(prices);
    let audit = AuditHook::open(scratch.path()).unwrap();
    let hooks = Hooks::with_emitter(emitter, (metrics, audit.clone()));
    for number in 0..120 {
        turn(&hooks, &clock, number).await;
    }
    audit.shutdown().await.unwrap();

    let list = scratch.path().with_extension("prices");
    std::fs::write(&list, r#"{"gpt-4o": {"input": 2.5, "output": 10.0}}"#).unwrap();
    let (trail, file) = (scratch.path().to_str().unwrap(), list.to_str().unwrap());
    let shown = Shown::start(&[trail, "--prices", file]).await;
    shown.once("/api/runs", |it| it["found"] == 120).await;
    let numbers = shown.get("/api/numbers").await.json();
    std::fs::remove_file(&list).unwrap();

    let close = |a: f64, b: f64, what: &str| {
        assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{what}: {a}, {b}");
    };
    for (page, counter, duration) in [
        ("turns", "kaos.requests", "kaos.request.duration"),
        ("models", "kaos.model.calls", "kaos.model.duration"),
        ("tools", "kaos.tool.calls", "kaos.tool.duration"),
    ] {
        let of = &numbers[page];
        let number = |name: &str| of[name].as_f64().unwrap();
        let lines = measured.lines_of(counter);
        close(number("count"), counted(&lines, ""), page);
        // What was given up has failed, to the metrics.
        close(
            number("errors") + number("cancelled"),
            counted(&lines, "success=false"),
            page,
        );
        let (count, sum, buckets) = histogram(&measured.lines_of(duration));
        assert_eq!(of["count"].as_u64(), Some(count), "{page}");
        close(number("sum_ms"), sum, page);
        for of_hundred in [50, 95, 99] {
            let (above, up_to) = bucket_of(&buckets, of_hundred);
            let found = number(&format!("p{of_hundred}"));
            assert!(
                above < found && found <= up_to,
                "{page} p{of_hundred}: {found} is not in ({above}, {up_to}]"
            );
        }
    }
    let tokens = |kind: &str| {
        let lines = measured.lines_of("gen_ai.client.token.usage");
        let of: Vec<_> = lines.into_iter().filter(|it| it.contains(kind)).collect();
        histogram(&of).1
    };
    let of = |page: &Value, name: &str| page[name].as_f64().unwrap();
    close(
        of(&numbers["models"], "input"),
        tokens("token.type=input"),
        "input",
    );
    close(
        of(&numbers["models"], "output"),
        tokens("token.type=output"),
        "output",
    );
    close(
        of(&numbers["models"], "cost"),
        counted(&measured.lines_of("kaos.cost_usd"), ""),
        "cost",
    );
    for agent in numbers["by_agent"].as_array().unwrap() {
        let label = format!("agent.name={}", agent["name"].as_str().unwrap());
        close(
            of(&agent["of"], "count"),
            counted(&measured.lines_of("kaos.requests"), &label),
            &label,
        );
        close(
            of(&agent["of"], "cost"),
            counted(&measured.lines_of("kaos.cost_usd"), &label),
            &label,
        );
    }
}
