//! Where conversations are kept between turns.

pub(crate) mod conversation;
mod error;
mod memory;
#[cfg(feature = "redis")]
mod redis;
pub(crate) mod seat;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::Str;
use serde::{Deserialize, Serialize};

pub use error::SessionError;
pub use memory::MemorySessions;
#[cfg(feature = "redis")]
pub use redis::RedisSessions;

use crate::Message;
use crate::message::estimate;

/// Where conversations are kept between turns, by the session's name.
///
/// A session has one turn at a time: a turn [locks](Self::lock) it, [loads](Self::load) what was said,
/// and [appends](Self::append) what it adds. A lock has a number, larger than that of every earlier
/// lock of the session, and what is appended under a number that is not the last one is refused: a turn
/// that lost its lock, because its process stood still or the session was forgotten, changes nothing.
///
/// [`MemorySessions`] keeps them in this process; with the feature `redis`, `RedisSessions` keeps them
/// where several processes find them. The page `docs/sessions.md` of
/// this crate has a store in files.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no sessions",
    label = "does not implement `SessionStore`",
    note = "`MemorySessions` does, and with the feature `redis` `RedisSessions`"
)]
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// How much of a session is kept; the runner says with each turn how many of the oldest are to go.
    fn bounds(&self) -> SessionBounds {
        SessionBounds::default()
    }

    /// Waits until no other turn has the session, and takes it. Whoever waits limits the time.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// When dropped, the session is not taken, or soon free again.
    async fn lock(&self, session: &str) -> Result<SessionLock, SessionError>;

    /// Frees the session, and ends when another turn may have it, wherever that is. Where the store cannot be
    /// reached, the lock is left to run out.
    ///
    /// # Cancel safety
    ///
    /// When dropped, the session is soon free, as if the lock had been dropped.
    async fn free(&self, lock: SessionLock) {
        drop(lock);
    }

    /// Waits until the sessions of locks that were dropped, by turns that were, are free. To be awaited before
    /// a process ends: what it has not done by then it does not do, and such a session is busy until the lock
    /// has run out.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    async fn settled(&self) {}

    /// Keeps the lock while it is polled, where locks run out; ends when the lock is lost, and why.
    ///
    /// # Cancel safety
    ///
    /// Dropping it does not free the lock.
    async fn keep(&self, _lock: &SessionLock) -> SessionError {
        std::future::pending().await
    }

    /// The session's turns, the oldest first; none where there is no such session.
    ///
    /// # Errors
    ///
    /// The store cannot be reached, or what it has is not a conversation.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    async fn load(&self, session: &str) -> Result<Vec<SessionTurn>, SessionError>;

    /// Removes so many of the oldest turns of the locked session, and adds this one: both or neither.
    ///
    /// # Errors
    ///
    /// [`SessionError::Lost`] where the lock's number is not the session's last; or the store cannot be
    /// reached, or has no room.
    ///
    /// # Cancel safety
    ///
    /// When dropped, it was done or not.
    async fn append(
        &self,
        lock: &SessionLock,
        turn: SessionTurn,
        forgotten: usize,
    ) -> Result<(), SessionError>;

    /// Forgets a session, and says whether there was one. A turn that has it is not remembered either.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// When dropped, it was done or not.
    async fn forget(&self, session: &str) -> Result<bool, SessionError>;

    /// At most so many sessions, the last used first.
    ///
    /// # Errors
    ///
    /// The store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    async fn list(&self, most: usize) -> Result<Vec<SessionSummary>, SessionError>;
}

/// A session that one turn has; dropping it frees the session.
pub struct SessionLock {
    session: Str,
    fence: u64,
    frees: Box<dyn Any + Send + Sync>,
}

impl SessionLock {
    /// The lock of this session with this number; dropping `frees` frees the session.
    pub fn new(session: impl Into<Str>, fence: u64, frees: impl Any + Send + Sync) -> Self {
        Self {
            session: session.into(),
            fence,
            frees: Box::new(frees),
        }
    }

    /// What frees the session, for the store that made it.
    pub fn frees<T: Any>(&self) -> Option<&T> {
        self.frees.downcast_ref()
    }

    /// The session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The lock's number: larger than that of every earlier lock of the session.
    pub fn fence(&self) -> u64 {
        self.fence
    }
}

impl fmt::Debug for SessionLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLock")
            .field("session", &self.session)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// One turn of a conversation: a question, and all that was said until its answer. A call and its
/// results are always in the same turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionTurn {
    /// Which turn of its session it is, from 1.
    pub number: u32,
    /// How many tokens it is, by estimate.
    pub tokens: u64,
    /// How many bytes its content takes.
    pub bytes: usize,
    /// Its messages.
    pub messages: Arc<[Message]>,
}

impl SessionTurn {
    /// The turn of this number with these messages.
    pub fn new(number: u32, messages: impl Into<Arc<[Message]>>) -> Self {
        let messages = messages.into();
        Self {
            number,
            tokens: messages.iter().map(estimate::message).sum(),
            bytes: messages.iter().map(estimate::bytes).sum(),
            messages,
        }
    }
}

/// A session, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its name.
    pub session: Str,
    /// How many turns are kept.
    pub turns: usize,
    /// How many tokens they are, by estimate.
    pub tokens: u64,
    /// How many bytes their content takes.
    pub bytes: usize,
    /// How long ago its last turn ended.
    pub idle: Duration,
}

/// How much is kept.
///
/// # Example
///
/// ```
/// use kaos_runner::{MemorySessions, SessionBounds};
///
/// let small = MemorySessions::new(SessionBounds { session_tokens: 4_000, ..SessionBounds::default() });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionBounds {
    /// Sessions; the one not used for longest goes first. Default: 10 000.
    pub sessions: usize,
    /// Bytes of all sessions' content together; again the one not used for longest goes first. A store
    /// outside this process has its own bound. Default: 256 MiB.
    pub bytes: usize,
    /// Bytes of one session's content; whole turns go, the oldest first. Default: 1 MiB.
    ///
    /// Too small, and a conversation with images forgets what was just said; too large, and every turn
    /// reads that much.
    pub session_bytes: usize,
    /// Tokens of one session, by estimate; whole turns go, the oldest first. Default: 64 000.
    ///
    /// Too small, and the agent forgets what was said; too large, and every request of a long
    /// conversation costs that much.
    pub session_tokens: u64,
}

impl Default for SessionBounds {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            bytes: 256 * 1024 * 1024,
            session_bytes: 1024 * 1024,
            session_tokens: 64_000,
        }
    }
}

impl SessionBounds {
    /// How many of the oldest turns have to go for one more.
    pub(crate) fn excess(&self, turns: &[SessionTurn], more: &SessionTurn) -> usize {
        let (mut tokens, mut bytes) = (more.tokens, more.bytes);
        let fits = turns.iter().rev().take_while(|turn| {
            tokens = tokens.saturating_add(turn.tokens);
            bytes = bytes.saturating_add(turn.bytes);
            self.hold(tokens, bytes)
        });
        turns.len() - fits.count()
    }

    /// Whether one session may have so much.
    pub(crate) fn hold(&self, tokens: u64, bytes: usize) -> bool {
        tokens <= self.session_tokens && bytes <= self.session_bytes
    }
}
