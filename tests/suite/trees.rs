//! The span trees of turns, edge by edge, and that the exported spans are the same.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::testing::{Recorder, assert_tree};
use kaos_hooks::{
    Budget, Emitter, Hooks, LlmCall, LlmOutcome, SpanTree, Str, Subagent, SubagentOutcome, Turn,
    TurnOutcome, Usage, Value,
};
use kaos_runner::{
    Deltas, FunctionModel, Limits, Model, ModelError, ModelReply, ModelRequest, Runner,
    TurnErrorKind,
};
use kaos_tests::agents::{self, Act, Scripted, calls, scripted};
use kaos_tests::observed::Observed;
use kaos_tests::slow_disk::SlowDisk;
use tokio::sync::Notify;
use tokio_stream::StreamExt as _;

#[tokio::test]
async fn a_chat_turn() {
    let observed = Observed::new(agents::agent("assistant", FunctionModel::answer("Hello.")));
    let reply = observed.runner.turn("Hi!", "s").await.unwrap();
    assert_eq!(reply.to_string(), "Hello.");
    assert_eq!(reply.trace_id(), observed.recorder.events()[0].run.trace_id);
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
        ",
    );
}

#[tokio::test]
async fn three_steps_with_parallel_tools_and_a_sub_agent_that_calls_a_tool() {
    let researcher = scripted(
        "researcher",
        [calls(&["search"]), ModelReply::text("found")],
    )
    .tool(Scripted::new("search", Act::Give("a page")));
    let agent = scripted(
        "assistant",
        [
            calls(&["slow", "fast"]),
            calls(&["researcher"]),
            ModelReply::text("done"),
        ],
    )
    .tool(Scripted::new(
        "slow",
        Act::After(Duration::from_millis(20), "late"),
    ))
    .tool(Scripted::new("fast", Act::Give("soon")))
    .subagent(researcher);
    let observed = Observed::new(agent);
    tokio::time::pause();
    let reply = observed.runner.turn("Work.", "s").await.unwrap();
    assert_eq!(reply.text(), "done");
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool.slow
            tool.fast
          agent.step.2
            model.inference
            delegate.researcher
              agent.turn
                agent.intent_classification
                agent.step.1
                  model.inference
                  tool.search
                agent.step.2
                  model.inference
          agent.step.3
            model.inference
        ",
    );
    let runs: std::collections::HashSet<_> = observed
        .recorder
        .events()
        .iter()
        .map(|event| event.run.id.clone())
        .collect();
    assert_eq!(
        runs.len(),
        2,
        "the sub-agent has a run of its own in the same stream"
    );
}

#[tokio::test]
async fn a_failing_tool_fails_its_own_span_only() {
    let agent = scripted(
        "assistant",
        [calls(&["bad", "good"]), ModelReply::text("done")],
    )
    .tool(Scripted::new("bad", Act::Fail("no such file")))
    .tool(Scripted::new("good", Act::Give("fine")));
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool.bad [error: tool_error]
            tool.good
          agent.step.2
            model.inference
        ",
    );
}

#[tokio::test]
async fn a_tool_that_panics_and_one_that_does_not_exist() {
    let agent = scripted(
        "assistant",
        [calls(&["panics", "fine", "absent"]), ModelReply::text("ok")],
    )
    .tool(Scripted::new("panics", Act::Panic))
    .tool(Scripted::new("fine", Act::Give("fine")));
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool.panics [error: panic]
            tool.fine
            tool._OTHER [error: unknown_tool]
          agent.step.2
            model.inference
        ",
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_past_its_time_limit_fails_and_the_turn_goes_on() {
    let agent = scripted("assistant", [calls(&["hangs"]), ModelReply::text("ok")])
        .tool(Scripted::new("hangs", Act::Hang(Arc::default())));
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool.hangs [error: timeout]
          agent.step.2
            model.inference
        ",
    );
}

#[tokio::test]
async fn a_model_that_fails_fails_its_step_and_the_turn() {
    let model = FunctionModel::new(|_| Err(ModelError::new("rate_limited", "try later")));
    let observed = Observed::new(agents::agent("assistant", model));
    let error = observed.runner.turn("Hi!", "s").await.unwrap_err();
    assert!(matches!(error.kind(), TurnErrorKind::Model(model) if model.kind() == "rate_limited"));
    assert_eq!(error.trace_id(), observed.recorder.events()[0].run.trace_id);
    observed.assert_tree(
        "
        agent.turn [error: rate_limited]
          agent.intent_classification
          agent.step.1 [error: rate_limited]
            model.inference [error: rate_limited]
        ",
    );
}

