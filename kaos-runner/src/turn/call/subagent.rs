//! A sub-agent as what is called: its turn is part of its caller's stream.

use std::sync::Arc;

use kaos_hooks::{Scope, Str, Subagent, SubagentOutcome, Turn};
use serde_json::Value;
use tokio::time::Instant;

use super::run::{Callee, Ran};
use crate::session::conversation::Conversation;
use crate::turn::answer::answer;
use crate::turn::callable::CalledAgent;
use crate::turn::debug_lines;
use crate::turn::progress::{Progress, begin};
use crate::turn::setting::{Ground, Setting};
use crate::turn::toolbox::Toolbox;
use crate::{Message, TokenBudget, ToolContext, ToolError, ToolSpec, ToolUse, TurnErrorKind};

impl CalledAgent {
    /// What the span of a delegation says at the start.
    pub(super) fn span(call: &ToolUse) -> Subagent {
        Subagent {
            call_id: Some(call.id.clone()),
            task: Some(task_of(&call.arguments)),
            ..Subagent::new(call.name.clone())
        }
    }
}

/// A sub-agent, called in a turn of this setting.
pub(super) struct Delegate<'a> {
    pub(super) called: &'a CalledAgent,
    pub(super) setting: &'a Setting<'a>,
}

impl Callee for Delegate<'_> {
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
        _context: &ToolContext,
    ) -> Ran {
        let setting = self.setting;
        if let Err(spent) = setting.budgets.check() {
            return Ran::failed(tool_error(&spent.into()));
        }
        let agent = &*self.called.agent;
        let task = task_of(arguments);
        debug_lines::delegation(scope, &agent.name, &task).await;
        let inner = Setting {
            hooks: setting.hooks,
            agent,
            limits: &agent.limits,
            budgets: setting
                .budgets
                .and(agent.limits.tokens.map(TokenBudget::new)),
            output: None,
            deadline: setting.deadline.min(Instant::now() + agent.limits.turn),
            params: None,
            caller: Arc::clone(&setting.caller),
        };
        let toolbox = Arc::new(Toolbox::of(agent, None));
        let begin = begin(agent, Turn::new(agent.name.clone()), &toolbox, &task);
        let asked = Conversation::new(vec![Message::user(task)]);
        let mut progress = Progress::new(asked, &begin, toolbox);
        let turn = scope.turn(begin);
        let answered = answer(&inner, turn, &mut progress, None).await;
        let said = answered.as_ref().map(|reply| &reply.text);
        let said = said.map_err(|why| why.failure().kind);
        debug_lines::delegated(scope, &agent.name, said).await;
        Ran {
            output: answered
                .map(|reply| reply.text.into())
                .map_err(|why| tool_error(&why)),
            delegated: progress.total(),
        }
    }

    fn done(_context: &ToolContext, result: Str, _bytes: u64) -> SubagentOutcome {
        SubagentOutcome {
            result: Some(result),
            ..SubagentOutcome::default()
        }
    }

    fn so_far(_context: &ToolContext) -> Option<SubagentOutcome> {
        None
    }
}

fn tool_error(why: &TurnErrorKind) -> ToolError {
    ToolError::of_kind(why.failure().kind, why.to_string())
}

/// The `task` argument; all of it where there is none, which is not what will be done.
pub(super) fn task_of(arguments: &str) -> Str {
    let parsed: Option<Value> = serde_json::from_str(arguments).ok();
    let task = parsed
        .as_ref()
        .and_then(|parsed| parsed.get("task")?.as_str());
    Str::copied(task.unwrap_or(arguments))
}
