//! What a turn's work says at level DEBUG: sizes, names and kinds, never content.
//!
//! Each line is written while its span is current, so that log layers find the span's ids.

use std::collections::BTreeMap;
use std::future::Future;

use kaos_hooks::{Callable, Scope, Str, Subagent};
use serde_json::value::RawValue;
use tracing::{Level, debug, enabled};

use crate::{ModelError, ModelReply, ToolError, ToolOutput, ToolUse};

/// The most argument names on a line, and the most characters of one.
const MAX_KEYS: usize = 32;
const MAX_KEY_LEN: usize = 64;

/// Tells of a model call; to be awaited inside its span.
pub(crate) async fn model<P>(
    messages: usize,
    call: impl Future<Output = Result<Result<ModelReply, ModelError>, P>>,
) -> Result<Result<ModelReply, ModelError>, P> {
    debug!(messages, "model call");
    let answered = call.await;
    match &answered {
        Ok(Ok(reply)) => {
            let text = reply.message.joined_text();
            debug!(
                response_chars = text.chars().count(),
                response_bytes = text.len(),
                tool_calls = reply.message.tool_calls().count(),
                "model answered"
            );
        }
        Ok(Err(error)) => debug!(error_type = error.kind(), "model call failed"),
        Err(_panicked) => debug!(error_type = "panic", "model call failed"),
    }
    answered
}

/// Tells of a tool that runs; to be awaited inside its span.
pub(crate) async fn tool(
    name: &str,
    arguments: &str,
    run: impl Future<Output = Result<ToolOutput, ToolError>>,
) -> Result<ToolOutput, ToolError> {
    debug!(tool = name, argument_keys = keys(arguments), "tool call");
    let ran = run.await;
    match &ran {
        Ok(result) => debug!(
            tool = name,
            outcome = "ok",
            result_bytes = result.bytes(),
            "tool returned"
        ),
        Err(error) => debug!(
            tool = name,
            outcome = "error",
            error_type = error.kind(),
            "tool failed"
        ),
    }
    ran
}

/// Tells of a tool that does not run.
pub(crate) async fn not_run<S: Callable>(scope: &Scope<S>, call: &ToolUse, why: &str) {
    if enabled!(Level::DEBUG) {
        let said = async {
            let (tool, keys) = (call.name.as_str(), keys(&call.arguments));
            debug!(tool, argument_keys = keys, outcome = why, "tool not run");
        };
        scope.entered(said).await;
    }
}

/// Tells of a delegation that begins.
pub(crate) async fn delegation(scope: &Scope<Subagent>, target: &str, task: &str) {
    if enabled!(Level::DEBUG) {
        let said = async {
            debug!(
                target_agent = target,
                task_chars = task.chars().count(),
                "delegation"
            );
        };
        scope.entered(said).await;
    }
}

/// Tells of a delegation that has ended.
pub(crate) async fn delegated(scope: &Scope<Subagent>, target: &str, answered: Result<&Str, Str>) {
    if enabled!(Level::DEBUG) {
        let said = async {
            match answered {
                Ok(text) => debug!(
                    target_agent = target,
                    result_chars = text.chars().count(),
                    "delegation answered"
                ),
                Err(why) => debug!(
                    target_agent = target,
                    error_type = why.as_str(),
                    "delegation failed"
                ),
            }
        };
        scope.entered(said).await;
    }
}

/// The names of the arguments, sorted, with commas between them; none where they are no JSON object.
///
/// As text, not `Debug`: whoever formats it then knows that it has to be escaped.
fn keys(arguments: &str) -> String {
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(arguments).unwrap_or_default();
    let short = |key: &String| key.chars().take(MAX_KEY_LEN).collect();
    let keys: Vec<String> = object.keys().take(MAX_KEYS).map(short).collect();
    keys.join(",")
}
