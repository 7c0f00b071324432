//! A tool as what is called.

use kaos_hooks::{Callable as Subject, Scope, Str, ToolCall, ToolOutcome, catch_panic};

use super::run::{Callee, Ran};
use crate::turn::callable::CalledTool;
use crate::turn::debug_lines;
use crate::turn::setting::Ground;
use crate::{Limits, ToolContext, ToolError, ToolSpec, ToolUse};

impl CalledTool {
    /// What the span of a call says at the start.
    pub(super) fn span(&self, call: &ToolUse) -> ToolCall {
        let spec = self.tool.spec();
        ToolCall {
            kind: spec.kind,
            description: Some(spec.description.clone()).filter(|text| !text.is_empty()),
            call_id: Some(call.id.clone()),
            arguments: Some(call.arguments.clone()),
            ..ToolCall::new(call.name.clone())
        }
    }

    /// Does it, within its time.
    pub(super) async fn execute<S: Subject>(
        &self,
        limits: &Limits,
        scope: &Scope<S>,
        arguments: &str,
        context: &ToolContext,
    ) -> Ran {
        let limit = self.tool.spec().time_limit.unwrap_or(limits.tool);
        let running = async {
            let called = catch_panic(self.tool.call(arguments, context));
            match tokio::time::timeout(limit, called).await {
                Ok(Ok(ended)) => ended,
                Ok(Err(_panicked)) => Err(ToolError::of_kind("panic", "the tool panicked")),
                Err(_elapsed) => {
                    let why = format!("no result within {limit:?}");
                    Err(ToolError::of_kind("timeout", why))
                }
            }
        };
        let name = scope.callee().map(|callee| callee.name).unwrap_or_default();
        let running = debug_lines::tool(&name, arguments, running);
        Ran {
            output: scope.entered(running).await,
            delegated: None,
        }
    }
}

impl Callee for CalledTool {
    type Span = ToolCall;

    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn given(&self, written: &Str) -> Str {
        self.shape.given(written)
    }

    fn skipped() -> ToolOutcome {
        ToolOutcome {
            skipped: true,
            ..ToolOutcome::default()
        }
    }

    async fn run(
        &self,
        ground: Ground<'_>,
        scope: &Scope<ToolCall>,
        arguments: &str,
        context: &ToolContext,
    ) -> Ran {
        self.execute(ground.limits, scope, arguments, context).await
    }

    fn done(context: &ToolContext, result: Str, bytes: u64) -> ToolOutcome {
        ToolOutcome {
            result: Some(result),
            result_bytes: Some(bytes),
            mcp: context.mcp(),
            ..ToolOutcome::default()
        }
    }

    fn so_far(context: &ToolContext) -> Option<ToolOutcome> {
        context.mcp().map(|mcp| ToolOutcome {
            mcp: Some(mcp),
            ..ToolOutcome::default()
        })
    }
}
