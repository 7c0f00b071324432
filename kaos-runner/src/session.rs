use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kaos_hooks::Session;

use crate::Message;

/// What was said in each session, in memory and bounded.
///
/// The anonymous session remembers nothing.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    by_name: HashMap<String, Conversation>,
    clock: u64,
}

#[derive(Debug, Default)]
struct Conversation {
    messages: Vec<Message>,
    turns: u32,
    last_used: u64,
}

/// How many messages of a session are kept; the oldest go first.
const MOST_MESSAGES: usize = 100;

/// How many sessions are kept; the one not used for longest goes first.
const MOST_SESSIONS: usize = 10_000;

impl Sessions {
    /// What was said before, and which turn of the session this is, from 1.
    pub(crate) fn begin(&self, session: &Session) -> (Vec<Message>, Option<u32>) {
        let Some(name) = session.name() else {
            return (Vec::new(), None);
        };
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let conversation = remembered.conversation(name);
        conversation.turns = conversation.turns.saturating_add(1);
        (conversation.messages.clone(), Some(conversation.turns))
    }

    /// Remembers what was said in a turn that was answered.
    pub(crate) fn remember(&self, session: &Session, said: impl IntoIterator<Item = Message>) {
        let Some(name) = session.name() else { return };
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = &mut remembered.conversation(name).messages;
        messages.extend(said);
        let excess = messages.len().saturating_sub(MOST_MESSAGES);
        messages.drain(..excess);
        // A conversation begins with the user: half a tool exchange would confuse the model.
        let first = messages
            .iter()
            .position(|message| matches!(message, Message::User(_)));
        messages.drain(..first.unwrap_or(messages.len()));
    }
}

impl Remembered {
    fn conversation(&mut self, name: &str) -> &mut Conversation {
        self.clock += 1;
        if self.by_name.len() >= MOST_SESSIONS && !self.by_name.contains_key(name) {
            let oldest = self.by_name.iter().min_by_key(|(_, it)| it.last_used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.by_name.remove(&oldest);
            }
        }
        let conversation = self.by_name.entry(name.to_owned()).or_default();
        conversation.last_used = self.clock;
        conversation
    }
}
