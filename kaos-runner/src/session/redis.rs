//! Conversations where several processes find them.

mod connection;
mod held;
mod scripts;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{IdSource as _, RandomIds, Str};
use redis::ScriptInvocation;
use tokio::time::Instant;

use self::connection::Connection;
use self::held::{Held, Leaving};
use self::scripts::Scripts;
use super::{SessionBounds, SessionError, SessionLock, SessionStore, SessionSummary, SessionTurn};

/// Conversations in Redis (5 or newer), or what speaks its protocol: several processes continue the
/// same sessions, one turn after the other.
///
/// A turn's lock runs out after the [lease](Self::lease) unless it is renewed, which the turn does while
/// it works; so a process that was killed holds a session up no longer than that. Everything that
/// changes a session is one script on the server, and refused where the lock's number is not the
/// session's last.
///
/// Turns that wait for a session get it in the order in which they came, whatever process they are in.
///
/// The keys are `kaos:session:{name}`, `turns`, `lock`, `waiting` and `asked` in place of `session`,
/// `kaos:sessions` and `kaos:fence`; another [prefix](Self::prefix) than `kaos:` tells users of one server apart. They hold
/// what was said, as it was said. A Redis Cluster is not supported.
///
/// # Example
///
/// ```no_run
/// use kaos_runner::{Agent, FunctionModel, RedisSessions, Runner};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisSessions::open(&std::env::var("KAOS_SESSIONS")?)?; // rediss://user:password@host:6380/0
/// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Hello."))).sessions(store);
/// # Ok(())
/// # }
/// ```
pub struct RedisSessions {
    connection: Arc<Connection>,
    scripts: Arc<Scripts>,
    leaving: Leaving,
    bounds: SessionBounds,
    prefix: Str,
    lease: Duration,
    idle: Duration,
}

impl RedisSessions {
    /// The lease of a turn's lock, unless set.
    pub const DEFAULT_LEASE: Duration = Duration::from_secs(15);

    /// How long a session is kept without a turn, unless set.
    pub const DEFAULT_IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// The store at this URL: `redis://` or, with TLS, `rediss://`, then user and password if there are
    /// any, host, port and number of the database. The machine's certificates are trusted. Nothing is
    /// connected yet; the password is shown nowhere.
    ///
    /// With TLS, a process that has not chosen a provider of cryptography for `rustls` gets its `ring`.
    ///
    /// # Errors
    ///
    /// The URL is not one of these.
    pub fn open(url: &str) -> Result<Self, SessionError> {
        Ok(Self {
            connection: Arc::new(Connection::to(url)?),
            scripts: Arc::new(Scripts::read()),
            leaving: Leaving::default(),
            bounds: SessionBounds::default(),
            prefix: Str::Static("kaos:"),
            lease: Self::DEFAULT_LEASE,
            idle: Self::DEFAULT_IDLE,
        })
    }

    fn key(&self, kind: &str, session: &str) -> String {
        format!("{}{kind}:{session}", self.prefix)
    }

    fn index(&self) -> String {
        format!("{}sessions", self.prefix)
    }

    fn fences(&self) -> String {
        format!("{}fence", self.prefix)
    }

    async fn call(&self, invocation: &ScriptInvocation<'_>) -> Result<u64, SessionError> {
        self.connection.call(invocation).await
    }
}

/// How long a turn that waits for its session waits at most until it asks again.
const MAX_PAUSE: Duration = Duration::from_millis(250);

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

#[async_trait]
impl SessionStore for RedisSessions {
    fn bounds(&self) -> SessionBounds {
        self.bounds.clone()
    }

