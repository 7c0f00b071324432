//! What a model asks for in one step: tools and sub-agents, at once and within bounds.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kaos_hooks::{Scope, Step, ToolCallSummary};

use crate::model::usage::add;
use crate::turn::call::{self, CallResult};
use crate::turn::progress::Progress;
use crate::turn::setting::Setting;
use crate::turn::toolbox::Toolbox;
use crate::{Message, ToolResult, ToolUse};

/// What came of one call: what the model is told, and what a sub-agent spent.
struct Done {
    result: CallResult,
    took: Duration,
}

impl Progress {
    /// Results that are there and not said yet are said, in the order the model asked.
    pub(crate) fn settle(&mut self) {
        for result in std::mem::take(&mut self.results).into_iter().flatten() {
            self.conversation.say(Message::Tool(result));
        }
    }
}

/// Carries out the calls, `tools_at_once` of them at a time, and adds the results to the
/// conversation in the order the model asked.
///
/// They run inside the turn's own future: nothing is spawned, so none outlives it.
pub(crate) async fn call_all(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    calls: &[ToolUse],
    progress: &mut Progress,
) {
    let toolbox = Arc::clone(&progress.toolbox);
    let toolbox = toolbox.as_ref();
    let mut waiting = calls.iter().enumerate();
    let mut running = FuturesUnordered::new();
    let mut summaries: Vec<Option<ToolCallSummary>> = calls.iter().map(|_| None).collect();
    progress.results = calls.iter().map(|_| None).collect();
    loop {
        while running.len() < setting.limits.tools_at_once.max(1) {
            let Some((at, call)) = waiting.next() else {
                break;
            };
            running.push(async move { (at, call, call_one(setting, toolbox, step, call).await) });
        }
        let Some((at, call, done)) = running.next().await else {
            break;
        };
        progress.delegated = add(progress.delegated, done.result.delegated);
        if let Some(place) = summaries.get_mut(at) {
            *place = Some(summary(call, &done));
        }
        // Said at the end, in order; kept at once, so that a turn whose time runs out still has it.
        if let Some(place) = progress.results.get_mut(at) {
            *place = Some(ToolResult {
                call_id: call.id.clone(),
                output: done.result.output,
                failed: done.result.failed,
            });
        }
    }
    progress.tool_calls.extend(summaries.into_iter().flatten());
    progress.settle();
}

fn summary(call: &ToolUse, done: &Done) -> ToolCallSummary {
    ToolCallSummary {
        call_id: call.id.clone(),
        is_error: done.result.failed,
        duration: Some(done.took),
        usage: done.result.delegated,
        ..ToolCallSummary::new(call.name.clone())
    }
}

async fn call_one(
    setting: &Setting<'_>,
    toolbox: &Toolbox,
    step: &Scope<Step>,
    call: &ToolUse,
) -> Done {
    let clock = setting.hooks.emitter().clock();
    let began = clock.monotonic_nanos();
    let result = call::call(setting, step, call, toolbox.callable(&call.name)).await;
    let took = clock.monotonic_nanos().saturating_sub(began);
    Done {
        result,
        took: Duration::from_nanos(took),
    }
}
