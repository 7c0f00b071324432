//! A hand-written agent loop, observed: no runner, just scopes opened where the work is done.

use std::io::Write as _;

use kaos_hooks::{
    Hooks, LlmCall, LlmOutcome, Ruling, Step, StepOutcome, ToolAnnotations, ToolCall, ToolOutcome,
    Turn, TurnOutcome, Usage,
};
use kaos_otel_hook::Telemetry;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (telemetry, memory) = Telemetry::in_memory();
    let hooks = Hooks::new(telemetry.hooks());

    let turn = hooks.turn(Turn::new("assistant").session("session-1"));
    for number in 1..=2 {
        turn.ready().await;
        let step = turn.open(Step::new(number));

        let call = step.open(LlmCall::new("openai", "gpt-4o"));
        let (text, expression) = call.entered(your_model(number)).await;
        let usage = Some(Usage::new(120, 18));
        call.complete(LlmOutcome {
            usage,
            ..LlmOutcome::default()
        });

        if let Some(expression) = expression {
            let mut tool = ToolCall::new("calculator");
            tool.arguments = Some(expression.into());
            let tool = step.open(tool);
            let asked = hooks.before_tool_call(&tool, expression, ToolAnnotations::default());
            if let Ruling::Run { arguments } = asked.await {
                let result = tool.entered(your_tool(&arguments)).await;
                tool.complete(ToolOutcome {
                    result: Some(result.into()),
                    ..ToolOutcome::default()
                });
            }
        }
        step.complete(StepOutcome::default());
        writeln!(std::io::stdout(), "{text}")?;
    }
    turn.complete(TurnOutcome::default());

    writeln!(std::io::stdout(), "{} spans", memory.spans().len())?;
    Ok(())
}

async fn your_model(step: u32) -> (&'static str, Option<&'static str>) {
    tokio::task::yield_now().await; // yours waits for a network
    if step == 1 {
        ("Let me see.", Some("6*7"))
    } else {
        ("It is 42.", None)
    }
}

async fn your_tool(_expression: &str) -> String {
    tokio::task::yield_now().await;
    "42".to_owned()
}
