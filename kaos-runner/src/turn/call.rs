//! One call, of a tool or of a sub-agent: checked, allowed, done within its bounds.

#[cfg(feature = "remote")]
mod remote;
mod subagent;
mod tool;

use kaos_hooks::{
    Callable as Subject, Failure, Ruling, Scope, Step, Str, SubjectType, ToolCall, Usage,
};
use serde_json::Value;

use crate::tool::arguments;
use crate::turn::callable::Callable;
use crate::turn::debug_lines;
use crate::turn::setting::Setting;
use crate::{ToolContext, ToolError, ToolOutput, ToolSpec, ToolUse};

/// What the model is told of a call.
pub(crate) struct CallResult {
    pub(crate) output: ToolOutput,
    /// Whether it is why there is no result.
    pub(crate) failed: bool,
    /// What a sub-agent spent.
    pub(crate) delegated: Option<Usage>,
}

impl CallResult {
    /// That, and why, there is no result.
    fn failed(why: impl Into<ToolOutput>) -> Self {
        Self {
            output: why.into(),
            failed: true,
            delegated: None,
        }
    }
}

/// What can be called. Whatever it is, the way there is the same: [`run`].
trait Callee: Sync + Sized {
    /// What its span is about.
    type Span: Subject;

    /// What the model was told about it.
    fn spec(&self) -> &ToolSpec;

    /// Its arguments in what the model wrote.
    fn given(&self, written: &Str) -> Str;

    /// What its span says at the start.
    fn span(&self, call: &ToolUse) -> Self::Span;

    /// What its span says at the end of a call that a gate skipped.
    fn skipped() -> Outcome<Self>;

    /// Does it, within its time.
    fn run(
        &self,
        setting: &Setting<'_>,
        scope: &Scope<Self::Span>,
        arguments: &str,
        context: &ToolContext,
    ) -> impl Future<Output = Ran> + Send;

    /// What its span says at the end: this came of it, and whole it was so many bytes.
    fn done(context: &ToolContext, result: Str, bytes: u64) -> Outcome<Self>;

    /// What its span says at the end of a call that failed or was given up, if there is anything to
    /// say.
    fn so_far(context: &ToolContext) -> Option<Outcome<Self>>;
}

type Outcome<C> = <<C as Callee>::Span as SubjectType>::Outcome;

/// What came of doing it.
struct Ran {
    output: Result<ToolOutput, ToolError>,
    delegated: Option<Usage>,
}

impl Ran {
    fn failed(why: ToolError) -> Self {
        Self {
            output: Err(why),
            delegated: None,
        }
    }
}

/// The work is under way. Whichever way it ends, its span has what is known of it.
struct Working<'a, C: Callee> {
    scope: &'a mut Scope<C::Span>,
    context: &'a ToolContext,
}

impl<C: Callee> Drop for Working<'_, C> {
    fn drop(&mut self) {
        if let Some(outcome) = C::so_far(self.context) {
            self.scope.so_far(outcome);
        }
    }
}

/// Carries out what a model asks for, and gives what it is told.
pub(crate) async fn call(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    call: &ToolUse,
    callable: Option<&Callable>,
) -> CallResult {
    match callable {
        Some(Callable::Tool(tool)) => run(setting, step, call, tool).await,
        Some(Callable::Subagent(subagent)) => run(setting, step, call, subagent).await,
        #[cfg(feature = "remote")]
        Some(Callable::Remote(agent)) => run(setting, step, call, agent).await,
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

/// What a span says of a call before anything is known of its tool.
fn asked_for(call: &ToolUse) -> ToolCall {
    ToolCall {
        call_id: Some(call.id.clone()),
        arguments: Some(call.arguments.clone()),
        ..ToolCall::new(call.name.clone())
    }
}

/// Does it, if the arguments fit and the gates let it.
async fn run<C: Callee>(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    call: &ToolUse,
    callee: &C,
) -> CallResult {
    let spec = callee.spec();
    let most = setting.limits.tool_result;
    let mut scope = step.open(callee.span(call));
    let given = callee.given(&call.arguments);
    if let Err(wrong) = arguments::check(spec, &given) {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, most);
    }
    scope.ready().await;
    let hooks = setting.hooks;
    let ruling = hooks.before_tool_call(&scope, &given, spec.annotations);
    let arguments = match ruling.await {
        Ruling::Run { arguments } => arguments,
        Ruling::Skip { reason } => {
            debug_lines::not_run(&scope, call, "skipped").await;
            scope.complete(C::skipped());
            return CallResult::failed(format!("skipped: {reason}"));
        }
        Ruling::Deny { reason } => {
            debug_lines::not_run(&scope, call, "denied").await;
            scope.fail(Failure::new("denied").message(reason.clone()));
            return CallResult::failed(format!("denied: {reason}"));
        }
    };
    if arguments != given
        && let Err(wrong) = arguments::check(spec, &arguments)
    {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, most);
    }
    let context = setting.context(scope.handle());
    let ran = {
        let working = Working::<C> {
            scope: &mut scope,
            context: &context,
        };
        callee
            .run(setting, working.scope, &arguments, &context)
            .await
    };
    let Ran { output, delegated } = ran;
    match output {
        Ok(result) => {
            let bytes = result.bytes() as u64;
            let output = result.cut(most);
            scope.complete(C::done(&context, output.shared_text(), bytes));
            CallResult {
                output,
                failed: false,
                delegated,
            }
        }
        Err(why) => CallResult {
            delegated,
            ..failed(scope, &why, most)
        },
    }
}

/// The `task` argument; all of it where there is none, which is not what will be done.
fn task_of(arguments: &str) -> Str {
    let parsed: Option<Value> = serde_json::from_str(arguments).ok();
    let task = parsed
        .as_ref()
        .and_then(|parsed| parsed.get("task")?.as_str());
    Str::copied(task.unwrap_or(arguments))
}

/// Ends the span of a call without a result, and gives what the model is told.
fn failed<S: Subject>(scope: Scope<S>, why: &ToolError, most: usize) -> CallResult {
    let text = ToolOutput::from(why.to_string()).cut(most);
    let why = ToolError::of_kind(Str::copied(why.kind()), text.shared_text());
    scope.fail(why.failure());
    CallResult::failed(format!("error: {why}"))
}
