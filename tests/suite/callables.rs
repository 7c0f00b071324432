//! Tools and sub-agents are called in one way: the same checks, gates, limits and events, and tokens
//! that are shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Budget, EventBuf, Gate, GateError, PhaseBuf, ToolRequest, Value, Verdict};
use kaos_runner::{
    Agent, FunctionModel, Limits, ModelReply, Runner, TokenBudget, TurnError, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted, watched};
use serde_json::json;

/// Says the same of every call, and counts.
struct Says(Verdict, Arc<AtomicUsize>);

#[async_trait]
impl Gate for Says {
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        assert_eq!((call.tool, call.call_id), ("it", Some("1")));
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0.clone())
    }
}

/// How the span of a call ended.
fn ended(events: &[EventBuf], name: &str) -> String {
    let spans = events.iter().filter_map(EventBuf::span);
    let ends = spans.filter(|span| span.name().as_str() == name);
    let ends = ends.filter_map(|span| match &span.phase {
        PhaseBuf::Complete(..) => Some("ok".to_owned()),
        PhaseBuf::Error(failure, ..) => Some(failure.kind.to_string()),
        _ => None,
    });
    ends.collect::<Vec<_>>().join(" ")
}

struct Called {
    /// What the model was told.
    told: String,
    /// How the call's span ended.
    end: String,
    /// What was done, with these arguments.
    did: Vec<String>,
    asked: usize,
    decided: usize,
}

