//! One call of a tool: checked, allowed, run within its bounds.

use std::sync::Arc;

use kaos_hooks::{Failure, Hooks, Ruling, Scope, Step, Str, ToolCall, ToolOutcome, catch_panic};

use crate::shape::Shape;
use crate::{Agent, Tool, ToolContext, ToolError, ToolOutput, ToolUse, arguments, debug_lines};

/// What the model is told of a call.
pub(crate) struct Told {
    pub(crate) output: ToolOutput,
    /// Whether it is why there is no result.
    pub(crate) failed: bool,
}

impl Told {
    /// That, and why, there is no result.
    pub(crate) fn failed(why: impl Into<ToolOutput>) -> Self {
        Self {
            output: why.into(),
            failed: true,
        }
    }
}

/// What a span says of a call before anything is known of its tool.
pub(crate) fn asked_for(call: &ToolUse) -> ToolCall {
    ToolCall {
        call_id: Some(call.id.clone()),
        arguments: Some(call.arguments.clone()),
        ..ToolCall::new(call.name.clone())
    }
}

/// Runs a tool, if its arguments fit and the gates let it, and gives what the model is told.
pub(crate) async fn run(
    hooks: &Hooks,
    agent: &Agent,
    step: &Scope<Step>,
    call: &ToolUse,
    tool: &Arc<dyn Tool>,
    shape: Shape,
) -> Told {
    let spec = tool.spec();
    let mut scope = step.open(ToolCall {
        kind: spec.kind,
        description: Some(spec.description.clone()).filter(|text| !text.is_empty()),
        ..asked_for(call)
    });
    let given = shape.given(&call.arguments);
    if let Err(wrong) = arguments::check(spec, &given) {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, agent.limits.tool_result);
    }
    scope.ready().await;
    let ruling = hooks.before_tool_call(&scope, &given, spec.annotations);
    let arguments = match ruling.await {
        Ruling::Run { arguments } => arguments,
        Ruling::Skip { reason } => {
            debug_lines::not_run(&scope, call, "skipped").await;
            scope.complete(ToolOutcome {
                skipped: true,
                ..ToolOutcome::default()
            });
            return Told::failed(format!("skipped: {reason}"));
        }
        Ruling::Deny { reason } => {
            debug_lines::not_run(&scope, call, "denied").await;
            scope.fail(Failure::new("denied").message(reason.clone()));
            return Told::failed(format!("denied: {reason}"));
        }
    };
    if arguments != given
        && let Err(wrong) = arguments::check(spec, &arguments)
    {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, agent.limits.tool_result);
    }
    let limit = spec.time_limit.unwrap_or(agent.limits.tool);
    let context = ToolContext::new(hooks);
    let running = async {
        let called = catch_panic(tool.call(&arguments, &context));
        match tokio::time::timeout(limit, called).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_panicked)) => Err(ToolError::of_kind("panic", "the tool panicked")),
            Err(_elapsed) => Err(ToolError::of_kind(
                "timeout",
                format!("no result within {limit:?}"),
            )),
        }
    };
    let ended = scope
        .entered(debug_lines::tool(&call.name, &arguments, running))
        .await;
    let mcp = context.into_mcp();
    match ended {
        Ok(result) => {
            let bytes = result.bytes() as u64;
            let output = result.cut(agent.limits.tool_result);
            scope.complete(ToolOutcome {
                result: Some(output.shared_text()),
                result_bytes: Some(bytes),
                mcp,
                ..ToolOutcome::default()
            });
            Told {
                output,
                failed: false,
            }
        }
        Err(why) => {
            if mcp.is_some() {
                scope.so_far(ToolOutcome {
                    mcp,
                    ..ToolOutcome::default()
                });
            }
            failed(scope, &why, agent.limits.tool_result)
        }
    }
}

/// Ends the span of a call without a result, and gives what the model is told.
fn failed(scope: Scope<ToolCall>, why: &ToolError, most: usize) -> Told {
    let text = ToolOutput::from(why.to_string()).cut(most);
    let why = ToolError::of_kind(Str::copied(why.kind()), text.shared_text());
    scope.fail(why.failure());
    Told::failed(format!("error: {why}"))
}
