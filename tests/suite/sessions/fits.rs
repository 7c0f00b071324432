//! A conversation that is longer than the model takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{EventBuf, HistoryTrimmed, Str, Value};
use kaos_runner::{
    Agent, Deltas, Limits, Message, Model, ModelError, ModelErrorKind, ModelReply, ModelRequest,
    Runner,
};
use kaos_tests::agents::{Act, Scripted as ScriptedTool};

use super::assert_whole;

/// A model that takes so many characters, and may say so; it calls a tool before it answers.
struct Narrow {
    most: usize,
    says: Option<u64>,
    refused: Arc<AtomicUsize>,
    calls: usize,
}

#[async_trait]
impl Model for Narrow {
    fn provider(&self) -> Str {
        Str::Static("test")
    }

    fn name(&self) -> Str {
        Str::Static("narrow")
    }

    fn context(&self) -> Option<u64> {
        self.says
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        _deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        assert_whole(request.messages);
        assert!(matches!(request.messages[0], Message::User(_)));
        let long: usize = request.messages.iter().map(|it| it.text().len() + 32).sum();
        if long > self.most {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(ModelError::new(ModelErrorKind::ContextLength, "too long"));
        }
        let after = request.messages.iter().rev();
        let after = after.take_while(|it| !matches!(it, Message::User(_)));
        let called = after.filter(|it| matches!(it, Message::Tool(_))).count();
        Ok(if called < self.calls {
            ModelReply::call(format!("c-{called}"), "tool", "{}")
        } else {
            ModelReply::text("Yes, indeed.")
        })
    }
}

fn trimmed(events: &[EventBuf]) -> Vec<HistoryTrimmed> {
    let each = events.iter().filter_map(|event| match event.value() {
        Some(Value::HistoryTrimmed(trimmed)) => Some(trimmed.clone()),
        _ => None,
    });
    each.collect()
}

fn narrow(most: usize, says: Option<u64>, calls: usize, words: usize) -> (Agent, Arc<AtomicUsize>) {
    let refused = Arc::new(AtomicUsize::new(0));
    let model = Narrow {
        most,
        says,
        refused: Arc::clone(&refused),
        calls,
    };
    let result: &'static str = "result ".repeat(words).leak();
    let agent = Agent::new("assistant", model).tool(ScriptedTool::new("tool", Act::Give(result)));
    (agent, refused)
}

#[tokio::test]
async fn a_session_at_the_model_s_limit_goes_on() {
    // Who knows the limit, and how often the model may have to say that it is too much.
    let rows = [
        ("the model", Some(1_000), None, 0..=0),
        ("the agent", None, Some(1_000), 0..=0),
        ("nobody", None, None, 1..=10),
    ];
    for (who, says, context, refusals) in rows {
        let (agent, refused) = narrow(4_000, says, 1, 20);
        let limits = Limits {
            context,
            ..Limits::default()
        };
        let recorder = Recorder::new();
        let runner = Runner::new(agent.limits(limits)).hooks(recorder.clone());
        for number in 0..100 {
            let reply = runner.turn(format!("Question {number}?"), "s").await;
            assert_eq!(
                reply.unwrap().text(),
                "Yes, indeed.",
                "{who}, turn {number}"
            );
        }
        let refused = refused.load(Ordering::SeqCst);
        assert!(
            refusals.contains(&refused),
            "{who}: refused {refused} times"
        );
        let trimmed = trimmed(&recorder.events());
        assert!(
            trimmed
                .iter()
                .all(|it| it.turns > 0 && it.tokens > 0 && it.results == 0)
        );
        let by_refusal = trimmed.iter().filter(|it| it.reason == "context_length");
        assert_eq!(by_refusal.count(), refused, "{who}: what went is said");
        assert!(trimmed.len() > refused);
        recorder.check().unwrap();
    }
}

#[tokio::test]
async fn in_a_turn_that_is_too_long_by_itself_results_are_named_the_oldest_first() {
    let rows = [("known", Some(1_500)), ("not known", None)];
    for (what, says) in rows {
        let (agent, refused) = narrow(6_000, says, 20, 100);
        let limits = Limits {
            steps: 100,
            ..Limits::default()
        };
        let recorder = Recorder::new();
        let runner = Runner::new(agent.limits(limits)).hooks(recorder.clone());
        let turn = runner.turn("The question.", "").await;
        let reply = turn.unwrap_or_else(|why| panic!("{what}: {:?}", why.kind()));
        assert_eq!(reply.messages()[0].text(), "The question.");
        let named = |it: &&Message| {
            it.text()
                .starts_with("[left out, so that the conversation fits: ")
        };
        assert!(named(&&reply.messages()[2]), "the oldest");
        assert!(
            !named(&&reply.messages()[reply.messages().len() - 2]),
            "the newest"
        );
        assert!(trimmed(&recorder.events()).iter().any(|it| it.results > 0));
        assert!(
            says.is_none() || refused.load(Ordering::SeqCst) == 0,
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_question_that_is_too_long_by_itself_fails_and_leaves_the_session_as_it_was() {
    let (agent, refused) = narrow(4_000, None, 0, 20);
    let runner = Runner::new(agent);
    runner.turn("Short?", "s").await.unwrap();
    let long = runner.turn("long ".repeat(2_000), "s").await;
    assert!(long.is_err());
    assert_eq!(
        refused.load(Ordering::SeqCst),
        2,
        "once more with less, and no further"
    );
    let reply = runner.turn("Short again?", "s").await.unwrap();
    assert_eq!(reply.text(), "Yes, indeed.");
    assert_eq!(runner.session_store().load("s").await.unwrap().len(), 2);
}
