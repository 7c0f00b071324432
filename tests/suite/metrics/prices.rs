//! What model calls cost.

use std::sync::{Arc, Mutex};

use kaos_hooks::{Hooks, LlmCall, LlmOutcome, Turn, TurnOutcome, Usage};
use kaos_otel_hook::{MetricsHook, Price, Prices};
use kaos_tests::measured::Measured;

const TABLE: &str = r#"{
    "gpt-4o": { "input": 2.5, "output": 10, "cache_read": 1.25, "cache_creation": 3 },
    "small": { "input": 0.1, "output": 0.2 },
    "free": { "input": 0, "output": 0 }
}"#;

#[test]
fn a_call_costs_its_tokens_by_kind() {
    let prices = Prices::from_json(TABLE).unwrap();
    let check = |model: &str, usage: Usage, expected: Option<f64>| {
        let close = match (prices.cost(model, &usage), expected) {
            (Some(cost), Some(expected)) => (cost - expected).abs() < 1e-12,
            (cost, expected) => cost == expected,
        };
        assert!(close, "{model} {usage:?}: {:?}", prices.cost(model, &usage));
    };
    let cached = |read, creation| Usage {
        cache_read_tokens: Some(read),
        cache_creation_tokens: Some(creation),
        ..Usage::new(1_000_000, 0)
    };
    check("gpt-4o", Usage::new(1_000_000, 0), Some(2.5));
    check("gpt-4o", Usage::new(0, 1_000_000), Some(10.0));
    check("gpt-4o", cached(400_000, 0), Some(0.6 * 2.5 + 0.4 * 1.25));
    check(
        "gpt-4o",
        cached(400_000, 100_000),
        Some(0.5 * 2.5 + 0.4 * 1.25 + 0.1 * 3.0),
    );
    check("gpt-4o", cached(9_000_000, 9), Some(1.25));
    check("small", cached(400_000, 100_000), Some(0.1));
    check("free", Usage::new(5, 5), Some(0.0));
    check("gpt-4o-mini", Usage::new(5, 5), None);
    check("", Usage::new(5, 5), None);
}

#[test]
fn a_bad_table_is_refused() {
    let check = |text: &str, expected: &str| {
        let error = Prices::from_json(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    check("", "the price table is not {");
    check("[]", "the price table is not {");
    check(r#"{"m": {"input": 1}}"#, "the price table is not {");
    check(
        r#"{"m": {"input": "1", "output": 1}}"#,
        "the price table is not {",
    );
    check(
        r#"{"m": {"input": 1, "output": 1, "inputs": 1}}"#,
        "the price table is not {",
    );
    check(
        r#"{"m": {"input": 1e999, "output": 1}}"#,
        "the price table is not {",
    );
    check(
        r#"{"m": {"input": -1, "output": 1}}"#,
        "model `m` is negative",
    );
    for bad in [f64::NAN, f64::INFINITY, -0.5] {
        for at in 0..4 {
            let mut price = Price::new(1.0, 1.0);
            match at {
                0 => price.input = bad,
                1 => price.output = bad,
                2 => price.cache_read = Some(bad),
                _ => price.cache_creation = Some(bad),
            }
            let error = Prices::new([("m", price)]).unwrap_err();
            assert!(error.to_string().contains("model `m`"), "{error}");
        }
    }
}

/// Calls this model, which says that this one answered.
fn call(hooks: &Hooks, asked: &'static str, answered: Option<&'static str>) {
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(LlmCall::new("openai", asked))
        .complete(LlmOutcome {
            response_model: answered.map(Into::into),
            usage: Some(Usage::new(1_000_000, 0)),
            ..LlmOutcome::default()
        });
    turn.complete(TurnOutcome::default());
}

#[test]
fn the_model_that_answered_has_its_price_before_the_one_asked_for() {
    let check = |asked, answered, expected: Option<&str>| {
        let measured = Measured::default();
        let prices = Prices::from_json(TABLE).unwrap();
        let hooks = Hooks::new(MetricsHook::with_provider(&measured.provider).with_prices(prices));
        call(&hooks, asked, answered);
        let expected = expected.map(|cost| {
            format!("kaos.cost_usd [{{USD}}] counter {{agent.name=assistant model={asked}}} {cost}")
        });
        let lines = measured.lines_of("kaos.cost_usd");
        assert_eq!(lines.first(), expected.as_ref());
    };
    check("gpt-4o", None, Some("2.5"));
    check("gpt-4o", Some("small"), Some("0.1"));
    check("gpt-4o", Some("gpt-4o-2024-08-06"), Some("2.5"));
    check("alias", Some("small"), Some("0.1"));
    check("alias", Some("other"), None);
}

#[test]
fn an_unknown_model_is_warned_about_once() {
    kaos_tests::subscribed();
    let written = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&written);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || crate::hooks::Shared(Arc::clone(&to)))
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let measured = Measured::default();
        let prices = Prices::from_json(TABLE).unwrap();
        let hook = MetricsHook::with_provider(&measured.provider).with_prices(prices.clone());
        let hooks = Hooks::new((hook.clone(), hook.with_prices(prices)));
        for _ in 0..3 {
            call(&hooks, "new-model", None);
            call(&hooks, "alias", Some("other-model"));
            call(&hooks, "gpt-4o", None);
        }
        for number in 0..100 {
            call(
                &hooks,
                "alias",
                Some(String::leak(format!("model-{number}"))),
            );
        }
        let plain = Hooks::new(MetricsHook::with_provider(&measured.provider));
        call(&plain, "never-warned", None);
    });
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    for (model, times) in [
        ("`new-model`", 1),
        ("`other-model`", 1),
        ("`gpt-4o`", 0),
        ("`never-warned`", 0),
    ] {
        assert_eq!(text.matches(model).count(), times, "{model}: {text}");
    }
    assert_eq!(text.matches("has no model").count(), 64, "bounded");
}
