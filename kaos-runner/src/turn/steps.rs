//! The loop: what an agent does to answer a message, read from top to bottom.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kaos_hooks::{
    Briefing, Budget, BudgetExceeded, Intent, Scope, Step, StepOutcome, Str, ToolCallSummary, Turn,
    TurnOutcome, TurnSummary, Usage,
};

use crate::session::conversation::Conversation;
use crate::session::seat::Seat;
use crate::tool::arguments;
use crate::tool::fenced;
use crate::turn::genai_json;
use crate::turn::intent;
use crate::turn::model_call;
use crate::turn::setting::Setting;
use crate::turn::token_budget::Spent;
use crate::turn::toolbox::Toolbox;
use crate::turn::tools;
use crate::turn::window;
use crate::{
    AssistantMessage, FinishReason, Message, ModelErrorKind, Part, Reply, ToolResult, ToolUse,
    TurnErrorKind,
};

/// What a turn has done so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The conversation, the messages to answer included.
    pub(crate) conversation: Conversation,
    /// How many of the turn's own messages a model has taken and answered, its answer included.
    accepted: usize,
    /// Whether somebody reads the answer as it is made.
    pub(crate) stream: bool,
    /// What the model is told in each of the turn's calls.
    pub(crate) briefing: Option<Arc<Briefing>>,
    /// What the model may call.
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) intent: Intent,
    /// Which turn of its session it is.
    pub(crate) number: Option<u32>,
    /// Steps that were begun.
    steps: u32,
    /// Tokens of the turn's own model calls.
    pub(crate) own: Option<Usage>,
    /// Tokens of its sub-agents.
    pub(crate) delegated: Option<Usage>,
    finish_reason: Option<FinishReason>,
    /// The tools and sub-agents called, in the order the model asked for them.
    pub(crate) tool_calls: Vec<ToolCallSummary>,
    /// Results of the step's calls that are not part of the conversation yet.
    pub(crate) results: Vec<Option<ToolResult>>,
}

impl Progress {
    /// Nothing so far, of a turn that is to answer this and begins like this.
    pub(crate) fn new(conversation: Conversation, begin: &Turn, toolbox: Arc<Toolbox>) -> Self {
        Self {
            conversation,
            toolbox,
            stream: begin.stream,
            briefing: begin.briefing.clone(),
            ..Self::default()
        }
    }

    /// What came of the turn so far, however it ends.
    fn outcome(&self) -> TurnOutcome {
        TurnOutcome {
            usage: self.own,
            finish_reasons: self.finish_reason.iter().map(Str::from).collect(),
            tool_calls: self.tool_calls.len().try_into().ok(),
            number: self.number,
            ..TurnOutcome::default()
        }
    }

    /// Tokens of the turn and its sub-agents.
    pub(crate) fn total(&self) -> Option<Usage> {
        add(self.own, self.delegated)
    }

    /// The turn's own messages that a later turn may build on: without those that the model refused.
    pub(crate) fn valid(&self, ended: Result<(), &TurnErrorKind>) -> &[Message] {
        let own = self.conversation.own();
        let refused = matches!(ended, Err(TurnErrorKind::Model(error)) if [
            ModelErrorKind::ContextLength,
            ModelErrorKind::ContentFilter,
            ModelErrorKind::InvalidRequest,
            ModelErrorKind::TooLarge,
        ].iter().any(|kind| error.is(*kind)));
        let most = if refused { self.accepted } else { own.len() };
        own.get(..most).unwrap_or(own)
    }
}

pub(crate) fn add(left: Option<Usage>, right: Option<Usage>) -> Option<Usage> {
    match (left, right) {
        (Some(mut left), Some(right)) => {
            left += right;
            Some(left)
        }
        (one, None) | (None, one) => one,
    }
}

/// Answers within the agent's limits, remembers it where the turn has a seat in a session, and ends
/// the turn's span either way.
///
/// Boxed because a sub-agent's turn is a turn inside a turn.
pub(crate) fn answer<'a>(
    setting: &'a Setting<'a>,
    turn: Scope<Turn>,
    progress: &'a mut Progress,
    mut seat: Option<Seat>,
) -> BoxFuture<'a, Result<Reply, TurnErrorKind>> {
    Box::pin(async move {
        let worked = within_its_time(setting, &turn, progress, seat.as_mut()).await;
        let remembered = match seat {
            Some(seat) => {
                let ended = worked.as_ref().map(|_text| ());
                seat.remember(setting, &turn, progress, ended).await
            }
            None => Ok(()),
        };
        end(turn, progress, worked).map(|reply| Reply {
            remembered,
            ..reply
        })
    })
}

async fn within_its_time(
    setting: &Setting<'_>,
    turn: &Scope<Turn>,
    progress: &mut Progress,
    mut seat: Option<&mut Seat>,
) -> Result<Str, TurnErrorKind> {
    let limit = setting.limits.turn;
    let began = tokio::time::Instant::now();
    let working = async {
        match seat.as_deref_mut() {
            Some(seat) => {
                seat.take(setting, turn, progress).await?;
                seat.held(work(setting, turn, progress)).await
            }
            None => work(setting, turn, progress).await,
        }
    };
    let worked = tokio::time::timeout(limit, working).await;
    // Time may have run out in the very poll that gave the answer.
    if let Some(worked) = worked.ok().filter(|_| began.elapsed() <= limit) {
        return worked;
    }
    if seat.is_some_and(|seat| seat.waits()) {
        return Err(TurnErrorKind::SessionBusy);
    }
    let millis = |time: std::time::Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
    Err(TurnErrorKind::Budget {
        budget: Budget::Time,
        limit: millis(limit),
        used: millis(began.elapsed()),
    })
}

/// Ends the turn's span with what came of it.
fn end(
    mut turn: Scope<Turn>,
    progress: &mut Progress,
    worked: Result<Str, TurnErrorKind>,
) -> Result<Reply, TurnErrorKind> {
    let text = worked.map_err(|why| {
        if let TurnErrorKind::Budget {
            budget,
            limit,
            used,
        } = why
        {
            turn.emit(BudgetExceeded {
                budget,
                limit,
                used,
            });
        }
        why
    });
    let text = match text {
        Ok(text) => text,
        Err(why) => {
            turn.so_far(progress.outcome());
            turn.fail(why.failure());
            return Err(why);
        }
    };
    turn.emit(TurnSummary {
        text: text.clone(),
        intent: progress.intent.clone(),
        tool_calls: progress.tool_calls.clone(),
        usage: progress.total(),
        cost_usd: None,
    });
    let (trace_id, intent) = (turn.trace_id(), progress.intent.clone());
    turn.complete(TurnOutcome {
        text: Some(text.clone()),
        ..progress.outcome()
    });
    Ok(Reply {
        trace_id,
        text,
        intent,
        usage: progress.total(),
        durable: Ok(()),    // whoever waits for it says otherwise
        remembered: Ok(()), // as well
        finish_reason: progress.finish_reason.take(),
        steps: progress.steps,
        messages: progress.conversation.own().into(),
    })
}

/// Finds the tools and the intent, then step by step asks the model and does what it asks for, until
/// it answers.
async fn work(
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
        setting.budgets.kept().map_err(overspent)?;
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

/// There are no tokens left.
pub(crate) fn overspent(spent: Spent) -> TurnErrorKind {
    let Spent { limit, used } = spent;
    TurnErrorKind::Budget {
        budget: Budget::Tokens,
        limit,
        used,
    }
}
