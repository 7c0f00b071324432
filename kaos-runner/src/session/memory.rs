use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use kaos_hooks::Str;
use tokio::sync::OwnedMutexGuard;

use super::{SessionBounds, SessionError, SessionLock, SessionStore, SessionSummary, SessionTurn};

/// Conversations in this process' memory, gone with it. Clones are the same store.
#[derive(Clone, Default)]
pub struct MemorySessions(Arc<Shared>);

#[derive(Default)]
struct Shared {
    bounds: SessionBounds,
    /// Never locked across an await.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_name: HashMap<Arc<str>, Conversation>,
    /// Names by when they were last used, each conversation's once.
    by_use: BTreeMap<u64, Arc<str>>,
    /// The last use's number.
    uses: u64,
    /// The last lock's number.
    fences: u64,
    /// Of all turns and names.
    bytes: usize,
}

struct Conversation {
    turns: VecDeque<SessionTurn>,
    tokens: u64,
    bytes: usize,
    /// Its place in `by_use`.
    used: u64,
    last: Instant,
    /// The number of its last lock; 0 where what that one appends is to be refused.
    fence: u64,
    /// Whoever has it locked has the session's turn: first come, first served.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl MemorySessions {
    /// A store with these bounds.
    pub fn new(bounds: SessionBounds) -> Self {
        let kept = Mutex::default();
        Self(Arc::new(Shared { bounds, kept }))
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conversation {
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.turn) > 1
    }

    fn forget(&mut self, oldest: usize) {
        for turn in self.turns.drain(..oldest.min(self.turns.len())) {
            self.tokens = self.tokens.saturating_sub(turn.tokens);
            self.bytes = self.bytes.saturating_sub(turn.bytes);
        }
    }
}

impl Kept {
    /// The lock of this name's turn, for a conversation that may be new.
    fn turn_of(&mut self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        if let Some(known) = self.by_name.get(name) {
            return Arc::clone(&known.turn);
        }
        self.uses += 1;
        let (used, turn) = (self.uses, Arc::default());
        let new = Conversation {
            turns: VecDeque::new(),
            tokens: 0,
            bytes: 0,
            used,
            last: Instant::now(),
            fence: 0,
            turn: Arc::clone(&turn),
        };
        let name: Arc<str> = name.into();
        self.bytes += name.len();
        self.by_use.insert(used, Arc::clone(&name));
        self.by_name.insert(name, new);
        turn
    }

    fn remove(&mut self, name: &str) {
        if let Some(gone) = self.by_name.remove(name) {
            self.by_use.remove(&gone.used);
            self.bytes = self.bytes.saturating_sub(gone.bytes + name.len());
        }
    }

    /// Lets go of the conversations not used for longest until the rest is within the bounds; none
    /// that a turn has.
    fn shrink(&mut self, bounds: &SessionBounds) {
        while self.by_name.len() > bounds.sessions || self.bytes > bounds.bytes {
            let idle =
                |name: &&Arc<str>| self.by_name.get(&***name).is_some_and(|it| !it.is_in_use());
            let Some(oldest) = self.by_use.values().find(idle).cloned() else {
                break;
            };
            self.remove(&oldest);
        }
    }
}

/// Frees a session, and removes it if nothing was ever said in it.
struct Frees {
    shared: Arc<Shared>,
    session: Arc<str>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Drop for Frees {
    fn drop(&mut self) {
        let mut kept = self.shared.kept();
        // Its part in the lock has to be gone before anybody counts.
        drop(self.turn.take());
        let known = kept.by_name.get(&self.session);
        if known.is_some_and(|it| it.turns.is_empty() && !it.is_in_use()) {
            kept.remove(&self.session);
        }
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    fn bounds(&self) -> SessionBounds {
        self.0.bounds.clone()
    }

    async fn lock(&self, session: &str) -> Result<SessionLock, SessionError> {
        let turn = self.0.kept().turn_of(session);
        // Whoever waits has a part in the lock, so the conversation stays.
        let turn = turn.lock_owned().await;
        let mut kept = self.0.kept();
        kept.fences += 1;
        let fence = kept.fences;
        if let Some(conversation) = kept.by_name.get_mut(session) {
            conversation.fence = fence;
        }
        let frees = Frees {
            shared: Arc::clone(&self.0),
            session: session.into(),
            turn: Some(turn),
        };
        Ok(SessionLock::new(Str::copied(session), fence, frees))
    }

    async fn load(&self, session: &str) -> Result<Vec<SessionTurn>, SessionError> {
        let kept = self.0.kept();
        let found = kept.by_name.get(session);
        Ok(found.map_or_else(Vec::new, |it| it.turns.iter().cloned().collect()))
    }

    async fn append(
        &self,
        lock: &SessionLock,
        turn: SessionTurn,
        forgotten: usize,
    ) -> Result<(), SessionError> {
        let mut kept = self.0.kept();
        let kept = &mut *kept;
        let found = kept.by_name.get_mut(lock.session());
        let Some(it) = found.filter(|it| it.fence == lock.fence()) else {
            return Err(SessionError::Lost);
        };
        let before = it.bytes;
        it.forget(forgotten);
        it.tokens = it.tokens.saturating_add(turn.tokens);
        it.bytes = it.bytes.saturating_add(turn.bytes);
        it.turns.push_back(turn);
        it.last = Instant::now();
        kept.uses += 1;
        if let Some(name) = kept.by_use.remove(&it.used) {
            kept.by_use.insert(kept.uses, name);
        }
        it.used = kept.uses;
        kept.bytes = (kept.bytes + it.bytes).saturating_sub(before);
        kept.shrink(&self.0.bounds);
        Ok(())
    }

    async fn forget(&self, session: &str) -> Result<bool, SessionError> {
        let mut kept = self.0.kept();
        let kept = &mut *kept;
        let Some(it) = kept.by_name.get_mut(session) else {
            return Ok(false);
        };
        let any = !it.turns.is_empty();
        if it.is_in_use() {
            let before = it.bytes;
            it.forget(usize::MAX);
            it.fence = 0;
            kept.bytes = kept.bytes.saturating_sub(before);
        } else {
            kept.remove(session);
        }
        Ok(any)
    }

    async fn list(&self, most: usize) -> Result<Vec<SessionSummary>, SessionError> {
        let kept = self.0.kept();
        let newest = kept.by_use.values().rev();
        let known = newest.filter_map(|name| Some((name, kept.by_name.get(&**name)?)));
        let said = known.filter(|(_, it)| !it.turns.is_empty());
        let summaries = said.take(most).map(|(name, it)| SessionSummary {
            session: Str::copied(name),
            turns: it.turns.len(),
            tokens: it.tokens,
            bytes: it.bytes,
            idle: it.last.elapsed(),
        });
        Ok(summaries.collect())
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions")
            .field("bounds", &self.0.bounds)
            .field("sessions", &self.0.kept().by_name.len())
            .finish()
    }
}
