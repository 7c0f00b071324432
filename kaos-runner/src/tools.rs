//! What a model asks for in one step: tools and sub-agents, at once and within bounds.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kaos_hooks::{
    Failure, Hooks, Ruling, Scope, Step, Str, Subagent, SubagentOutcome, ToolCall, ToolOutcome,
    ToolRequest, Turn, Usage, catch_panic,
};

use crate::turn::{Progress, add, answer};
use crate::{Agent, Message, Tool, ToolError, ToolUse, debug_lines};

/// What came of one call: what the model is told, and what a sub-agent spent.
struct Done {
    content: Str,
    delegated: Option<Usage>,
}

/// Carries out the calls, `tools_at_once` of them at a time, and adds the results to the
/// conversation in the order the model asked.
///
/// They run inside the turn's own future: nothing is spawned, so none outlives it.
pub(crate) async fn call_all(
    hooks: &Hooks,
    agent: &Agent,
    step: &Scope<Step>,
    calls: &[ToolUse],
    progress: &mut Progress,
) {
    let mut waiting = calls.iter().enumerate();
    let mut running = FuturesUnordered::new();
    let mut done: Vec<Option<Done>> = calls.iter().map(|_| None).collect();
    loop {
        while running.len() < agent.limits.tools_at_once.max(1) {
            let Some((at, call)) = waiting.next() else {
                break;
            };
            running.push(async move { (at, call_one(hooks, agent, step, call).await) });
        }
        let Some((at, result)) = running.next().await else {
            break;
        };
        if let Some(place) = done.get_mut(at) {
            *place = Some(result);
        }
    }
    for (call, done) in calls.iter().zip(done.into_iter().flatten()) {
        progress.tool_calls.push(call.name.clone());
        progress.delegated = add(progress.delegated, done.delegated);
        let call_id = call.id.clone();
        progress.messages.push(Message::Tool {
            call_id,
            content: done.content,
        });
    }
}

async fn call_one(hooks: &Hooks, agent: &Agent, step: &Scope<Step>, call: &ToolUse) -> Done {
    let tool = agent
        .tools
        .iter()
        .find(|tool| tool.spec().name == call.name);
    let subagent = agent.subagents.iter().find(|agent| agent.name == call.name);
    match (tool, subagent) {
        (Some(tool), _) => {
            let content = run_tool(hooks, agent, step, call, tool).await;
            Done {
                content,
                delegated: None,
            }
        }
        (None, Some(subagent)) => delegate(hooks, step, call, subagent).await,
        (None, None) => {
            let scope = step.open(asked_for(call));
            debug_lines::not_run(&scope, call, "unknown_tool").await;
            let content = Str::from(format!("there is no tool named {}", call.name));
            scope.fail(Failure::new("unknown_tool").message(content.clone()));
            Done {
                content,
                delegated: None,
            }
        }
    }
}

fn asked_for(call: &ToolUse) -> ToolCall {
    ToolCall {
        call_id: Some(call.id.clone()),
        arguments: Some(call.arguments.clone()),
        ..ToolCall::new(call.name.clone())
    }
}

/// Runs a tool, if the gates let it, and gives what the model is told.
async fn run_tool(
    hooks: &Hooks,
    agent: &Agent,
    step: &Scope<Step>,
    call: &ToolUse,
    tool: &Arc<dyn Tool>,
) -> Str {
    let spec = tool.spec();
    let scope = step.open(ToolCall {
        kind: spec.kind,
        description: Some(spec.description.clone()).filter(|text| !text.is_empty()),
        ..asked_for(call)
    });
    scope.ready().await;
    let request = ToolRequest {
        call_id: Some(&call.id),
        read_only: spec.read_only,
        ..ToolRequest::of(&scope, &call.name, &call.arguments)
    };
    let arguments = match hooks.before_tool_call(&scope, request).await {
        Ruling::Run { arguments } => arguments,
        Ruling::Skip { reason } => {
            debug_lines::not_run(&scope, call, "skipped").await;
            scope.complete(ToolOutcome {
                skipped: true,
                ..ToolOutcome::default()
            });
            return Str::from(format!("skipped: {reason}"));
        }
        Ruling::Deny { reason } => {
            debug_lines::not_run(&scope, call, "denied").await;
            scope.fail(Failure::new("denied").message(reason.clone()));
            return Str::from(format!("denied: {reason}"));
        }
    };
    let limit = agent.limits.tool;
    let running = async {
        match tokio::time::timeout(limit, catch_panic(tool.call(&arguments))).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_panicked)) => Err(ToolError::of_kind("panic", "the tool panicked")),
            Err(_elapsed) => Err(ToolError::of_kind(
                "timeout",
                format!("no result within {limit:?}"),
            )),
        }
    };
    let told = debug_lines::tool(&call.name, &arguments, running);
    let failed = match scope.entered(told).await {
        Ok(result) => {
            scope.complete(ToolOutcome {
                result: Some(result.clone()),
                result_bytes: Some(result.len() as u64),
                ..ToolOutcome::default()
            });
            return result;
        }
        Err(failed) => failed,
    };
    let content = Str::from(format!("error: {failed}"));
    scope.fail(failed.failure());
    content
}

/// Gives work to a sub-agent: its turn is part of this stream.
async fn delegate(hooks: &Hooks, step: &Scope<Step>, call: &ToolUse, agent: &Agent) -> Done {
    let task = task_of(&call.arguments);
    let scope = step.open(Subagent {
        call_id: Some(call.id.clone()),
        task: Some(task.clone()),
        ..Subagent::new(agent.name.clone())
    });
    debug_lines::delegation(&scope, &agent.name, &task).await;
    scope.settled().await;
    let begin = agent.begin(Turn::new(agent.name.clone()), &task);
    let mut progress = Progress::new(vec![Message::User(task)], &begin);
    let turn = scope.turn(begin);
    let answered = answer(hooks, agent, turn, &mut progress).await;
    debug_lines::delegated(&scope, &agent.name, &answered).await;
    let delegated = progress.total();
    match answered {
        Ok(reply) => {
            let result = Some(reply.text.clone());
            scope.complete(SubagentOutcome {
                result,
                ..SubagentOutcome::default()
            });
            Done {
                content: reply.text,
                delegated,
            }
        }
        Err(why) => {
            scope.fail(why.failure());
            Done {
                content: Str::from(format!("error: {why}")),
                delegated,
            }
        }
    }
}

/// The `task` argument, or all of it where a model does not keep to the schema.
fn task_of(arguments: &str) -> Str {
    let parsed: Option<serde_json::Value> = serde_json::from_str(arguments).ok();
    let task = parsed
        .as_ref()
        .and_then(|parsed| parsed.get("task")?.as_str());
    Str::copied(task.unwrap_or(arguments))
}
