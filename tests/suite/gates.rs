//! Gates: the tool runs only where every gate allowed it, and the decision stands in the stream.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    Decision, FailOpen, Gate, GateDecided, GateError, Hooks, IntoHooks, Ruling, Str,
    ToolAnnotations, ToolCall, ToolRequest, Turn, Value, Verdict,
};
use kaos_runner::{FunctionModel, Message, ModelReply, Runner};
use kaos_tests::agents::{self, Act, Scripted, calls};

/// A gate that does as it is told.
#[derive(Clone)]
enum Says {
    This(Verdict),
    Error,
    Panic,
    Never,
    /// Blocks past its limit, then allows: a timer alone would not notice.
    Late(Duration),
}

#[async_trait]
impl Gate for Says {
    async fn before_tool_call(&self, _call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        match self {
            Self::This(verdict) => Ok(verdict.clone()),
            Self::Error => Err(GateError::new("the policy server is down")),
            Self::Panic => panic!("a gate panics"),
            Self::Never => std::future::pending().await,
            Self::Late(time) => {
                tokio::time::advance(*time).await;
                Ok(Verdict::Allow)
            }
        }
    }
}

/// What came of a turn with one tool call.
#[derive(Debug)]
struct Came {
    ran: usize,
    saw: Vec<String>,
    decided: Vec<GateDecided>,
    told: String,
    outline: String,
}

async fn came_of<M>(gates: impl IntoHooks<M>) -> Came {
    let tool = Scripted::new("tool", Act::Give("done"));
    let told = Arc::new(Mutex::new(String::new()));
    let tell = Arc::clone(&told);
    let model = FunctionModel::new(move |request| {
        Ok(match request.messages.last() {
            Some(result @ Message::Tool(_)) => {
                *tell.lock().unwrap() = result.text().into_owned();
                ModelReply::text("answer")
            }
            _ => calls(&["tool"]),
        })
    });
    let agent = agents::agent("assistant", model).tool(tool.clone());
    let recorder = Recorder::new();
    let hooks = Hooks::new((recorder.clone(), gates)).with_gate_limit(Duration::from_secs(1));
    Runner::new(agent)
        .hooks(hooks)
        .turn("Work.", "s")
        .await
        .unwrap();
    recorder.check().unwrap();
    let decided = recorder
        .events()
        .iter()
        .filter_map(|event| match event.value() {
            Some(Value::GateDecided(decided)) => Some(decided.clone()),
            _ => None,
        })
        .collect();
    let outline = kaos_hooks::SpanTree::of(&recorder.events()).outline();
    let line = outline
        .lines()
        .find(|line| line.contains("tool.tool"))
        .unwrap_or("")
        .trim()
        .to_owned();
    let told = told.lock().unwrap().clone();
    Came {
        ran: tool.ran(),
        saw: tool.saw(),
        decided,
        told,
        outline: line,
    }
}

