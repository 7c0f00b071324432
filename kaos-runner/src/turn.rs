//! The loop: what an agent does to answer a message, read from top to bottom.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kaos_hooks::{
    Briefing, Budget, BudgetExceeded, Hooks, Intent, Scope, Step, StepOutcome, Str,
    ToolCallSummary, Turn, TurnOutcome, TurnSummary, Usage,
};

use crate::model_call::Asked;
use crate::toolbox::Toolbox;
use crate::{
    Agent, AssistantMessage, FinishReason, Message, Part, Reply, ToolUse, TurnErrorKind, fenced,
    intent, model_call, tools,
};

/// What a turn has done so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The conversation, the message to answer included.
    pub(crate) messages: Arc<Vec<Message>>,
    /// Whether somebody reads the answer as it is made.
    stream: bool,
    /// What the model is told in each of the turn's calls.
    briefing: Option<Arc<Briefing>>,
    /// What the model may call.
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) intent: Intent,
    /// Tokens of the turn's own model calls.
    pub(crate) own: Option<Usage>,
    /// Tokens of its sub-agents.
    pub(crate) delegated: Option<Usage>,
    finish_reason: Option<FinishReason>,
    /// The tools and sub-agents called, in the order the model asked for them.
    pub(crate) tool_calls: Vec<ToolCallSummary>,
}

impl Progress {
    /// Nothing so far, of a turn that begins like this.
    pub(crate) fn new(messages: Vec<Message>, begin: &Turn, toolbox: Arc<Toolbox>) -> Self {
        Self {
            messages: Arc::new(messages),
            toolbox,
            stream: begin.stream,
            briefing: begin.briefing.clone(),
            ..Self::default()
        }
    }

    /// Adds to the conversation.
    pub(crate) fn say(&mut self, message: Message) {
        Arc::make_mut(&mut self.messages).push(message);
    }

    /// What came of the turn so far, however it ends.
    fn outcome(&self) -> TurnOutcome {
        TurnOutcome {
            usage: self.own,
            finish_reasons: self.finish_reason.iter().map(Str::from).collect(),
            tool_calls: self.tool_calls.len().try_into().ok(),
            ..TurnOutcome::default()
        }
    }

    /// Tokens of the turn and its sub-agents.
    pub(crate) fn total(&self) -> Option<Usage> {
        add(self.own, self.delegated)
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

/// Answers a message within the agent's limits, and ends the turn's span either way.
///
/// Boxed because a sub-agent's turn is a turn inside a turn.
pub(crate) fn answer<'a>(
    hooks: &'a Hooks,
    agent: &'a Agent,
    mut turn: Scope<Turn>,
    progress: &'a mut Progress,
) -> BoxFuture<'a, Result<Reply, TurnErrorKind>> {
    Box::pin(async move {
        let limit = agent.limits.turn;
        let began = tokio::time::Instant::now();
        let worked = tokio::time::timeout(limit, work(hooks, agent, &turn, progress)).await;
        // Time may have run out in the very poll that gave the answer.
        let worked = worked
            .ok()
            .filter(|_| began.elapsed() <= limit)
            .unwrap_or_else(|| {
                let used = began.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
                let limit = limit.as_millis().try_into().unwrap_or(u64::MAX);
                Err(TurnErrorKind::Budget {
                    budget: Budget::Time,
                    limit,
                    used,
                })
            });
        let text = match worked {
            Ok(text) => text,
            Err(why) => {
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
            durable: Ok(()), // whoever waits for it says otherwise
            finish_reason: progress.finish_reason.take(),
        })
    })
}

/// Classifies the intent, then step by step asks the model and does what it asks for, until it
/// answers.
async fn work(
    hooks: &Hooks,
    agent: &Agent,
    turn: &Scope<Turn>,
    progress: &mut Progress,
) -> Result<Str, TurnErrorKind> {
    progress.toolbox.tell(turn);
    intent::classify(hooks, agent, turn, progress).await;
    let limit = agent.limits.steps;
    for number in 1..=limit {
        turn.ready().await;
        let mut step = Step::new(number);
        step.max_steps = Some(limit);
        let step = turn.open(step);
        let answered = match ask(hooks, agent, &step, number, progress).await {
            Ok(answered) => answered,
            Err(why) => {
                step.fail(why.failure());
                return Err(why);
            }
        };
        let Answered { said, fault } = answered;
        let text = Str::from(said.joined_text().into_owned());
        let tool_calls: Vec<ToolUse> = said.tool_calls().cloned().collect();
        // Nothing said is no message: endpoints refuse it later.
        if !said.is_empty() {
            progress.say(Message::Assistant(said));
        }
        if !tool_calls.is_empty() {
            tools::call_all(hooks, agent, &step, &tool_calls, progress).await;
        }
        let unread = fault.is_some();
        if let Some(fault) = fault {
            step.progress(kaos_hooks::Progress {
                note: Str::Static("malformed_block"),
                ..kaos_hooks::Progress::default()
            });
            progress.say(Message::user(fault));
        }
        step.complete(StepOutcome::default());
        emitted(hooks, turn)?;
        spend(agent, progress)?;
        if tool_calls.is_empty() && !unread {
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

/// What the model answered, with the blocks in it read as calls where it calls tools by blocks.
struct Answered {
    said: AssistantMessage,
    /// What is wrong with blocks that cannot be read, for the model.
    fault: Option<Str>,
}

/// Asks the model for the next step.
async fn ask(
    hooks: &Hooks,
    agent: &Agent,
    step: &Scope<Step>,
    number: u32,
    progress: &mut Progress,
) -> Result<Answered, TurnErrorKind> {
    let toolbox = Arc::clone(&progress.toolbox);
    let messages = if agent.fenced {
        Arc::new(fenced::conversation(&progress.messages))
    } else {
        Arc::clone(&progress.messages)
    };
    let asked = Asked {
        hooks,
        instructions: &toolbox.instructions,
        messages,
        tools: if agent.fenced { &[] } else { &toolbox.specs },
        stream: progress.stream,
        output: None,
        briefing: progress.briefing.clone(),
        deltas: true,
    };
    let reply = model_call::ask(agent, step, asked)
        .await
        .inspect_err(|why| {
            progress.own = add(progress.own, why.usage());
        })?;
    progress.own = add(progress.own, reply.usage);
    progress.finish_reason = reply.finish_reason;
    let mut said = reply.message;
    let mut fault = None;
    if agent.fenced {
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
fn emitted(hooks: &Hooks, turn: &Scope<Turn>) -> Result<(), TurnErrorKind> {
    if turn.is_open() {
        return Ok(());
    }
    let limit = hooks.emitter().unawaited_events().into();
    Err(TurnErrorKind::Budget {
        budget: Budget::Events,
        limit,
        used: limit,
    })
}

/// Whether the tokens spent so far are within the limit.
fn spend(agent: &Agent, progress: &Progress) -> Result<(), TurnErrorKind> {
    let (Some(limit), Some(used)) = (agent.limits.tokens, progress.total()) else {
        return Ok(());
    };
    if used.total() <= limit {
        return Ok(());
    }
    Err(TurnErrorKind::Budget {
        budget: Budget::Tokens,
        limit,
        used: used.total(),
    })
}
