//! An agent elsewhere as what is called: its turn is in its own process, and part of the same trace.

use kaos_hooks::{Scope, Str, Subagent, SubagentOutcome};
use tokio::time::Instant;

use super::run::{Callee, Ran};
use super::subagent::task_of;
use crate::message::estimate;
use crate::remote::RemoteCall;
use crate::turn::callable::CalledRemote;
use crate::turn::debug_lines;
use crate::turn::setting::{Ground, Setting};
use crate::turn::token_budget::Need;
use crate::{ToolContext, ToolError, ToolSpec, ToolUse, TurnErrorKind};

impl CalledRemote {
    /// What the span of a delegation says at the start.
    pub(super) fn span(&self, call: &ToolUse) -> Subagent {
        Subagent {
            remote: Some(Box::new(self.agent.as_seen())),
            call_id: Some(call.id.clone()),
            task: Some(task_of(&call.arguments)),
            ..Subagent::new(call.name.clone())
        }
    }
}

/// An agent elsewhere, called in a turn of this setting.
pub(super) struct Far<'a> {
    pub(super) called: &'a CalledRemote,
    pub(super) setting: &'a Setting<'a>,
}

impl Callee for Far<'_> {
    type Span = Subagent;

    fn spec(&self) -> &ToolSpec {
        &self.called.spec
    }

    fn given(&self, written: &Str) -> Str {
        written.clone()
    }

    fn skipped() -> SubagentOutcome {
        SubagentOutcome {
            skipped: true,
            ..SubagentOutcome::default()
        }
    }

    async fn run(
        &self,
        _ground: Ground<'_>,
        scope: &Scope<Subagent>,
        arguments: &str,
        context: &ToolContext,
    ) -> Ran {
        let setting = self.setting;
        let agent = &self.called.agent;
        let task = task_of(arguments);
        let need = Need {
            input: estimate::text(&task),
            output: 0,
        };
        let spent = |spent| {
            let why = TurnErrorKind::from(spent);
            ToolError::of_kind(why.failure().kind, why.to_string())
        };
        let reserved = match setting.budgets.reserve(need).await {
            Ok(reserved) => reserved,
            Err(why) => return Ran::failed(spent(why)),
        };
        debug_lines::delegation(scope, agent.called(), &task).await;
        let call = RemoteCall {
            task: &task,
            hooks: setting.hooks,
            span: scope.handle(),
            session: setting.caller.session.name(),
            depth: setting.caller.depth,
            left: setting.deadline.saturating_duration_since(Instant::now()),
        };
        let mut outcome = SubagentOutcome::default();
        let answered = scope.entered(agent.ask(call, &mut outcome)).await;
        let answered = answered.map(Str::from);
        let said = answered.as_ref().map_err(|why| Str::copied(why.kind()));
        debug_lines::delegated(scope, agent.called(), said).await;
        let tokens = answered.as_ref().map_or(0, |text| estimate::text(text));
        let delegated = outcome.usage;
        reserved.spend(delegated, tokens);
        context.set_elsewhere(outcome);
        Ran {
            output: answered.map(Into::into),
            delegated,
        }
    }

    fn done(context: &ToolContext, result: Str, _bytes: u64) -> SubagentOutcome {
        SubagentOutcome {
            result: Some(result),
            ..context.elsewhere()
        }
    }

    fn so_far(context: &ToolContext) -> Option<SubagentOutcome> {
        let outcome = context.elsewhere();
        (outcome != SubagentOutcome::default()).then_some(outcome)
    }
}
