//! The one way to whatever is called: checked, allowed, done within its bounds.

use kaos_hooks::{Callable as Subject, Failure, Ruling, Scope, Str, SubjectType, Usage};

use super::ended::{Ended, NotDone};
use crate::tool::arguments;
use crate::turn::debug_lines;
use crate::turn::setting::Ground;
use crate::{ToolContext, ToolError, ToolOutput, ToolSpec, ToolUse};

/// What can be called. Whatever it is, the way there is the same: [`run`].
pub(super) trait Callee: Sync + Sized {
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

pub(super) type Outcome<C> = <<C as Callee>::Span as SubjectType>::Outcome;

/// What came of doing it.
pub(super) struct Ran {
    pub(super) output: Result<ToolOutput, ToolError>,
    pub(super) delegated: Option<Usage>,
}

impl Ran {
    pub(super) fn failed(why: ToolError) -> Self {
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

/// Does it, if the arguments fit and the gates let it.
pub(super) async fn run<C: Callee>(
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