#[track_caller]
fn check(came: &Came, ran: usize, decision: Decision, failure: Option<&str>, outline: &str) {
    assert_eq!(came.ran, ran, "{came:?}");
    let last = came
        .decided
        .last()
        .expect("a decision stands in the stream");
    assert_eq!(last.decision, decision, "{came:?}");
    assert_eq!(last.failure.as_deref(), failure, "{came:?}");
    assert_eq!(came.outline, outline);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_allows_lets_the_tool_run() {
    let came = came_of(Says::This(Verdict::Allow)).await;
    check(&came, 1, Decision::Allow, None, "tool.tool");
    assert_eq!(came.told, "done");
    assert_eq!(
        (came.decided[0].gate.as_str(), came.decided[0].tool.as_str()),
        ("Says", "tool")
    );
    assert_eq!(came.decided[0].call_id, Some(Str::from("call-1")));
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_skips_keeps_the_tool_from_running_and_the_turn_from_failing() {
    let came = came_of(Says::This(Verdict::skip("not today"))).await;
    check(&came, 0, Decision::Skip, None, "tool.tool");
    assert_eq!(came.told, "skipped: not today");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_denies_keeps_the_tool_from_running() {
    let came = came_of(Says::This(Verdict::deny("forbidden"))).await;
    check(&came, 0, Decision::Deny, None, "tool.tool [error: denied]");
    assert_eq!(came.told, "denied: forbidden");
}

#[tokio::test(start_paused = true)]
async fn rewritten_arguments_reach_the_next_gate_and_the_tool() {
    struct Appends;
    #[async_trait]
    impl Gate for Appends {
        async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
            Ok(Verdict::Rewrite(Str::from(format!("{} ", call.arguments))))
        }
    }
    let came = came_of((Says::This(Verdict::Rewrite("{}".into())), Appends)).await;
    check(&came, 1, Decision::Rewrite, None, "tool.tool");
    assert_eq!(came.saw, ["{} "]);
    assert_eq!(came.decided[1].arguments, Some(Str::from("{} ")));
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_fails_in_any_way_has_denied() {
    let denied = "tool.tool [error: denied]";
    check(
        &came_of(Says::Error).await,
        0,
        Decision::Deny,
        Some("error"),
        denied,
    );
    check(
        &came_of(Says::Panic).await,
        0,
        Decision::Deny,
        Some("panic"),
        denied,
    );
    let came = came_of(Says::Never).await;
    check(&came, 0, Decision::Deny, Some("timeout"), denied);
    assert_eq!(came.decided[0].took, Duration::from_secs(1));
    let late = came_of(Says::Late(Duration::from_secs(2))).await;
    check(&late, 0, Decision::Deny, Some("timeout"), denied);
}

#[tokio::test(start_paused = true)]
async fn a_gate_registered_as_fail_open_allows_when_it_fails_and_still_denies_when_it_decides() {
    for (says, failure) in [
        (Says::Error, "error"),
        (Says::Panic, "panic"),
        (Says::Never, "timeout"),
    ] {
        check(
            &came_of(FailOpen(says)).await,
            1,
            Decision::Allow,
            Some(failure),
            "tool.tool",
        );
    }
    let denies = FailOpen(Says::This(Verdict::deny("no")));
    check(
        &came_of(denies).await,
        0,
        Decision::Deny,
        None,
        "tool.tool [error: denied]",
    );
}

#[tokio::test(start_paused = true)]
async fn asking_without_anyone_to_ask_denies_and_says_so() {
    let came = came_of(Says::This(Verdict::require_approval("is this right?"))).await;
    check(
        &came,
        0,
        Decision::Deny,
        Some("no_handler"),
        "tool.tool [error: denied]",
    );
    assert!(came.told.contains("is this right?"), "{}", came.told);
}

#[tokio::test(start_paused = true)]
async fn the_most_restrictive_verdict_wins_and_nothing_is_asked_after_a_deny() {
    let allow = || Says::This(Verdict::Allow);
    let came = came_of((Says::This(Verdict::skip("s")), allow())).await;
    check(&came, 0, Decision::Allow, None, "tool.tool");
    assert_eq!(came.told, "skipped: s");
    let came = came_of((
        Says::This(Verdict::skip("s")),
        Says::This(Verdict::deny("d")),
    ))
    .await;
    check(&came, 0, Decision::Deny, None, "tool.tool [error: denied]");
    let came = came_of((Says::This(Verdict::deny("d")), allow())).await;
    assert_eq!(came.decided.len(), 1);
}

#[test]
fn a_runtime_without_timers_denies() {
    let hooks = Hooks::new(Says::This(Verdict::Allow));
    let turn = hooks.turn(Turn::new("assistant"));
    let tool = turn.open(ToolCall::new("tool"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let annotations = ToolAnnotations::default();
    let ruling = runtime.block_on(hooks.before_tool_call(&tool, "{}", annotations));
    assert!(matches!(ruling, Ruling::Deny { .. }), "{ruling:?}");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_has_clones_takes_a_gate_limit_too() {
    let hooks = Hooks::new(Says::Never);
    let clone = hooks.clone();
    let hooks = hooks.with_gate_limit(Duration::from_secs(1));
    let turn = hooks.turn(Turn::new("assistant"));
    let tool = turn.open(ToolCall::new("tool"));
    for (hooks, limit) in [(hooks, 1), (clone, 30)] {
        let began = tokio::time::Instant::now();
        let annotations = ToolAnnotations::default();
        let ruling = hooks.before_tool_call(&tool, "{}", annotations).await;
        assert!(matches!(ruling, Ruling::Deny { .. }), "{ruling:?}");
        assert_eq!(began.elapsed(), Duration::from_secs(limit));
    }
}

/// Ends the turn while it is asked.
struct Ends(Mutex<Option<kaos_hooks::Scope<Turn>>>);

#[async_trait]
impl Gate for Ends {
    async fn before_tool_call(&self, _call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        drop(self.0.lock().unwrap().take());
        Ok(Verdict::Allow)
    }
}

/// The ways in which a call's span is not open.
#[tokio::test(start_paused = true)]
async fn a_call_whose_span_is_not_open_is_denied() {
    let ask = async |hooks: &Hooks, tool: &kaos_hooks::Scope<ToolCall>| {
        let asked = hooks.before_tool_call(tool, "{}", ToolAnnotations::READ_ONLY);
        matches!(asked.await, Ruling::Deny { .. })
    };
    let hooks = Hooks::new(Says::This(Verdict::Allow));
    let turn = hooks.turn(Turn::new("assistant"));
    let ended_by_its_turn = turn.open(ToolCall::new("tool"));
    let handle = turn.handle();
    drop(turn);
    let never_begun = handle.open(ToolCall::new("tool"));
    assert!(ask(&hooks, &ended_by_its_turn).await);
    assert!(ask(&hooks, &never_begun).await);

    let ends = Arc::new(Ends(Mutex::default()));
    let hooks = Hooks::new(Arc::clone(&ends) as Arc<dyn Gate>);
    let turn = hooks.turn(Turn::new("assistant"));
    let tool = turn.open(ToolCall::new("tool"));
    *ends.0.lock().unwrap() = Some(turn);
    assert!(ask(&hooks, &tool).await);
}

#[tokio::test(start_paused = true)]
async fn a_gate_judges_the_tool_that_the_span_names() {
    struct Sees(Mutex<Vec<(String, Option<String>)>>);
    #[async_trait]
    impl Gate for Sees {
        async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
            let call_id = call.call_id.map(str::to_owned);
            self.0.lock().unwrap().push((call.tool.to_owned(), call_id));
            Ok(Verdict::Allow)
        }
    }
    let sees = Arc::new(Sees(Mutex::default()));
    let hooks = Hooks::new(Arc::clone(&sees) as Arc<dyn Gate>);
    let turn = hooks.turn(Turn::new("assistant"));
    let tool = turn.open(ToolCall {
        call_id: Some("c-1".into()),
        ..ToolCall::new("launch")
    });
    let annotations = ToolAnnotations::default();
    let ruling = hooks.before_tool_call(&tool, "{}", annotations).await;
    assert!(matches!(ruling, Ruling::Run { .. }), "{ruling:?}");
    let judged = [("launch".to_owned(), Some("c-1".to_owned()))];
    assert_eq!(*sees.0.lock().unwrap(), judged);
}