#[tokio::test]
async fn a_model_that_panics_ends_its_span_with_the_panic() {
    let model = FunctionModel::new(|_| panic!("a model of the tests panics"));
    let observed = Observed::new(agents::agent("assistant", model));
    let error = observed.runner.turn("Hi!", "s").await.unwrap_err();
    assert_eq!(*error.kind(), TurnErrorKind::ModelPanicked);
    observed.assert_tree(
        "
        agent.turn [error: panic]
          agent.intent_classification
          agent.step.1 [error: panic]
            model.inference [error: panic]
        ",
    );
}

#[tokio::test]
async fn a_turn_dropped_in_a_tool_ends_cancelled() {
    let began = Arc::new(Notify::new());
    let agent = scripted("assistant", [calls(&["hangs"])])
        .tool(Scripted::new("hangs", Act::Hang(Arc::clone(&began))));
    let observed = Observed::new(agent);
    tokio::select! {
        _ = observed.runner.turn("Work.", "s") => panic!("the tool never ends"),
        () = began.notified() => {}
    }
    observed.assert_tree(
        "
        agent.turn [cancelled]
          agent.intent_classification
          agent.step.1 [cancelled]
            model.inference
            tool.hangs [cancelled]
        ",
    );
}

#[tokio::test]
async fn a_turn_dropped_in_a_model_call_ends_cancelled() {
    let began = Arc::new(Notify::new());
    let signal = Arc::clone(&began);
    let model = FunctionModel::from_async(move |_| {
        signal.notify_one();
        std::future::pending()
    });
    let observed = Observed::new(agents::agent("assistant", model));
    tokio::select! {
        _ = observed.runner.turn("Hi!", "s") => panic!("the model never answers"),
        () = began.notified() => {}
    }
    observed.assert_tree(
        "
        agent.turn [cancelled]
          agent.intent_classification
          agent.step.1 [cancelled]
            model.inference [cancelled]
        ",
    );
}

/// The stream is dropped after each number of events there is; a turn works only while its stream
/// is polled, so this cuts it at every point where it waits, and between any two events read.
#[tokio::test(start_paused = true)]
async fn a_stream_dropped_between_any_two_events_leaves_no_span_open() {
    let mut read = 0;
    loop {
        let agent = scripted(
            "assistant",
            [calls(&["slow", "fast"]), ModelReply::text("done")],
        )
        .tool(Scripted::new(
            "slow",
            Act::After(Duration::from_millis(1), "late"),
        ))
        .tool(Scripted::new("fast", Act::Give("soon")));
        let observed = Observed::new(agent);
        let mut events = observed.runner.run("Work.", "s");
        let mut seen = 0;
        while seen < read && events.next().await.is_some() {
            seen += 1;
        }
        drop(events);
        observed.assert_sound();
        if seen < read {
            break;
        }
        read += 1;
    }
    assert!(read > 20, "the turn has {read} events");
}

#[tokio::test(start_paused = true)]
async fn a_turn_past_its_time_limit_ends_with_the_budget() {
    let agent = scripted("assistant", [calls(&["hangs"])])
        .tool(Scripted::new("hangs", Act::Hang(Arc::default())))
        .limits(Limits {
            turn: Duration::from_secs(5),
            ..Limits::default()
        });
    let observed = Observed::new(agent);
    let error = observed.runner.turn("Work.", "s").await.unwrap_err();
    assert!(matches!(
        error.kind(),
        TurnErrorKind::Budget {
            budget: Budget::Time,
            limit: 5000,
            ..
        }
    ));
    observed.assert_tree(
        "
        agent.turn [error: budget_exceeded]
          agent.intent_classification
          agent.step.1 [cancelled]
            model.inference
            tool.hangs [cancelled]
        ",
    );
    let exceeded =
        observed.recorder.events().iter().any(
            |event| matches!(event.value(), Some(Value::BudgetExceeded(it)) if it.limit == 5000),
        );
    assert!(exceeded, "the limit stands in the stream");
}

#[tokio::test]
async fn limits_on_steps_and_tokens_end_the_turn() {
    #[track_caller]
    fn check(limits: Limits, replies: Vec<ModelReply>) -> impl Future<Output = Budget> {
        let agent = scripted("assistant", replies)
            .tool(Scripted::new("tool", Act::Give("fine")))
            .limits(limits);
        let observed = Observed::new(agent);
        async move {
            let error = observed.runner.turn("Work.", "s").await.unwrap_err();
            observed.assert_sound();
            match error.kind() {
                TurnErrorKind::Budget { budget, .. } => *budget,
                other => panic!("{other}"),
            }
        }
    }
    let endless = || vec![calls(&["tool"]), calls(&["tool"]), calls(&["tool"])];
    let limits = Limits {
        steps: 2,
        ..Limits::default()
    };
    assert_eq!(check(limits, endless()).await, Budget::Steps);
    let limits = Limits {
        tokens: Some(100),
        ..Limits::default()
    };
    let replies = vec![calls(&["tool"]).usage(90, 20), ModelReply::text("never")];
    assert_eq!(check(limits, replies).await, Budget::Tokens);
}