/// One call of `it`, a tool or a sub-agent that gives this result.
async fn called(
    agent: bool,
    verdict: Verdict,
    arguments: &'static str,
    result: &'static str,
) -> Called {
    let call = ModelReply::call("1", "it", arguments);
    let (model, seen) = watched([call, ModelReply::text("done")]);
    let limits = Limits {
        tool_result: 10,
        ..Limits::default()
    };
    let schema = json!({
        "type": "object", "properties": { "task": { "type": "string" } }, "required": ["task"],
    });
    let tool = Scripted::new("it", Act::Give(result)).with_schema(schema);
    let (inner, tasks) = watched([ModelReply::text(result)]);
    let caller = Agent::new("assistant", model).limits(limits);
    let caller = if agent {
        caller.subagent(Agent::new("it", inner))
    } else {
        caller.tool(tool.clone())
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let recorder = Recorder::new();
    let gate = Says(verdict, Arc::clone(&asked));
    let runner = Runner::new(caller).hooks((recorder.clone(), gate));
    runner.turn("Work.", "").await.unwrap();
    recorder.check().unwrap();
    let events = recorder.events();
    let decided = events
        .iter()
        .filter(|it| matches!(it.value(), Some(Value::GateDecided(_))));
    let tasks = tasks.requests().into_iter();
    Called {
        told: seen.results().concat(),
        end: ended(&events, if agent { "delegate.it" } else { "tool.it" }),
        did: if agent {
            tasks.map(|it| it.messages[0].text().into_owned()).collect()
        } else {
            let task = |it: &String| {
                serde_json::from_str::<serde_json::Value>(it).unwrap()["task"].clone()
            };
            tool.saw()
                .iter()
                .map(|it| task(it).as_str().unwrap().to_owned())
                .collect()
        },
        asked: asked.load(Ordering::SeqCst),
        decided: decided.count(),
    }
}

/// Verdict, arguments, result; then what the model is told, the span's end, what was done, and how often
/// the gate was asked.
type Row = (
    Verdict,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Vec<&'static str>,
    usize,
);

fn rows() -> Vec<Row> {
    let fits = r#"{"task":"look"}"#;
    vec![
        (
            Verdict::Allow,
            fits,
            "found",
            "found",
            "ok",
            vec!["look"],
            1,
        ),
        (
            Verdict::Allow,
            fits,
            "a long result",
            "a long res\n[cut: the first 10 of 13 bytes]",
            "ok",
            vec!["look"],
            1,
        ),
        (
            Verdict::Rewrite(r#"{"task":"safe"}"#.into()),
            fits,
            "found",
            "found",
            "ok",
            vec!["safe"],
            1,
        ),
        (
            Verdict::Rewrite("{}".into()),
            fits,
            "found",
            "error: the",
            "invalid_arguments",
            vec![],
            1,
        ),
        (
            Verdict::deny("never"),
            fits,
            "found",
            "denied: never",
            "denied",
            vec![],
            1,
        ),
        (
            Verdict::skip("not now"),
            fits,
            "found",
            "skipped: not now",
            "ok",
            vec![],
            1,
        ),
        (
            Verdict::require_approval("sure?"),
            fits,
            "found",
            "denied: needs a person",
            "denied",
            vec![],
            1,
        ),
        (
            Verdict::Allow,
            r#"{"task":7}"#,
            "found",
            "error: the",
            "invalid_arguments",
            vec![],
            0,
        ),
        (
            Verdict::Allow,
            "{}",
            "found",
            "error: the",
            "invalid_arguments",
            vec![],
            0,
        ),
        (
            Verdict::Allow,
            "{",
            "found",
            "error: the",
            "invalid_arguments",
            vec![],
            0,
        ),
    ]
}

#[tokio::test]
async fn a_tool_and_a_sub_agent_are_called_in_the_same_way() {
    for (verdict, arguments, result, told, end, did, asked) in rows() {
        for agent in [false, true] {
            let what = format!("{verdict:?} {arguments} agent: {agent}");
            let called = called(agent, verdict.clone(), arguments, result).await;
            assert!(called.told.starts_with(told), "{what}: {}", called.told);
            assert_eq!(called.end, end, "{what}");
            assert_eq!(called.did, did, "{what}");
            assert_eq!((called.asked, called.decided), (asked, asked), "{what}");
        }
    }
}

#[tokio::test]
async fn a_gate_is_told_whether_it_is_an_agent() {
    struct Tools;
    #[async_trait]
    impl Gate for Tools {
        async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
            assert!(!call.annotations.read_only, "an agent may do anything");
            Ok(if call.is_agent {
                Verdict::deny("no agents")
            } else {
                Verdict::Allow
            })
        }
    }
    let calls = ModelReply::call("1", "it", "{}").and_call("2", "helper", r#"{"task":"x"}"#);
    let (model, seen) = watched([calls, ModelReply::text("done")]);
    let agent = Agent::new("assistant", model)
        .tool(Scripted::new("it", Act::Give("fine")))
        .subagent(Agent::new("helper", FunctionModel::answer("never")));
    Runner::new(agent)
        .hooks(Arc::new(Tools) as Arc<dyn Gate>)
        .turn("Work.", "")
        .await
        .unwrap();
    assert_eq!(seen.results(), ["fine", "denied: no agents"]);
}

#[tokio::test]
async fn what_goes_beyond_the_limit_of_calls_is_not_begun() {
    let call = |count: usize| {
        (0..count).fold(ModelReply::default(), |reply, at| {
            reply.and_call(at.to_string(), "it", "{}")
        })
    };
    let rows = [
        (vec![3], true, 3),
        (vec![2, 1], true, 3),
        (vec![2, 2], false, 2),
        (vec![4], false, 0),
    ];
    for (calls, answered, ran) in rows {
        let replies = calls.iter().map(|count| call(*count));
        let model = FunctionModel::script(replies.chain([ModelReply::text("done")]));
        let tool = Scripted::new("it", Act::Give("fine"));
        let limits = Limits {
            tool_calls: 3,
            ..Limits::default()
        };
        let agent = Agent::new("assistant", model)
            .tool(tool.clone())
            .limits(limits);
        let turn = Runner::new(agent).turn("Work.", "").await;
        assert_eq!(tool.ran(), ran, "{calls:?}");
        let over = matches!(
            turn.as_ref().map_err(TurnError::kind),
            Err(TurnErrorKind::Budget {
                budget: Budget::ToolCalls,
                limit: 3,
                used: 4
            })
        );
        assert_eq!((turn.is_ok(), over), (answered, !answered), "{calls:?}");
    }
}

/// Answers after a while, for 500 tokens; counts what is spent by all, and at once.
fn costly(
    name: &'static str,
    reply: impl Fn(usize) -> ModelReply + Send + Sync + 'static,
    spent: &Arc<AtomicUsize>,
) -> Agent {
    let spent = Arc::clone(spent);
    let model = FunctionModel::from_async(move |request| {
        let answered = request.messages.len() > 1;
        let reply = reply(usize::from(answered)).usage(400, 100);
        let spent = Arc::clone(&spent);
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            spent.fetch_add(500, Ordering::SeqCst);
            Ok(reply)
        }
    });
    Agent::new(name, model).intent(kaos_runner::IntentBy::Off)
}

/// An agent with five helpers, each with five helpers of its own: three levels.
fn pyramid(spent: &Arc<AtomicUsize>) -> Agent {
    let fan = |answered: usize| {
        if answered > 0 {
            return ModelReply::text("done");
        }
        ["a", "b", "c", "d", "e"]
            .iter()
            .fold(ModelReply::default(), |reply, name| {
                reply.and_call(*name, *name, r#"{"task":"x"}"#)
            })
    };
    let names = ["a", "b", "c", "d", "e"];
    let helper = |name| {
        let leaves = names.map(|leaf| costly(leaf, |_| ModelReply::text("leaf"), spent));
        leaves
            .into_iter()
            .fold(costly(name, fan, spent), Agent::subagent)
    };
    names
        .map(helper)
        .into_iter()
        .fold(costly("root", fan, spent), Agent::subagent)
}

#[tokio::test(start_paused = true)]
async fn nobody_overspends_by_racing() {
    // In full it is 1 + 5 + 25 calls down and 6 more up, 18 500 tokens.
    let full = 37 * 500;
    for limit in [1, 600, 1_000, 5_000, 10_000, 18_499, 100_000] {
        for shared in [false, true] {
            let spent = Arc::new(AtomicUsize::new(0));
            let runner = Runner::new(pyramid(&spent));
            let budget = TokenBudget::new(limit);
            let own = Limits {
                tokens: Some(limit),
                ..Limits::default()
            };
            let turn = |session: &'static str| {
                let turn = runner.turn("Work.", session);
                if shared {
                    turn.budget(&budget)
                } else {
                    turn.limits(own.clone())
                }
            };
            let (one, two) = tokio::join!(turn("1").into_future(), turn("2").into_future());
            let spent = u64::try_from(spent.load(Ordering::SeqCst)).unwrap();
            // A call that runs alone may go beyond by what it costs; calls at once may not.
            let turns = if shared { 1 } else { 2 };
            let most = turns * (limit + 500);
            assert!(spent <= most, "{spent} of {limit}, shared: {shared}");
            let whole = if shared { 2 * full } else { full };
            assert_eq!(
                one.is_ok() && two.is_ok(),
                limit >= whole,
                "{spent} of {limit}"
            );
            if shared {
                assert_eq!(budget.spent(), spent);
            }
            let possible = if limit < 1_000 { 0 } else { limit.min(whole) };
            assert!(spent >= possible / 2, "{spent} of {limit} are far too few");
        }
    }
}

#[tokio::test]
async fn a_sub_agent_does_not_start_without_tokens_and_spends_its_caller_s() {
    let spends =
        |usage: u64| FunctionModel::new(move |_| Ok(ModelReply::text("found").usage(usage, 0)));
    let both =
        ModelReply::call("1", "costly", r#"{"task":"x"}"#).and_call("2", "late", r#"{"task":"x"}"#);
    let model = FunctionModel::script([both.usage(10, 0), ModelReply::text("never")]);
    let limits = Limits {
        tokens: Some(1_000),
        tools_at_once: 1,
        ..Limits::default()
    };
    let agent = Agent::new("assistant", model)
        .subagent(Agent::new("costly", spends(16_000)))
        .subagent(Agent::new("late", spends(1)))
        .limits(limits);
    let recorder = Recorder::new();
    let runner = Runner::new(agent).hooks(recorder.clone());
    let error = runner.turn("Work.", "").await.unwrap_err();
    let expected = TurnErrorKind::Budget {
        budget: Budget::Tokens,
        limit: 1_000,
        used: 16_010,
    };
    assert_eq!(*error.kind(), expected);
    let events = recorder.events();
    assert_eq!(ended(&events, "delegate.costly"), "budget_exceeded");
    assert_eq!(ended(&events, "delegate.late"), "budget_exceeded");
    let turns = events.iter().filter_map(EventBuf::span);
    let turns = turns.filter(|it| it.name() == "agent.turn" && matches!(it.phase, PhaseBuf::Start));
    assert_eq!(turns.count(), 2, "the late one did not begin");
    recorder.check().unwrap();
}

#[tokio::test]
async fn a_provider_that_tells_no_tokens_is_counted_by_estimate() {
    let model = FunctionModel::answer("a".repeat(4_000));
    let runner = Runner::new(Agent::new("assistant", model));
    let budget = TokenBudget::new(3_000);
    let mut answered = 0;
    while let Ok(reply) = runner.turn("Hi!", "").budget(&budget).await {
        assert_eq!(reply.usage(), None);
        answered += 1;
    }
    assert_eq!(answered, 2, "the third goes beyond: {budget:?}");
}
