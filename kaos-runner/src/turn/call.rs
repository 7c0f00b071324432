//! One call, of a tool or of a sub-agent, wherever that is.

mod ended;
#[cfg(feature = "remote")]
mod remote;
mod run;
#[cfg(feature = "mcp-server")]
mod served;
mod subagent;
mod tool;

use kaos_hooks::{Failure, Scope, Step, Str, ToolCall};

pub(crate) use self::ended::CallResult;
#[cfg(feature = "mcp-server")]
pub(crate) use self::ended::NotDone;
#[cfg(feature = "remote")]
use self::remote::Far;
use self::run::run;
#[cfg(feature = "mcp-server")]
pub(crate) use self::served::serve;
use self::subagent::Delegate;
use crate::ToolUse;
use crate::turn::callable::{Callable, CalledAgent};
use crate::turn::debug_lines;
use crate::turn::setting::Setting;

/// Carries out what a model asks for, and gives what it is told.
pub(crate) async fn call(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    call: &ToolUse,
    callable: Option<&Callable>,
) -> CallResult {
    match callable {
        Some(Callable::Tool(tool)) => {
            let scope = step.open(tool.span(call));
            run(setting.ground(), scope, call, tool).await.into()
        }
        Some(Callable::Subagent(called)) => {
            let scope = step.open(CalledAgent::span(call));
            let delegate = Delegate { called, setting };
            run(setting.ground(), scope, call, &delegate).await.into()
        }
        #[cfg(feature = "remote")]
        Some(Callable::Remote(called)) => {
            let scope = step.open(called.span(call));
            let far = Far { called, setting };
            run(setting.ground(), scope, call, &far).await.into()
        }
        None => {
            let scope = step.open(ToolCall {
                call_id: Some(call.id.clone()),
                arguments: Some(call.arguments.clone()),
                ..ToolCall::unknown(call.name.clone())
            });
            debug_lines::not_run(&scope, call, "unknown_tool").await;
            let why = Str::from(format!("there is no tool named {}", call.name));
            scope.fail(Failure::new("unknown_tool").message(why.clone()));
            CallResult::failed(why)
        }
    }
}
