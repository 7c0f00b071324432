//! The loop: what an agent does to answer a message, read from top to bottom.

use std::sync::Arc;

use kaos_hooks::{Budget, Scope, Step, StepOutcome, Str, Turn};

use super::progress::Progress;
use super::setting::Setting;
use super::{genai_json, intent, model_call, tools, window};
use crate::model::usage::add;
use crate::tool::{arguments, fenced};
use crate::{AssistantMessage, FinishReason, Message, Part, ToolUse, TurnErrorKind};

/// Finds the tools and the intent, then step by step asks the model and does what it asks for, until
/// it answers.
pub(super) async fn work(
    setting: &Setting<'_>,
    turn: &Scope<Turn>,
    progress: &mut Progress,
) -> Result<Str, TurnErrorKind> {
    if progress
        .toolbox
        .discover(setting, turn)
        .await
        .is_some_and(|found| {
            progress.toolbox = Arc::new(found);
            true
        })
    {
        progress.briefing = genai_json::briefing(&progress.toolbox);
    }
    intent::classify(setting, turn, progress).await;
    let limit = setting.limits.steps;
    for number in 1..=limit {
        turn.ready().await;
        let mut step = Step::new(number);
        step.max_steps = Some(limit);
        progress.steps = number;
        let step = turn.open(step);
        let asked = ask(setting, &step, number, progress).await;
        let Answered { said, mut fault } = match asked {
            Ok(answered) => answered,
            Err(why) => {
                step.fail(why.failure());
                return Err(why);
            }
        };
        let text = Str::from(said.joined_text().into_owned());
        let calls: Vec<ToolUse> = said.tool_calls().cloned().collect();
        // Nothing said is no message: endpoints refuse it later.
        if !said.is_empty() {
            progress.conversation.say(Message::Assistant(said));
        }
        progress.accepted = progress.conversation.own().len();
        if let Err(why) = called(setting, progress, calls.len()) {
            step.fail(why.failure());
            return Err(why);
        }
        tools::call_all(setting, &step, &calls, progress).await;
        let mut note = "malformed_block";
        if calls.is_empty() && fault.is_none() {
            (note, fault) = ("malformed_answer", wrong_form(setting, progress, &text));
        }
        let is_answer = calls.is_empty() && fault.is_none();
        if let Some(fault) = fault {
            step.progress(kaos_hooks::Progress {
                note: Str::Static(note),
                ..kaos_hooks::Progress::default()
            });
            progress.conversation.say(Message::user(fault));
        }
        step.complete(StepOutcome::default());
        emitted(setting, turn)?;
        setting.budgets.kept()?;
        if is_answer {
            turn.ready().await;
            return Ok(text);
        }
    }
    let (limit, used) = (limit.into(), limit.into());
    Err(TurnErrorKind::Budget {
        budget: Budget::Steps,
        limit,
        used,
    })
}

/// Whether the turn may call so many more.
fn called(setting: &Setting<'_>, progress: &Progress, more: usize) -> Result<(), TurnErrorKind> {
    let (limit, used) = (setting.limits.tool_calls, progress.tool_calls.len() + more);
    if used <= limit as usize {
        return Ok(());
    }
    Err(TurnErrorKind::Budget {
        budget: Budget::ToolCalls,
        limit: limit.into(),
        used: used as u64,
    })
}

/// What is wrong with an answer that should have a form; an answer that was cut is as it is.
fn wrong_form(setting: &Setting<'_>, progress: &Progress, text: &str) -> Option<Str> {
    let form = setting.output.as_ref()?;
    if !progress
        .finish_reason
        .as_ref()
        .is_none_or(FinishReason::is_whole)
    {
        return None;
    }
    let wrong = arguments::wrong_with(&form.check, text).err()?;
    Some(Str::from(format!(
        "The fields of the answer {wrong}. Answer with JSON of the schema asked for, and nothing else."
    )))
}

/// What the model answered, with the blocks in it read as calls where it calls tools by blocks.
struct Answered {
    said: AssistantMessage,
    /// What is wrong with blocks that cannot be read, for the model.
    fault: Option<Str>,
}

/// Asks the model for the next step.
async fn ask(
    setting: &Setting<'_>,
    step: &Scope<Step>,
    number: u32,
    progress: &mut Progress,
) -> Result<Answered, TurnErrorKind> {
    window::fit(setting, step, progress);
    let mut reply = model_call::next(setting, step, progress).await;
    if let Err(why) = &reply
        && why.is_context_length()
        && window::shrink(setting, step, progress)
    {
        progress.own = add(progress.own, why.usage());
        reply = model_call::next(setting, step, progress).await;
    }
    let reply = reply.inspect_err(|why| progress.own = add(progress.own, why.usage()))?;
    progress.own = add(progress.own, reply.usage);
    progress.finish_reason = reply.finish_reason;
    let mut said = reply.message;
    let mut fault = None;
    if setting.agent.fenced {
        let blocks = fenced::read(&said.joined_text(), number);
        fault = blocks.fault;
        said.parts.retain(|part| !matches!(part, Part::Text(_)));
        if !blocks.text.is_empty() {
            said.parts.push(Part::Text(blocks.text.into()));
        }
        said.parts
            .extend(blocks.calls.into_iter().map(Part::ToolCall));
    }
    said.tell_calls_apart();
    Ok(Answered { said, fault })
}

/// Whether the run is still open: at its limit of events the stream has ended it.
fn emitted(setting: &Setting<'_>, turn: &Scope<Turn>) -> Result<(), TurnErrorKind> {
    if turn.is_open() {
        return Ok(());
    }
    let limit = setting.hooks.emitter().unawaited_events().into();
    Err(TurnErrorKind::Budget {
        budget: Budget::Events,
        limit,
        used: limit,
    })
}
