//! One call, of a tool or of a sub-agent: checked, allowed, done within its bounds.

#[cfg(feature = "mcp-server")]
mod served;
mod subagent;
mod tool;

use kaos_hooks::{
    Callable as Subject, Failure, Ruling, Scope, Step, Str, SubjectType, ToolCall, Usage,
};

use self::subagent::Delegate;

#[cfg(feature = "mcp-server")]
pub(crate) use self::served::serve;
use crate::tool::arguments;
use crate::turn::callable::Callable;
use crate::turn::debug_lines;
use crate::turn::setting::{Ground, Setting};
use crate::{ToolContext, ToolError, ToolOutput, ToolSpec, ToolUse};

/// What the model is told of a call.
pub(crate) struct Told {
    pub(crate) output: ToolOutput,
    /// Whether it is why there is no result.
    pub(crate) failed: bool,
    /// What a sub-agent spent.
    pub(crate) delegated: Option<Usage>,
}

impl Told {
    /// That, and why, there is no result.
    fn failed(why: impl Into<ToolOutput>) -> Self {
        Self {
            output: why.into(),
            failed: true,
            delegated: None,
        }
    }
}

/// What came of a call.
pub(crate) struct Ended {
    pub(crate) result: Result<ToolOutput, NotDone>,
    delegated: Option<Usage>,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum NotDone {
    Failed(ToolError),
    Skipped(Str),
    Denied(Str),
}

impl From<NotDone> for Ended {
    fn from(why: NotDone) -> Self {
        Self {
            result: Err(why),
            delegated: None,
        }
    }
}

impl From<Ended> for Told {
    fn from(ended: Ended) -> Self {
        let told = match ended.result {
            Ok(output) => Self {
                output,
                failed: false,
                delegated: None,
            },
            Err(NotDone::Failed(why)) => Self::failed(format!("error: {why}")),
            Err(NotDone::Skipped(why)) => Self::failed(format!("skipped: {why}")),
            Err(NotDone::Denied(why)) => Self::failed(format!("denied: {why}")),
        };
        Self {
            delegated: ended.delegated,
            ..told
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

    /// What its span says at the end of a call that a gate skipped.
    fn skipped() -> Outcome<Self>;

    /// Does it, within its time.
    fn run(
        &self,
        ground: Ground<'_>,
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
) -> Told {
    match callable {
        Some(Callable::Tool(tool)) => {
            let scope = step.open(tool.span(call));
            run(setting.ground(), scope, call, tool).await.into()
        }
        Some(Callable::Subagent(called)) => {
            let scope = step.open(called.span(call));
            let delegate = Delegate { called, setting };
            run(setting.ground(), scope, call, &delegate).await.into()
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
            Told::failed(why)
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
    ground: Ground<'_>,
    mut scope: Scope<C::Span>,
    call: &ToolUse,
    callee: &C,
) -> Ended {
    let spec = callee.spec();
    let most = ground.limits.tool_result;
    let given = callee.given(&call.arguments);
    if let Err(wrong) = arguments::check(spec, &given) {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, most);
    }
    scope.ready().await;
    let hooks = ground.hooks;
    let ruling = hooks.before_tool_call(&scope, &given, spec.annotations);
    let arguments = match ruling.await {
        Ruling::Run { arguments } => arguments,
        Ruling::Skip { reason } => {
            debug_lines::not_run(&scope, call, "skipped").await;
            scope.complete(C::skipped());
            return NotDone::Skipped(reason).into();
        }
        Ruling::Deny { reason } => {
            debug_lines::not_run(&scope, call, "denied").await;
            scope.fail(Failure::new("denied").message(reason.clone()));
            return NotDone::Denied(reason).into();
        }
    };
    if arguments != given
        && let Err(wrong) = arguments::check(spec, &arguments)
    {
        debug_lines::not_run(&scope, call, wrong.kind()).await;
        return failed(scope, &wrong, most);
    }
    let context = ground.context(scope.handle());
    let ran = {
        let working = Working::<C> {
            scope: &mut scope,
            context: &context,
        };
        callee
            .run(ground, working.scope, &arguments, &context)
            .await
    };
    let Ran { output, delegated } = ran;
    match output {
        Ok(result) => {
            let bytes = result.bytes() as u64;
            let output = result.cut(most);
            scope.complete(C::done(&context, output.shared_text(), bytes));
            Ended {
                result: Ok(output),
                delegated,
            }
        }
        Err(why) => Ended {
            delegated,
            ..failed(scope, &why, most)
        },
    }
}

/// Ends the span of a call without a result, and gives why as far as it is kept.
fn failed<S: Subject>(scope: Scope<S>, why: &ToolError, most: usize) -> Ended {
    let text = ToolOutput::from(why.to_string()).cut(most);
    let why = why.with_message(text.shared_text());
    scope.fail(why.failure());
    NotDone::Failed(why).into()
}
