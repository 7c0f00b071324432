//! The loop: what an agent does to answer a message, read from top to bottom.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kaos_hooks::{
    Briefing, Budget, BudgetExceeded, Hooks, Intent, IntentClassification, IntentClassified,
    IntentOutcome, LlmCall, Scope, Step, StepOutcome, Str, Turn, TurnOutcome, TurnSummary, Usage,
    UsageObserved, catch_panic,
};

use crate::{
    Agent, Deltas, Message, ModelReply, ModelRequest, Reply, ToolSpec, TurnErrorKind, content,
    debug_lines, intent, tools,
};

/// What a turn has done so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The conversation, the message to answer included.
    pub(crate) messages: Vec<Message>,
    /// Whether somebody reads the answer as it is made.
    stream: bool,
    /// What the model is told in each of the turn's calls.
    briefing: Option<Arc<Briefing>>,
    intent: Intent,
    /// Tokens of the turn's own model calls.
    own: Option<Usage>,
    /// Tokens of its sub-agents.
    pub(crate) delegated: Option<Usage>,
    finish_reason: Option<Str>,
    /// Names of the tools called, in the order the model asked for them.
    pub(crate) tool_calls: Vec<Str>,
}

impl Progress {
    /// Nothing so far, of a turn that begins like this.
    pub(crate) fn new(messages: Vec<Message>, begin: &Turn) -> Self {
        Self {
            messages,
            stream: begin.stream,
            briefing: begin.briefing.clone(),
            ..Self::default()
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
    turn: Scope<Turn>,
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
            usage: progress.own,
            finish_reasons: progress.finish_reason.iter().cloned().collect(),
            tool_calls: progress.tool_calls.len().try_into().ok(),
            ..TurnOutcome::default()
        });
        Ok(Reply {
            trace_id,
            text,
            intent,
            usage: progress.total(),
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
    let callable = agent.callable();
    classify(turn, progress, !callable.is_empty());
    let limit = agent.limits.steps;
    for number in 1..=limit {
        turn.ready().await;
        let mut step = Step::new(number);
        step.max_steps = Some(limit);
        let step = turn.open(step);
        let reply = match ask(hooks, agent, &step, progress, &callable).await {
            Ok(reply) => reply,
            Err(why) => {
                step.fail(why.failure());
                return Err(why);
            }
        };
        let ModelReply {
            text,
            tool_calls,
            finish_reason,
            ..
        } = reply;
        progress.finish_reason = finish_reason;
        let said = Message::Assistant {
            text: text.clone(),
            tool_calls: tool_calls.clone(),
        };
        progress.messages.push(said);
        if !tool_calls.is_empty() {
            tools::call_all(hooks, agent, &step, &tool_calls, progress).await;
        }
        step.complete(StepOutcome::default());
        emitted(hooks, turn)?;
        spend(agent, progress)?;
        if tool_calls.is_empty() {
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

fn classify(turn: &Scope<Turn>, progress: &mut Progress, has_tools: bool) {
    let scope = turn.open(IntentClassification::new("rules"));
    let message = match progress.messages.last() {
        Some(Message::User(text)) => text.as_str(),
        _ => "",
    };
    let (intent, confidence, reasoning) = intent::classify(message, has_tools);
    progress.intent = intent.clone();
    let confidence = Some(confidence);
    scope.emit(IntentClassified {
        intent: intent.clone(),
        confidence,
        reasoning: reasoning.into(),
    });
    let intent = Some(intent);
    scope.complete(IntentOutcome {
        intent,
        confidence,
        ..IntentOutcome::default()
    });
}

/// One model call.
async fn ask(
    hooks: &Hooks,
    agent: &Agent,
    step: &Scope<Step>,
    progress: &mut Progress,
    callable: &[ToolSpec],
) -> Result<ModelReply, TurnErrorKind> {
    let call = step.open(LlmCall {
        stream: progress.stream,
        input: Some(content::input(&progress.messages)),
        briefing: progress.briefing.clone(),
        ..agent.model.call()
    });
    let deltas = Deltas::new(call.handle());
    let request = ModelRequest {
        instructions: &agent.instructions,
        messages: &progress.messages,
        tools: callable,
        stream: progress.stream,
        output: None,
        hooks,
    };
    let asked = catch_panic(agent.model.respond(request, &deltas));
    let told = debug_lines::model(request.messages.len(), asked);
    let why = match call.entered(told).await {
        Ok(Ok(reply)) => {
            progress.own = add(progress.own, reply.usage);
            let (usage, source) = (reply.usage, Str::Static("response"));
            call.emit(UsageObserved {
                usage,
                cost_usd: None,
                source,
            });
            let first = deltas.time_to_first_chunk().filter(|_| progress.stream);
            call.complete(reply.outcome(first));
            return Ok(reply);
        }
        Ok(Err(error)) => TurnErrorKind::Model(error),
        Err(_panicked) => TurnErrorKind::ModelPanicked,
    };
    call.fail(why.failure());
    Err(why)
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
