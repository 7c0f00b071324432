//! What a model is shown: the earlier turns as far as they fit, then the turn's own messages.

use std::collections::VecDeque;
use std::sync::Arc;

use kaos_hooks::{HistoryTrimmed, Str};

use crate::message::estimate;
use crate::{Content, Message, SessionTurn, ToolOutput, ToolResult};

/// A conversation in a turn.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Shared with the records of model calls.
    messages: Arc<Vec<Message>>,
    /// The earlier turns at its beginning, the oldest first.
    earlier: VecDeque<Earlier>,
    /// How many messages these have.
    known: usize,
    /// Tokens of everything, by estimate.
    tokens: u64,
}

/// One of the turns before this one.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    messages: usize,
    tokens: u64,
}

impl Conversation {
    /// That of a turn with these messages to answer.
    pub(crate) fn new(asked: Vec<Message>) -> Self {
        Self {
            tokens: asked.iter().map(estimate::message).sum(),
            messages: Arc::new(asked),
            ..Self::default()
        }
    }

    /// Puts earlier turns before everything.
    pub(crate) fn after(&mut self, turns: &[SessionTurn]) {
        let all = turns.iter().flat_map(|turn| turn.messages.iter());
        let all = all.chain(self.messages.iter()).cloned().collect();
        self.messages = Arc::new(all);
        for turn in turns {
            let (messages, tokens) = (turn.messages.len(), turn.tokens);
            self.earlier.push_back(Earlier { messages, tokens });
            self.known += messages;
            self.tokens = self.tokens.saturating_add(tokens);
        }
    }

    pub(crate) fn messages(&self) -> &Arc<Vec<Message>> {
        &self.messages
    }

    /// The turn's own messages, those to answer included.
    pub(crate) fn own(&self) -> &[Message] {
        self.messages.get(self.known..).unwrap_or_default()
    }

    /// Tokens of everything, by estimate.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Adds a message.
    pub(crate) fn say(&mut self, message: Message) {
        self.tokens = self.tokens.saturating_add(estimate::message(&message));
        Arc::make_mut(&mut self.messages).push(message);
    }

    /// Takes out what goes first until the rest is no more than `most` tokens, by estimate: whole
    /// earlier turns, the oldest first, and if that is not enough, results of the turn's own calls,
    /// the oldest first; they are named instead. Tells what went, if anything could.
    pub(crate) fn fit(&mut self, most: u64, reason: &'static str) -> Option<HistoryTrimmed> {
        let before = self.tokens;
        let mut went = HistoryTrimmed {
            reason: Str::Static(reason),
            ..HistoryTrimmed::default()
        };
        let mut messages = 0;
        while self.tokens > most
            && let Some(oldest) = self.earlier.pop_front()
        {
            self.tokens = self.tokens.saturating_sub(oldest.tokens);
            messages += oldest.messages;
            went.turns += 1;
        }
        if messages > 0 {
            self.known = self.known.saturating_sub(messages);
            Arc::make_mut(&mut self.messages).drain(..messages);
        }
        if self.tokens > most {
            went.results = self.name_results(most);
        }
        went.messages = messages.try_into().unwrap_or(u32::MAX);
        went.tokens = before.saturating_sub(self.tokens);
        (went.turns > 0 || went.results > 0).then_some(went)
    }

    fn name_results(&mut self, most: u64) -> u32 {
        let mut named = 0;
        for message in Arc::make_mut(&mut self.messages)
            .iter_mut()
            .skip(self.known)
        {
            if self.tokens <= most {
                break;
            }
            let before = estimate::message(message);
            let Message::Tool(result) = message else {
                continue;
            };
            let shorter = Message::Tool(named_only(result));
            let after = estimate::message(&shorter);
            if after < before {
                *message = shorter;
                self.tokens = self.tokens.saturating_sub(before - after);
                named += 1;
            }
        }
        named
    }
}

/// The result, said to be left out.
fn named_only(result: &ToolResult) -> ToolResult {
    let bytes = result.output.bytes();
    let mark = format!("[left out, so that the conversation fits: {bytes} bytes]");
    ToolResult {
        output: ToolOutput::from(vec![Content::text(mark)]),
        ..result.clone()
    }
}

/// A conversation that the caller keeps, in turns: one begins with what the user says after anybody
/// else.
pub(crate) fn turns_of(messages: Vec<Message>) -> Vec<SessionTurn> {
    let mut turns: Vec<Vec<Message>> = Vec::new();
    let mut user_before = false;
    for message in messages {
        let user = matches!(message, Message::User(_));
        match turns.last_mut() {
            Some(turn) if !user || user_before => turn.push(message),
            _ => turns.push(vec![message]),
        }
        user_before = user;
    }
    let numbered = (1..).zip(turns);
    numbered
        .map(|(number, turn)| SessionTurn::new(number, turn))
        .collect()
}

/// What is remembered of a turn: every call with a result. One that never came is said to be missing.
pub(crate) fn whole(own: &[Message]) -> Vec<Message> {
    let mut whole: Vec<Message> = Vec::with_capacity(own.len());
    let mut open: Vec<Str> = Vec::new();
    for message in own {
        match message {
            Message::Tool(result) => open.retain(|id| *id != result.call_id),
            _ => whole.extend(open.drain(..).map(missing)),
        }
        if let Message::Assistant(said) = message {
            open.extend(said.tool_calls().map(|call| call.id.clone()));
        }
        whole.push(message.clone());
    }
    whole.extend(open.drain(..).map(missing));
    whole
}

fn missing(call_id: Str) -> Message {
    Message::Tool(ToolResult {
        call_id,
        output: ToolOutput::from("error: the turn ended before there was a result"),
        failed: true,
    })
}
