//! One call of a model, as a span.

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{
    Briefing, LlmCall, LlmOutcome, LlmParams, Scope, Step, Str, SubjectType, Usage, UsageObserved,
    catch_panic,
};

use crate::message::estimate;
use crate::model::params;
use crate::tool::fenced;
use crate::turn::debug_lines;
use crate::turn::genai_json;
use crate::turn::paced::Paced;
use crate::turn::progress::Progress;
use crate::turn::setting::Setting;
use crate::turn::token_budget::Need;
use crate::turn::window;
use crate::{
    Deltas, Message, Model, ModelReply, ModelRequest, OutputSchema, ToolSpec, TurnErrorKind,
};

/// What an answer may be, in tokens, where nothing limits it: what is reserved for it.
const ANSWER: u64 = 4096;

/// What is asked, and how it is told.
pub(crate) struct Prompt<'a> {
    pub(crate) instructions: &'a str,
    /// The conversation; shared with the call's record, which makes JSON of it if anybody reads it.
    pub(crate) messages: Arc<Vec<Message>>,
    pub(crate) tools: &'a [ToolSpec],
    pub(crate) stream: bool,
    pub(crate) output: Option<&'a OutputSchema>,
    /// What is asked for in place of the model's own parameters.
    pub(crate) params: Option<&'a LlmParams>,
    /// What the model is told besides the messages.
    pub(crate) briefing: Option<Arc<Briefing>>,
    /// Whether the pieces of the reply are events: not those of an answer that nobody reads.
    pub(crate) deltas: bool,
    /// How many tokens all that is, by estimate.
    pub(crate) tokens: u64,
}

/// Asks the model for the next step of a turn.
pub(crate) async fn next(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    progress: &Progress,
) -> Result<ModelReply, TurnErrorKind> {
    let conversation = progress.conversation.messages();
    let fenced = setting.agent.fenced;
    let prompt = Prompt {
        instructions: &progress.toolbox.instructions,
        messages: if fenced {
            Arc::new(fenced::conversation(conversation))
        } else {
            Arc::clone(conversation)
        },
        tools: if fenced { &[] } else { &progress.toolbox.specs },
        stream: progress.stream,
        output: setting.output.as_ref().map(|form| form.schema),
        params: setting.params,
        briefing: progress.briefing.clone(),
        deltas: true,
        tokens: progress.conversation.tokens(),
    };
    ask(setting, step, prompt).await
}

/// Asks the agent's model; its span is the parent's child.
pub(crate) async fn ask<S: SubjectType>(
    setting: &Setting<'_>,
    parent: &Scope<S>,
    prompt: Prompt<'_>,
) -> Result<ModelReply, TurnErrorKind> {
    let (agent, hooks) = (setting.agent, setting.hooks);
    let need = need(setting, &prompt);
    let reserved = match need {
        Some(need) => Some(setting.budgets.reserve(need).await?),
        None => None,
    };
    let Prompt {
        instructions,
        messages,
        tools,
        stream,
        output,
        params,
        briefing,
        deltas,
        tokens: _,
    } = prompt;
    let mut sent = LlmCall {
        stream,
        briefing,
        ..agent.model.call()
    };
    let params = params.map(|prompt| {
        let all = params::over(
            sent.params
                .take()
                .map_or_else(LlmParams::default, |own| *own),
            prompt,
        );
        let max_tokens = all.max_tokens;
        sent.params = Some(Box::new(all));
        LlmParams {
            max_tokens: prompt.max_tokens.and(max_tokens),
            ..prompt.clone()
        }
    });
    let mut call = parent.open(as_sent(&*agent.model, sent, &messages, output));
    let deltas = Deltas::new(call.handle(), deltas);
    let request = ModelRequest {
        instructions,
        messages: &messages,
        tools,
        stream,
        output,
        params: params.as_ref(),
        hooks,
    };
    let answer = catch_panic(agent.model.respond(request, &deltas));
    let line = debug_lines::model(messages.len(), answer);
    let paced = Paced::new(call.handle(), call.entered(line));
    let why = match paced.await {
        Ok(Ok(reply)) => {
            if let Some(reserved) = reserved {
                reserved.spend(reply.usage, estimate::answer(&reply.message));
            }
            observed(&call, reply.usage);
            let first = deltas.time_to_first_chunk().filter(|_| stream);
            call.complete(outcome(&reply, first));
            return Ok(reply);
        }
        Ok(Err(error)) => TurnErrorKind::Model(error),
        Err(_panicked) => TurnErrorKind::ModelPanicked,
    };
    if let Some(reserved) = reserved {
        // What was refused or never answered costs what the provider says it does.
        reserved.spend(Some(why.usage().unwrap_or_default()), 0);
    }
    if let Some(usage) = why.usage() {
        observed(&call, Some(usage));
        call.so_far(LlmOutcome {
            usage: Some(usage),
            ..LlmOutcome::default()
        });
    }
    call.fail(why.failure());
    Err(why)
}

/// What the span says of a request: everything where it was sent.
fn as_sent(
    model: &dyn Model,
    mut call: LlmCall,
    messages: &Arc<Vec<Message>>,
    output: Option<&OutputSchema>,
) -> LlmCall {
    let mut system = None;
    if model.instructions_are_a_message()
        && let Some(briefing) = &call.briefing
    {
        system.clone_from(&briefing.instructions);
        let tools = briefing.tools.clone();
        call.briefing = tools.is_some().then(|| {
            Arc::new(Briefing {
                instructions: None,
                tools,
            })
        });
    }
    if output.is_some() {
        let params = call.params.get_or_insert_default();
        params.output_type = Some(Str::Static("json"));
    }
    call.input = Some(genai_json::input(system, messages));
    call
}

/// What the call may need of a budget, where there is one.
fn need(setting: &Setting<'_>, prompt: &Prompt<'_>) -> Option<Need> {
    if setting.budgets.are_none() {
        return None;
    }
    Some(Need {
        input: prompt.tokens + window::briefing(prompt.instructions, prompt.tools),
        output: setting.max_tokens().unwrap_or(ANSWER),
    })
}

fn observed(call: &Scope<LlmCall>, usage: Option<Usage>) {
    call.emit(UsageObserved {
        usage,
        cost_usd: None,
        source: Str::Static("response"),
    });
}

fn outcome(reply: &ModelReply, time_to_first_chunk: Option<Duration>) -> LlmOutcome {
    LlmOutcome {
        time_to_first_chunk,
        output: Some(genai_json::output(reply)),
        response_id: reply.response_id.clone(),
        response_model: reply.response_model.clone(),
        finish_reasons: reply.finish_reason.iter().map(Str::from).collect(),
        usage: reply.usage,
        attributes: reply.attributes.clone(),
    }
}