#[tokio::test]
async fn a_model_that_floods_the_stream_ends_the_turn_with_the_budget() {
    struct Floods;
    #[async_trait]
    impl Model for Floods {
        fn provider(&self) -> Str {
            Str::from("test")
        }

        fn name(&self) -> Str {
            Str::from("floods")
        }

        async fn respond(
            &self,
            _request: ModelRequest<'_>,
            deltas: &Deltas,
        ) -> Result<ModelReply, ModelError> {
            (0..1000).for_each(|_| deltas.text("more "));
            Ok(ModelReply::text("done"))
        }
    }
    let recorder = Recorder::new();
    let emitter = Emitter::new().with_unawaited_events(100);
    let audit = AuditHook::builder("not used").storage(SlowDisk::default());
    let audit = audit.open().unwrap();
    let hooks = Hooks::with_emitter(emitter, (recorder.clone(), audit));
    let runner = Runner::new(agents::agent("assistant", Floods)).hooks(hooks);
    let error = runner.turn("Hi!", "s").await.unwrap_err();
    assert!(matches!(
        error.kind(),
        TurnErrorKind::Budget {
            budget: Budget::Events,
            limit: 100,
            ..
        }
    ));
    recorder.check().unwrap();
    assert_tree(
        &recorder,
        "
        agent.turn [error: budget_exceeded]
          agent.intent_classification
          agent.step.1 [cancelled]
            model.inference [cancelled]
        ",
    );
}

#[tokio::test]
async fn a_session_is_remembered_and_an_anonymous_one_is_not() {
    let model = FunctionModel::new(|request| {
        Ok(ModelReply::text(format!(
            "{} messages",
            request.messages.len()
        )))
    });
    let observed = Observed::new(agents::agent("assistant", model));
    let ask = |session: &'static str| observed.runner.turn("Hi!", session);
    assert_eq!(ask("s").await.unwrap().text(), "1 messages");
    assert_eq!(ask("s").await.unwrap().text(), "3 messages");
    assert_eq!(ask("other").await.unwrap().text(), "1 messages");
    assert_eq!(ask("").await.unwrap().text(), "1 messages");
    assert_eq!(ask("").await.unwrap().text(), "1 messages");
    observed.assert_sound();
}

#[test]
fn a_tree_of_long_names_and_great_depth_is_shown_within_bounds() {
    let recorder = Recorder::new();
    let hooks = Hooks::new(recorder.clone());
    let name = "n".repeat(70_000);
    let turn = hooks.turn(Turn::new("assistant"));
    turn.open(kaos_hooks::ToolCall::new(name))
        .complete(kaos_hooks::ToolOutcome::default());
    turn.complete(TurnOutcome::default());
    let tree = SpanTree::of(&recorder.events());
    for text in [tree.to_string(), tree.timeline()] {
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest.unwrap() < 200, "{longest:?}");
        assert!(text.contains('…'));
    }
    let mut events = Vec::new();
    let first = recorder.events().remove(0);
    for number in 1..=20_000_u64 {
        let mut event = first.clone();
        if let kaos_hooks::BodyBuf::Span(span) = &mut event.body {
            span.id = kaos_hooks::SpanId::new(number).unwrap();
            span.parent = kaos_hooks::SpanId::new(number - 1);
        }
        events.push(event);
    }
    let tree = SpanTree::of(&events);
    for text in [tree.to_string(), tree.timeline(), tree.outline()] {
        assert!(text.len() < 20_001 * 200, "{}", text.len());
    }
}

#[test]
fn an_agent_elsewhere_s_tokens_are_summed_once() {
    let usage = Some(Usage::new(10, 3));
    for (is_here, total) in [(false, "13 tokens"), (true, "13 tokens")] {
        let recorder = Recorder::new();
        let hooks = Hooks::new(recorder.clone());
        let turn = hooks.turn(Turn::new("coordinator"));
        let delegation = turn.open(Subagent::new("researcher"));
        if is_here {
            let far = delegation.turn(Turn::new("researcher"));
            let call = far.open(LlmCall::new("openai", "gpt-4o"));
            call.complete(LlmOutcome {
                usage,
                ..LlmOutcome::default()
            });
            far.complete(TurnOutcome::default());
        }
        delegation.complete(SubagentOutcome {
            usage,
            ..SubagentOutcome::default()
        });
        turn.complete(TurnOutcome::default());
        let summary = SpanTree::of(&recorder.events()).summary();
        assert!(summary.ends_with(total), "{summary}");
    }
}
