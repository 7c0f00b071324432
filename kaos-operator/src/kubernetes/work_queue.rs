//! Who is to be looked at, and when: each once, and nobody twice at the same time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::resources::Identity;

/// How long somebody who was looked at is left alone: the steps of a rollout are seen together, and whoever undoes what is
/// done here is answered once a second, not as fast as an API server can.
const REST: Duration = Duration::from_secs(1);

/// Who is to be looked at, and when.
#[derive(Debug, Default)]
pub(super) struct WorkQueue {
    at: HashMap<Identity, Instant>,
    order: BTreeSet<(Instant, Identity)>,
    running: HashSet<Identity>,
    /// Until when somebody rests who was looked at.
    resting: HashMap<Identity, Instant>,
}

impl WorkQueue {
    /// Somebody is to be looked at by then, if not earlier, and not before they have rested.
    pub(super) fn add(&mut self, identity: Identity, when: Instant) {
        let rested = self.resting.get(&identity);
        let when = rested.map_or(when, |rested| when.max(*rested));
        match self.at.get(&identity) {
            Some(earlier) if *earlier <= when => return,
            Some(later) => drop(self.order.remove(&(*later, identity.clone()))),
            None => {}
        }
        self.at.insert(identity.clone(), when);
        self.order.insert((when, identity));
    }

    /// Who is due now, and is being looked at from now on.
    pub(super) fn next(&mut self, now: Instant) -> Option<Identity> {
        let first = self.first().filter(|(when, _)| *when <= now)?.clone();
        self.order.remove(&first);
        self.at.remove(&first.1);
        self.running.insert(first.1.clone());
        Some(first.1)
    }

    /// When somebody is due.
    pub(super) fn when(&self) -> Option<Instant> {
        self.first().map(|(when, _)| *when)
    }

    /// Somebody has been looked at.
    pub(super) fn done(&mut self, identity: &Identity, now: Instant) {
        self.running.remove(identity);
        self.resting.retain(|_, rested| *rested > now);
        self.resting.insert(identity.clone(), now + REST);
        // It was asked for while it was looked at.
        if let Some(when) = self.at.get(identity).copied() {
            self.order.remove(&(when, identity.clone()));
            self.at.remove(identity);
            self.add(identity.clone(), when);
        }
    }

    fn first(&self) -> Option<&(Instant, Identity)> {
        self.order
            .iter()
            .find(|(_, identity)| !self.running.contains(identity))
    }
}

/// Who is to be looked at now, as the watches say: each once, so that it is no longer than the resources are many.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    identities: Mutex<BTreeSet<Identity>>,
    added: Notify,
}

impl Queue {
    pub(super) fn add(&self, identity: Identity) {
        self.add_all([identity]);
    }

    pub(super) fn add_all(&self, identities: impl IntoIterator<Item = Identity>) {
        let mut waiting = self
            .0
            .identities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.extend(identities);
        self.0.added.notify_one();
    }

    /// All that wait, when there are some.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses none.
    pub(super) async fn next(&self) -> BTreeSet<Identity> {
        loop {
            let waiting = self.take();
            if !waiting.is_empty() {
                return waiting;
            }
            self.0.added.notified().await;
        }
    }

    /// All that wait.
    pub(super) fn take(&self) -> BTreeSet<Identity> {
        let mut waiting = self
            .0
            .identities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *waiting)
    }
}
