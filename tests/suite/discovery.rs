//! Finding tools is part of the turn: within its time, under its span.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::Budget;
use kaos_runner::{
    Agent, FunctionModel, Limits, ModelReply, Tool, ToolContext, ToolError, ToolListing,
    ToolSource, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted, watched};
use kaos_tests::observed::Observed;

/// A source that does one of these.
struct Source(&'static str);

#[async_trait]
impl ToolSource for Source {
    fn name(&self) -> &str {
        self.0
    }

    async fn tools(&self, _: &ToolContext) -> Result<ToolListing, ToolError> {
        match self.0 {
            "hangs" => std::future::pending().await,
            "panics" => panic!("a source of the tests panics"),
            "fails" => Err(ToolError::of_kind("connection", "down")),
            _ => {
                let read: Arc<dyn Tool> = Arc::new(Scripted::new("read", Act::Give("text")));
                Ok(vec![read].into())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_is_seen_and_left_out() {
    let rows = [
        ("hangs", "[error: timeout]", 20),
        ("panics", "[error: panic]", 0),
        ("fails", "[error: connection]", 0),
    ];
    for (how, end, seconds) in rows {
        let (model, asked) = watched([ModelReply::text("done")]);
        let limits = Limits {
            tool: Duration::from_secs(20),
            ..Limits::default()
        };
        let agent = Agent::new("assistant", model)
            .tools_from(Source(how))
            .tools_from(Source("good"))
            .limits(limits);
        let observed = Observed::new(agent);
        let clock = tokio::time::Instant::now();
        observed.runner.turn("Work.", "s").await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_secs(seconds));
        assert_eq!(
            asked.requests()[0].tools,
            ["read"],
            "the good one's are there"
        );
        observed.assert_tree(&format!(
            "
            agent.turn
              tools.discovery {end}
              tools.discovery
              agent.intent_classification
              agent.step.1
                model.inference
            "
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn finding_tools_is_within_the_turn_s_limit_a_sub_agent_s_too() {
    let limits = Limits {
        turn: Duration::from_secs(5),
        ..Limits::default()
    };
    let agent = |name| Agent::new(name, FunctionModel::answer("done")).limits(limits.clone());
    let observed = Observed::new(agent("assistant").tools_from(Source("hangs")));
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
          tools.discovery [cancelled]
        ",
    );

    let call = ModelReply::call("1", "helper", r#"{"task":"x"}"#);
    let model = FunctionModel::script([call, ModelReply::text("done")]);
    let helper = agent("helper").tools_from(Source("hangs"));
    let observed = Observed::new(Agent::new("assistant", model).subagent(helper));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            delegate.helper [error: budget_exceeded]
              agent.turn [error: budget_exceeded]
                tools.discovery [cancelled]
          agent.step.2
            model.inference
        ",
    );
}
