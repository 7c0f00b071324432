//! The agents that the examples share.

use kaos_runner::{
    Agent, FunctionModel, FunctionTool, Message, ModelReply, ModelRequest, ToolError,
};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Calculate {
    /// Whole numbers and one of + - *, for example `6*7`.
    expression: String,
}

/// A calculator for whole numbers.
#[must_use]
pub fn calculator() -> FunctionTool {
    let description = "Adds, subtracts or multiplies two whole numbers.";
    FunctionTool::new("calculator", description, |call: Calculate| async move {
        let text = call.expression;
        let at = text
            .find(['+', '-', '*'])
            .ok_or_else(|| ToolError::new("no operator"))?;
        let number = |text: &str| {
            text.trim()
                .parse::<i64>()
                .map_err(|error| ToolError::new(format!("{text}: {error}")))
        };
        let (left, right) = (number(&text[..at])?, number(&text[at + 1..])?);
        let result = match &text[at..=at] {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            _ => left.checked_mul(right),
        };
        result
            .map(|result| result.to_string())
            .ok_or_else(|| ToolError::new("too large"))
    })
    .read_only()
}

/// An offline agent with a tool and a sub-agent that has a tool itself.
#[must_use]
pub fn lease_agent() -> Agent {
    let researcher = Agent::new(
        "researcher",
        FunctionModel::new(|request| Ok(research(request))),
    )
    .description("Looks things up in the lease.")
    .tool(calculator());
    Agent::new(
        "assistant",
        FunctionModel::new(|request| Ok(assist(request))),
    )
    .instructions("Answer questions about the lease.")
    .tool(calculator())
    .subagent(researcher)
}

/// The first request asks for a sum and for research, the second is answered.
fn assist(request: &ModelRequest<'_>) -> ModelReply {
    match request.messages.last() {
        Some(Message::Tool(_)) => {
            ModelReply::text("The lease runs 36 months and costs 42 000 in all.").usage(310, 24)
        }
        _ => ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#)
            .and_call(
                "call-2",
                "researcher",
                r#"{"task":"How long does the lease run?"}"#,
            )
            .usage(180, 41),
    }
}

/// The first calculation fails, and the model corrects itself.
fn research(request: &ModelRequest<'_>) -> ModelReply {
    match request.messages.last() {
        Some(Message::Tool(result)) if result.failed => {
            ModelReply::call("call-4", "calculator", r#"{"expression":"12*3"}"#).usage(120, 18)
        }
        Some(Message::Tool(_)) => ModelReply::text("36 months.").usage(140, 6),
        _ => {
            ModelReply::call("call-3", "calculator", r#"{"expression":"12 times 3"}"#).usage(90, 18)
        }
    }
}
