//! How it is found out what a message asks for.

use std::time::Duration;

use kaos_hooks::{EventBuf, Intent, PhaseBuf, Usage, Value};
use kaos_runner::{FunctionModel, IntentBy, Limits, ModelError, ModelReply, Scripted as Reply};
use kaos_tests::agents;
use kaos_tests::observed::Observed;

fn by_model(replies: Vec<Reply>) -> Observed {
    let agent = agents::agent("assistant", FunctionModel::script(replies));
    Observed::new(agent.intent(IntentBy::Model))
}

fn verdict(text: &'static str) -> Reply {
    ModelReply::text(text).usage(30, 5).into()
}

fn answer() -> Reply {
    ModelReply::text("Hello.").usage(10, 2).into()
}

/// What was announced: intent, confidence, reasoning.
fn classified(events: &[EventBuf]) -> Vec<(Intent, Option<f64>, String)> {
    let values = events.iter().filter_map(EventBuf::value);
    values
        .filter_map(|value| match value {
            Value::IntentClassified(it) => {
                let reasoning = it.reasoning.to_string();
                Some((it.intent.clone(), it.confidence, reasoning))
            }
            _ => None,
        })
        .collect()
}

/// How the classification ended, if it failed.
fn failed(events: &[EventBuf]) -> Option<String> {
    let mut spans = events.iter().filter_map(EventBuf::span);
    spans.find_map(|span| match &span.phase {
        PhaseBuf::Error(failure, ..) if span.name() == "agent.intent_classification" => {
            Some(failure.kind.to_string())
        }
        _ => None,
    })
}

#[tokio::test]
async fn the_model_s_verdict_is_the_intent_and_its_call_a_child() {
    let text = r#"{"intent":"research","confidence":0.75,"reasoning":"It needs sources."}"#;
    let observed = by_model(vec![verdict(text), answer()]);
    let reply = observed.runner.turn("Compare the two.", "s").await.unwrap();
    assert_eq!(*reply.intent(), Intent::Research);
    assert_eq!(reply.usage(), Some(Usage::new(40, 7)));
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
            model.inference
          agent.step.1
            model.inference
        ",
    );
    let events = observed.recorder.events();
    let expected = (
        Intent::Research,
        Some(0.75),
        String::from("It needs sources."),
    );
    assert_eq!(classified(&events), [expected]);
    let deltas = events.iter().filter_map(EventBuf::value);
    let text: String = deltas
        .filter_map(|value| match value {
            Value::TextDelta(delta) => Some(delta.content.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(text, "Hello.", "the verdict is no part of the answer");
}

#[tokio::test]
async fn a_classification_that_fails_degrades_to_respond_and_says_so() {
    let rows = [
        (verdict("I think it is research."), "bad_response"),
        (
            verdict(r#"{"intent":"dance","confidence":1,"reasoning":""}"#),
            "bad_response",
        ),
        (
            verdict(r#"{"intent":"plan","confidence":7,"reasoning":""}"#),
            "bad_response",
        ),
        (
            Err(ModelError::new("rate_limited", "later")).into(),
            "rate_limited",
        ),
    ];
    for (verdict, kind) in rows {
        let observed = by_model(vec![verdict, answer()]);
        let reply = observed.runner.turn("Compare.", "s").await.unwrap();
        assert_eq!(reply.text(), "Hello.");
        assert_eq!(*reply.intent(), Intent::Respond);
        let events = observed.recorder.events();
        let reasoning = format!("the classification failed: {kind}");
        assert_eq!(classified(&events), [(Intent::Respond, None, reasoning)]);
        assert_eq!(failed(&events).as_deref(), Some(kind));
        observed.assert_sound();
    }
}

#[tokio::test(start_paused = true)]
async fn a_classification_that_takes_too_long_degrades_to_respond() {
    let model = FunctionModel::from_async(|request| {
        let classifies = request.output.is_some();
        async move {
            if classifies {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            Ok(ModelReply::text("Hello."))
        }
    });
    let limits = Limits {
        intent: Duration::from_secs(2),
        ..Limits::default()
    };
    let agent = agents::agent("assistant", model).limits(limits);
    let observed = Observed::new(agent.intent(IntentBy::Model));
    let begun = tokio::time::Instant::now();
    let reply = observed.runner.turn("Compare.", "s").await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert_eq!(reply.text(), "Hello.");
    assert_eq!(
        failed(&observed.recorder.events()).as_deref(),
        Some("timeout")
    );
    observed.assert_sound();
}

#[tokio::test]
async fn off_classifies_nothing() {
    let agent = agents::agent("assistant", FunctionModel::answer("Hello."));
    let observed = Observed::new(agent.intent(IntentBy::Off));
    let reply = observed.runner.turn("Compare.", "s").await.unwrap();
    assert_eq!(*reply.intent(), Intent::Respond);
    observed.assert_tree(
        "
        agent.turn
          agent.step.1
            model.inference
        ",
    );
}
