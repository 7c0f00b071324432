//! What a model asks for in one step: tools and sub-agents, at once and within bounds.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kaos_hooks::{
    Failure, Hooks, Scope, Step, Str, Subagent, SubagentOutcome, ToolCall, ToolCallSummary, Turn,
    Usage,
};

use crate::tool_run::Told;
use crate::toolbox::{Callable, Toolbox};
use crate::turn::{Progress, add, answer};
use crate::{Agent, Message, ToolResult, ToolUse, debug_lines, tool_run};

/// What came of one call: what the model is told, and what a sub-agent spent.
struct Done {
    told: Told,
    delegated: Option<Usage>,
    took: Duration,
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
    let toolbox = Arc::clone(&progress.toolbox);
    let toolbox = toolbox.as_ref();
    let mut waiting = calls.iter().enumerate();
    let mut running = FuturesUnordered::new();
    let mut done: Vec<Option<Done>> = calls.iter().map(|_| None).collect();
    loop {
        while running.len() < agent.limits.tools_at_once.max(1) {
            let Some((at, call)) = waiting.next() else {
                break;
            };
            running.push(async move { (at, call_one(hooks, agent, toolbox, step, call).await) });
        }
        let Some((at, result)) = running.next().await else {
            break;
        };
        if let Some(place) = done.get_mut(at) {
            *place = Some(result);
        }
    }
    for (call, done) in calls.iter().zip(done.into_iter().flatten()) {
        progress.tool_calls.push(ToolCallSummary {
            call_id: call.id.clone(),
            is_error: done.told.failed,
            duration: Some(done.took),
            usage: done.delegated,
            ..ToolCallSummary::new(call.name.clone())
        });
        progress.delegated = add(progress.delegated, done.delegated);
        let Told { output, failed } = done.told;
        progress.say(Message::Tool(ToolResult {
            call_id: call.id.clone(),
            output,
            failed,
        }));
    }
}

async fn call_one(
    hooks: &Hooks,
    agent: &Agent,
    toolbox: &Toolbox,
    step: &Scope<Step>,
    call: &ToolUse,
) -> Done {
    let began = hooks.emitter().clock().monotonic_nanos();
    let (told, delegated) = match toolbox.callable(&call.name) {
        Some(Callable::Tool(tool, shape)) => {
            let told = tool_run::run(hooks, agent, step, call, tool, *shape).await;
            (told, None)
        }
        Some(Callable::Subagent(subagent)) => delegate(hooks, step, call, subagent).await,
        None => {
            let scope = step.open(ToolCall {
                call_id: Some(call.id.clone()),
                arguments: Some(call.arguments.clone()),
                ..ToolCall::unknown(call.name.clone())
            });
            debug_lines::not_run(&scope, call, "unknown_tool").await;
            let why = Str::from(format!("there is no tool named {}", call.name));
            scope.fail(Failure::new("unknown_tool").message(why.clone()));
            (Told::failed(why), None)
        }
    };
    let ended = hooks.emitter().clock().monotonic_nanos();
    Done {
        told,
        delegated,
        took: Duration::from_nanos(ended.saturating_sub(began)),
    }
}

/// Gives work to a sub-agent: its turn is part of this stream.
async fn delegate(
    hooks: &Hooks,
    step: &Scope<Step>,
    call: &ToolUse,
    agent: &Agent,
) -> (Told, Option<Usage>) {
    let task = task_of(&call.arguments);
    let scope = step.open(Subagent {
        call_id: Some(call.id.clone()),
        task: Some(task.clone()),
        ..Subagent::new(agent.name.clone())
    });
    debug_lines::delegation(&scope, &agent.name, &task).await;
    if let Err(why) = scope.settled().await
        && !why.is_tolerated()
    {
        let reason = Str::from(format!("no agent works unrecorded ({why})"));
        scope.fail(Failure::new("denied").message(reason.clone()));
        return (Told::failed(format!("denied: {reason}")), None);
    }
    let (begin, toolbox) = agent.begin(Turn::new(agent.name.clone()), &task).await;
    let mut progress = Progress::new(vec![Message::user(task)], &begin, toolbox);
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
            let told = Told {
                output: reply.text.into(),
                failed: false,
            };
            (told, delegated)
        }
        Err(why) => {
            scope.fail(why.failure());
            (Told::failed(format!("error: {why}")), delegated)
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
