//! What a turn has done so far, and what it says of itself at its start.

use std::sync::Arc;

use kaos_hooks::{Briefing, Intent, Str, ToolCallSummary, Turn, TurnOutcome, Usage};

use super::genai_json;
use super::toolbox::Toolbox;
use crate::model::usage::add;
use crate::session::conversation::Conversation;
use crate::{Agent, FinishReason, Message, ModelErrorKind, ToolResult, TurnErrorKind};

/// What a turn has done so far.
#[derive(Default)]
pub(super) struct Progress {
    /// The conversation, the messages to answer included.
    pub(super) conversation: Conversation,
    /// How many of the turn's own messages a model has taken and answered, its answer included.
    pub(super) accepted: usize,
    /// Whether somebody reads the answer as it is made.
    pub(super) stream: bool,
    /// What the model is told in each of the turn's calls.
    pub(super) briefing: Option<Arc<Briefing>>,
    /// What the model may call.
    pub(super) toolbox: Arc<Toolbox>,
    pub(super) intent: Intent,
    /// Which turn of its session it is.
    pub(super) number: Option<u32>,
    /// Steps that were begun.
    pub(super) steps: u32,
    /// Tokens of the turn's own model calls.
    pub(super) own: Option<Usage>,
    /// Tokens of its sub-agents.
    pub(super) delegated: Option<Usage>,
    pub(super) finish_reason: Option<FinishReason>,
    /// The tools and sub-agents called, in the order the model asked for them.
    pub(super) tool_calls: Vec<ToolCallSummary>,
    /// Results of the step's calls that are not part of the conversation yet.
    pub(super) results: Vec<Option<ToolResult>>,
}

impl Progress {
    /// Nothing so far, of a turn that is to answer this and begins like this.
    pub(super) fn new(conversation: Conversation, begin: &Turn, toolbox: Arc<Toolbox>) -> Self {
        Self {
            conversation,
            toolbox,
            stream: begin.stream,
            briefing: begin.briefing.clone(),
            ..Self::default()
        }
    }

    /// What came of the turn so far, however it ends.
    pub(super) fn outcome(&self) -> TurnOutcome {
        TurnOutcome {
            usage: self.own,
            finish_reasons: self.finish_reason.iter().map(Str::from).collect(),
            tool_calls: self.tool_calls.len().try_into().ok(),
            number: self.number,
            ..TurnOutcome::default()
        }
    }

    /// Tokens of the turn and its sub-agents.
    pub(super) fn total(&self) -> Option<Usage> {
        add(self.own, self.delegated)
    }

    /// The turn's own messages that a later turn may build on: without those that the model refused.
    pub(super) fn valid(&self, ended: Result<(), &TurnErrorKind>) -> &[Message] {
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

/// What a turn of this agent says of itself at its start. What its sources add to its tools is not
/// known by then.
pub(super) fn begin(agent: &Agent, mut turn: Turn, toolbox: &Arc<Toolbox>, message: &Str) -> Turn {
    turn.description.clone_from(&agent.description);
    turn.max_steps = Some(agent.limits.steps);
    turn.briefing = genai_json::briefing(toolbox);
    let call = agent.model.call();
    turn.model = Some(call.model);
    turn.params = call.params;
    turn.input = Some(message.clone());
    turn
}
