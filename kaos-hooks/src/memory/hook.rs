use std::fmt;
use std::sync::Arc;

use kaos_events::{Observer, Run};

use super::bounds::MemoryBounds;
use super::entry::Stage;
use super::observer::{DELEGATED, Remembering};
use super::query::MemoryQuery;
use super::reading::{MemoryEvent, MemoryFound};
use super::store::Store;
use crate::Hook;
use crate::redact::{ContentPolicies, Redactor};

/// Remembers what the runs it sees do, by conversation; see [`memory`](crate::memory).
///
/// Cheap to clone; clones share what is remembered. It is gone with the process: for what must last,
/// there is the audit trail.
#[derive(Clone, Default)]
pub struct MemoryHook {
    store: Arc<Store>,
    stage: Arc<Stage>,
    bounds: MemoryBounds,
}

impl MemoryHook {
    /// The attribute, `kaos.delegated`, that marks a turn which another agent asked for: what it was
    /// asked is a `task_delegation_received` where it is true.
    pub const DELEGATED: &str = DELEGATED;

    /// Nothing yet. Everything is redacted when it is read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Other bounds; what was remembered before is not.
    #[must_use]
    pub fn bounds(self, bounds: MemoryBounds) -> Self {
        Self {
            store: Arc::default(),
            bounds,
            ..self
        }
    }

    /// Other policies, by field, tool and JSON path, and the redactor that they use; what was
    /// remembered before is not. Default: everything is redacted.
    #[must_use]
    pub fn content(self, policies: ContentPolicies, redactor: Redactor) -> Self {
        let stage = Stage { policies, redactor };
        Self {
            store: Arc::default(),
            stage: Arc::new(stage),
            ..self
        }
    }

    /// What is remembered and asked for.
    ///
    /// An event is redacted when it is first read. That takes its time where results are large, so
    /// a server asks on a thread that may block.
    pub fn find(&self, query: &MemoryQuery) -> MemoryFound {
        let conversations = match &query.session_id {
            Some(name) => self.store.conversation(name).into_iter().collect(),
            None => self.store.conversations(),
        };
        let mut found = Vec::new();
        for conversation in conversations {
            found.extend(conversation.events(|event| query.wants(event)));
        }
        found.sort_unstable_by_key(|event| event.number);
        let total = found.len();
        let newest = found.split_off(total.saturating_sub(query.limit));
        let read = |event: &Arc<_>| MemoryEvent::read(event, &self.stage);
        MemoryFound {
            events: newest.iter().map(read).collect(),
            total,
        }
    }

    /// The names of the conversations, the oldest first.
    pub fn sessions(&self) -> Vec<String> {
        let all = self.store.conversations();
        all.iter().map(|it| it.name.to_string()).collect()
    }
}

impl Hook for MemoryHook {
    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        let store = Arc::clone(&self.store);
        Some(Box::new(Remembering::new(store, self.bounds, run)))
    }
}

impl fmt::Debug for MemoryHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHook")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
