//! A tool as what is called for somebody else's agent.

use kaos_hooks::{Scope, ServedCall, ServedOutcome, Str};

use super::ended::Ended;
use super::run::{Callee, Ran, run};
use crate::turn::callable::CalledTool;
use crate::turn::setting::Ground;
use crate::{ToolContext, ToolSpec, ToolUse};

/// Carries out a call in this span, as one of a turn.
pub(crate) async fn serve(
    ground: Ground<'_>,
    scope: Scope<ServedCall>,
    call: &ToolUse,
    tool: &CalledTool,
) -> Ended {
    run(ground, scope, call, &Served(tool)).await
}

struct Served<'a>(&'a CalledTool);

impl Callee for Served<'_> {
    type Span = ServedCall;

    fn spec(&self) -> &ToolSpec {
        self.0.tool.spec()
    }

    fn given(&self, written: &Str) -> Str {
        self.0.shape.given(written)
    }

    fn skipped() -> ServedOutcome {
        ServedOutcome {
            skipped: true,
            ..ServedOutcome::default()
        }
    }

    async fn run(
        &self,
        ground: Ground<'_>,
        scope: &Scope<ServedCall>,
        arguments: &str,
        context: &ToolContext,
    ) -> Ran {
        let Self(tool) = self;
        tool.execute(ground.limits, scope, arguments, context).await
    }

    fn done(_context: &ToolContext, result: Str, bytes: u64) -> ServedOutcome {
        ServedOutcome {
            result: Some(result),
            result_bytes: Some(bytes),
            ..ServedOutcome::default()
        }
    }

    fn so_far(_context: &ToolContext) -> Option<ServedOutcome> {
        None
    }
}
