//! A turn's place in its session: taken at its beginning, given up at its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use kaos_hooks::{Attributes, Scope, Str, Turn, catch_panic};

use crate::session::conversation::{Conversation, whole};
use crate::{Message, SessionBounds, SessionError, SessionLock, SessionStore, SessionTurn};

/// How long a turn waits for its session before it says so.
const PATIENCE: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The sessions whose turns the current task works on.
    static HELD: Arc<Held>;
}

/// A session that a turn around the current one has.
struct Held {
    /// Where the store is, to tell it from others.
    store: usize,
    session: Str,
    outer: Option<Arc<Self>>,
}

/// Why a turn has no place in its session.
pub(crate) enum NoSeat {
    /// A turn around this one has it, and would wait for itself.
    Busy,
    /// The store says why.
    Store(SessionError),
}

/// A turn's place in its session.
pub(crate) struct Seat {
    store: Arc<dyn SessionStore>,
    session: Str,
    /// Whether another turn has the session.
    waits: bool,
    lock: Option<SessionLock>,
    /// What the store had when the turn began.
    earlier: Vec<SessionTurn>,
}

impl Seat {
    pub(crate) fn new(store: Arc<dyn SessionStore>, session: Str) -> Self {
        Self {
            store,
            session,
            waits: false,
            lock: None,
            earlier: Vec::new(),
        }
    }

    /// Whether it waits until another turn of the session has ended.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// Which turn of its session it is, once it has its place.
    pub(crate) fn number(&self) -> u32 {
        let last = self.earlier.last().map_or(0, |turn| turn.number);
        last.saturating_add(1)
    }

    /// Waits for the session and reads what was said in it, which takes this long at most.
    pub(crate) async fn take(
        &mut self,
        limit: Duration,
        turn: &Scope<Turn>,
    ) -> Result<&[SessionTurn], NoSeat> {
        if self.is_held() {
            return Err(NoSeat::Busy);
        }
        self.waits = true;
        let lock = self.lock(turn).await.map_err(NoSeat::Store)?;
        self.waits = false;
        self.lock = Some(lock);
        let earlier = within(limit, self.store.load(&self.session)).await;
        self.earlier = earlier.map_err(NoSeat::Store)?;
        Ok(&self.earlier)
    }

    async fn lock(&self, turn: &Scope<Turn>) -> Result<SessionLock, SessionError> {
        let mut locking = pin!(catch_panic(self.store.lock(&self.session)));
        let locked = match tokio::time::timeout(PATIENCE, locking.as_mut()).await {
            Ok(locked) => locked,
            Err(_elapsed) => {
                turn.progress(note("session_waiting", Attributes::new()));
                locking.await
            }
        };
        locked.unwrap_or_else(|_panicked| Err(panicked()))
    }

    /// Whether a turn around this one, in the same task, has the session.
    fn is_held(&self) -> bool {
        let held = HELD.try_with(Arc::clone).ok();
        let mut around = std::iter::successors(held.as_ref(), |held| held.outer.as_ref());
        around.any(|held| held.store == self.place() && held.session == self.session)
    }

    fn place(&self) -> usize {
        Arc::as_ptr(&self.store).addr()
    }

    /// Works while it has the session.
    pub(crate) async fn held<T, E: From<SessionError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(lock) = &self.lock else {
            return work.await;
        };
        let held = Held {
            store: self.place(),
            session: self.session.clone(),
            outer: HELD.try_with(Arc::clone).ok(),
        };
        let work = pin!(HELD.scope(Arc::new(held), work));
        let keeping = pin!(catch_panic(self.store.keep(lock)));
        match select(work, keeping).await {
            Either::Left((done, _)) => done,
            Either::Right((lost, _)) => {
                let lost = lost.unwrap_or_else(|_panicked| panicked());
                Err(lost.into())
            }
        }
    }

    /// Remembers what was said, which takes this long at most, and gives the session up: free when it
    /// returns, so that a process may end then.
    pub(crate) async fn remember(
        mut self,
        limit: Duration,
        turn: &Scope<Turn>,
        said: &[Message],
    ) -> Result<(), SessionError> {
        let remembered = self.add(limit, turn, said).await;
        if let Some(lock) = self.lock.take() {
            let freeing = async {
                self.store.free(lock).await;
                Ok(())
            };
            // Not done in time, it is done by the lock's end.
            let _in_time = within(limit, freeing).await.is_ok();
        }
        remembered
    }

    async fn add(
        &self,
        limit: Duration,
        turn: &Scope<Turn>,
        said: &[Message],
    ) -> Result<(), SessionError> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        let said = whole(said);
        if said.is_empty() {
            return Ok(());
        }
        let bounds = self.store.bounds();
        let remembered = match bounded(&bounds, self.number(), said) {
            Some(new) => {
                let forgotten = bounds.excess(&self.earlier, &new);
                let appending = self.store.append(lock, new, forgotten);
                within(limit, appending).await
            }
            None => Err(SessionError::TooLarge),
        };
        if let Err(why) = &remembered {
            let mut attributes = Attributes::new();
            attributes.set("error.type", Str::Static(why.kind()));
            turn.progress(note("not_remembered", attributes));
        }
        remembered
    }
}

/// The turn as it fits into a session: with results named instead of shown where they are too large,
/// and if it is too large even so, with what was asked and answered only.
fn bounded(bounds: &SessionBounds, number: u32, said: Vec<Message>) -> Option<SessionTurn> {
    let turn = |said: &[Message]| SessionTurn::new(number, said);
    let fits = |turn: &SessionTurn| bounds.hold(turn.tokens, turn.bytes);
    let all = turn(&said);
    if fits(&all) {
        return Some(all);
    }
    let mut shown = Conversation::new(said);
    for most in [bounds.session_tokens / 2, 0] {
        let _named = shown.fit(most, "limit");
        let shorter = turn(shown.own());
        if fits(&shorter) {
            return Some(shorter);
        }
    }
    let asked = shown.own().iter();
    let asked = asked.take_while(|message| matches!(message, Message::User(_)));
    let answer = shown.own().last().filter(
        |last| matches!(last, Message::Assistant(said) if said.tool_calls().next().is_none()),
    );
    let ends: Vec<Message> = asked.chain(answer).cloned().collect();
    Some(turn(&ends)).filter(fits)
}

/// What a store does in this time.
async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    match tokio::time::timeout(limit, catch_panic(doing)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_panicked)) => Err(panicked()),
        Err(_elapsed) => Err(SessionError::unavailable(format!(
            "no answer within {limit:?}"
        ))),
    }
}

fn panicked() -> SessionError {
    SessionError::unavailable("the store panicked")
}

fn note(note: &'static str, attributes: Attributes) -> kaos_hooks::Progress {
    let note = Str::Static(note);
    kaos_hooks::Progress { note, attributes }
}