    async fn lock(&self, session: &str) -> Result<SessionLock, SessionError> {
        let ids = RandomIds;
        let mut held = Held::new(
            format!("{:016x}{:016x}", ids.next(), ids.next()),
            ["lock", "waiting", "asked"].map(|kind| self.key(kind, session)),
            Arc::clone(&self.connection),
            Arc::clone(&self.scripts),
            self.leaving.clone(),
        );
        let mut pause = Duration::from_millis(5);
        loop {
            let [key, waiting, asked] = held.keys();
            let mut lock = self.scripts.lock.prepare_invoke();
            lock.key(key).key(self.fences()).key(waiting).key(asked);
            lock.arg(held.token())
                .arg(millis(self.lease))
                .arg(millis(4 * MAX_PAUSE));
            let fence = self.call(&lock).await?;
            if fence > 0 {
                held.has(fence);
                return Ok(SessionLock::new(Str::copied(session), fence, held));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn free(&self, lock: SessionLock) {
        if let Some(held) = lock.frees::<Held>() {
            held.free().await;
        }
    }

    async fn settled(&self) {
        self.leaving.none().await;
    }

    async fn keep(&self, lock: &SessionLock) -> SessionError {
        let Some(held) = lock.frees::<Held>() else {
            return SessionError::Lost;
        };
        let mut until = Instant::now() + self.lease;
        loop {
            tokio::time::sleep(self.lease / 3).await;
            let mut renew = self.scripts.renew.prepare_invoke();
            renew
                .key(held.lock_key())
                .key(self.key("session", lock.session()));
            renew
                .arg(held.value())
                .arg(lock.fence())
                .arg(millis(self.lease));
            let asked = Instant::now();
            match self.call(&renew).await {
                Ok(0) => return SessionError::Lost,
                Ok(_) => until = asked + self.lease,
                // A server that is away for a moment loses no lock; a lease that ran out may be lost.
                Err(_) if Instant::now() < until => {}
                Err(why) => return why,
            }
        }
    }

    async fn load(&self, session: &str) -> Result<Vec<SessionTurn>, SessionError> {
        let mut all = redis::pipe();
        all.cmd("LRANGE")
            .arg(self.key("turns", session))
            .arg(0)
            .arg(-1);
        let (turns,): (Vec<Vec<u8>>,) = self.connection.query(&all).await?;
        let turns = turns.iter().map(|turn| serde_json::from_slice(turn));
        let turns: Result<_, serde_json::Error> = turns.collect();
        turns.map_err(|_content| SessionError::unavailable("what is stored is no conversation"))
    }

    async fn append(
        &self,
        lock: &SessionLock,
        turn: SessionTurn,
        forgotten: usize,
    ) -> Result<(), SessionError> {
        let Some(held) = lock.frees::<Held>() else {
            return Err(SessionError::Lost);
        };
        let session = lock.session();
        let json = serde_json::to_vec(&turn)
            .map_err(|error| SessionError::unavailable(format!("no JSON: {error}")))?;
        let mut append = self.scripts.append.prepare_invoke();
        append
            .key(held.lock_key())
            .key(self.key("session", session));
        append.key(self.key("turns", session)).key(self.index());
        append
            .arg(held.value())
            .arg(lock.fence())
            .arg(forgotten)
            .arg(json);
        append
            .arg(turn.tokens)
            .arg(turn.bytes)
            .arg(millis(self.idle));
        append
            .arg(session)
            .arg(self.bounds.sessions)
            .arg(&*self.prefix);
        match self.call(&append).await? {
            0 => Err(SessionError::Lost),
            _ => Ok(()),
        }
    }

    async fn forget(&self, session: &str) -> Result<bool, SessionError> {
        let mut forget = self.scripts.forget.prepare_invoke();
        forget
            .key(self.key("lock", session))
            .key(self.key("session", session));
        forget
            .key(self.key("turns", session))
            .key(self.index())
            .key(self.fences());
        forget.arg(session).arg(millis(self.idle));
        Ok(self.call(&forget).await? > 0)
    }

    async fn list(&self, most: usize) -> Result<Vec<SessionSummary>, SessionError> {
        let Some(last) = most.checked_sub(1) else {
            return Ok(Vec::new());
        };
        let mut newest = redis::pipe();
        newest.cmd("ZREVRANGE").arg(self.index()).arg(0).arg(last);
        let (names,): (Vec<String>,) = self.connection.query(&newest).await?;
        let mut known = redis::pipe();
        known.cmd("TIME");
        for name in &names {
            known.cmd("HMGET").arg(self.key("session", name));
            known.arg("turns").arg("tokens").arg("bytes").arg("at");
        }
        let known: Vec<Vec<Option<u64>>> = self.connection.query(&known).await?;
        let mut known = known.into_iter();
        let now = match known.next().as_deref() {
            Some(&[Some(seconds), Some(micros)]) => seconds * 1000 + micros / 1000,
            _ => return Err(SessionError::unavailable("the server tells no time")),
        };
        let each = names.into_iter().zip(known);
        let each = each.filter_map(|(name, known)| match *known {
            [Some(turns), tokens, bytes, at] => Some(SessionSummary {
                session: name.into(),
                turns: turns.try_into().unwrap_or(usize::MAX),
                tokens: tokens.unwrap_or_default(),
                bytes: bytes.unwrap_or_default().try_into().unwrap_or(usize::MAX),
                idle: Duration::from_millis(now.saturating_sub(at.unwrap_or(now))),
            }),
            // It was forgotten, or ran out.
            _ => None,
        });
        Ok(each.collect())
    }
}

impl fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSessions")
            .field("server", &self.connection.place())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
