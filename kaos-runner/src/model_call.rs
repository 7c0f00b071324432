//! One call of a model, as a span.

use std::sync::Arc;

use kaos_hooks::{Briefing, LlmCall, Scope, Str, SubjectType, UsageObserved, catch_panic};

use crate::paced::Paced;
use crate::{Agent, Deltas, ModelReply, ModelRequest, TurnErrorKind, content, debug_lines};

/// What is asked, and how it is told.
pub(crate) struct Asked<'a> {
    pub(crate) request: ModelRequest<'a>,
    /// What the model is told besides the messages.
    pub(crate) briefing: Option<Arc<Briefing>>,
    /// Whether the pieces of the reply are events: not those of an answer that nobody reads.
    pub(crate) deltas: bool,
}

/// Asks the agent's model; its span is the parent's child.
pub(crate) async fn ask<S: SubjectType>(
    agent: &Agent,
    parent: &Scope<S>,
    asked: Asked<'_>,
) -> Result<ModelReply, TurnErrorKind> {
    let Asked {
        request,
        briefing,
        deltas,
    } = asked;
    let call = parent.open(LlmCall {
        stream: request.stream,
        input: Some(content::input(request.messages)),
        briefing,
        ..agent.model.call()
    });
    let deltas = Deltas::new(call.handle(), deltas);
    let answer = catch_panic(agent.model.respond(request, &deltas));
    let told = debug_lines::model(request.messages.len(), answer);
    let paced = Paced::new(call.handle(), call.entered(told));
    let why = match paced.await {
        Ok(Ok(reply)) => {
            let (usage, source) = (reply.usage, Str::Static("response"));
            call.emit(UsageObserved {
                usage,
                cost_usd: None,
                source,
            });
            let first = deltas.time_to_first_chunk().filter(|_| request.stream);
            call.complete(reply.outcome(first));
            return Ok(reply);
        }
        Ok(Err(error)) => TurnErrorKind::Model(error),
        Err(_panicked) => TurnErrorKind::ModelPanicked,
    };
    call.fail(why.failure());
    Err(why)
}
