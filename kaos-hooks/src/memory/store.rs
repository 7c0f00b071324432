//! Where events are kept: by conversation, within bounds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kaos_events::Str;

use super::bounds::MemoryBounds;
use super::kept::Kept;

/// All conversations. Its lock is held for moments only: readers look at one conversation after the
/// other, each under its own.
#[derive(Default)]
pub(super) struct Store(Mutex<Conversations>);

#[derive(Default)]
struct Conversations {
    by_name: HashMap<Str, Arc<Conversation>>,
    /// The oldest first.
    in_order: VecDeque<Arc<Conversation>>,
    /// Events so far.
    number: u64,
    bytes: usize,
}

/// What happened in one conversation, the oldest first.
pub(super) struct Conversation {
    pub(super) name: Str,
    events: Mutex<VecDeque<Arc<Kept>>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(super) fn put(&self, session: &Str, mut event: Kept, bounds: MemoryBounds) {
        let bytes = event.bytes();
        if bytes > bounds.bytes {
            return;
        }
        let mut all = lock(&self.0);
        all.number += 1;
        event.number = all.number;
        let conversation = all.conversation(session, bounds.sessions.max(1));
        let mut events = lock(&conversation.events);
        events.push_back(Arc::new(event));
        all.bytes += bytes;
        if events.len() > bounds.session_events.max(1) {
            all.bytes -= events.pop_front().map_or(0, |oldest| oldest.bytes());
        }
        drop(events);
        all.shrink(bounds.bytes);
    }

    /// The conversations, the oldest first.
    pub(super) fn conversations(&self) -> Vec<Arc<Conversation>> {
        lock(&self.0).in_order.iter().cloned().collect()
    }

    pub(super) fn conversation(&self, name: &str) -> Option<Arc<Conversation>> {
        lock(&self.0).by_name.get(&Str::copied(name)).cloned()
    }
}

impl Conversation {
    /// Its events that are wanted.
    pub(super) fn events(&self, wanted: impl Fn(&Kept) -> bool) -> Vec<Arc<Kept>> {
        let events = lock(&self.events);
        events.iter().filter(|it| wanted(it)).cloned().collect()
    }
}

impl Conversations {
    /// The one with this name. A new one beyond the bound makes the oldest tenth go.
    fn conversation(&mut self, name: &Str, most: usize) -> Arc<Conversation> {
        if let Some(known) = self.by_name.get(name) {
            return Arc::clone(known);
        }
        if self.in_order.len() >= most {
            for _ in 0..(most / 10).max(1) {
                self.forget_oldest();
            }
        }
        let new = Arc::new(Conversation {
            name: name.clone(),
            events: Mutex::default(),
        });
        self.by_name.insert(name.clone(), Arc::clone(&new));
        self.in_order.push_back(Arc::clone(&new));
        new
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.in_order.pop_front() {
            self.by_name.remove(&oldest.name);
            let bytes: usize = lock(&oldest.events).iter().map(|it| it.bytes()).sum();
            self.bytes -= bytes;
        }
    }

    /// Lets the oldest go until the rest fits: whole conversations, and of the last one events.
    fn shrink(&mut self, most: usize) {
        while self.bytes > most && self.in_order.len() > 1 {
            self.forget_oldest();
        }
        let Some(last) = self.in_order.front() else {
            return;
        };
        let mut events = lock(&last.events);
        while self.bytes > most
            && let Some(oldest) = events.pop_front()
        {
            self.bytes -= oldest.bytes();
        }
    }
}
