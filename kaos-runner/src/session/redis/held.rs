//! A turn's place at a session in Redis, and how it is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::connection::Connection;
use super::scripts::Scripts;
use crate::SessionError;

/// A turn that waits for a session, or has it. Dropped, it gives up its place, as well as it can: where
/// nothing runs any more, the lease does.
pub(super) struct Held {
    /// What tells the turn from others.
    token: String,
    /// The lock's value: token and number.
    value: String,
    /// The lock's key, and those of who waits.
    keys: [String; 3],
    connection: Arc<Connection>,
    scripts: Arc<Scripts>,
    leaving: Leaving,
    freed: AtomicBool,
}

impl Held {
    /// One that waits.
    pub(super) fn new(
        token: String,
        keys: [String; 3],
        connection: Arc<Connection>,
        scripts: Arc<Scripts>,
        leaving: Leaving,
    ) -> Self {
        Self {
            token,
            value: String::new(),
            keys,
            connection,
            scripts,
            leaving,
            freed: AtomicBool::new(false),
        }
    }

    /// It has the session, under this number.
    pub(super) fn has(&mut self, fence: u64) {
        self.value = format!("{}:{fence}", self.token);
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    pub(super) fn keys(&self) -> &[String; 3] {
        &self.keys
    }

    pub(super) fn lock_key(&self) -> &str {
        let [lock, ..] = &self.keys;
        lock
    }

    /// Gives it up, and is done when the server knows.
    pub(super) async fn free(&self) {
        self.give_up().await;
        self.freed.store(true, Ordering::Relaxed);
    }

    /// Failing, it leaves the lock to its lease.
    fn give_up(&self) -> impl Future<Output = ()> + Send + 'static {
        let (connection, scripts) = (Arc::clone(&self.connection), Arc::clone(&self.scripts));
        let (keys, value, token) = (self.keys.clone(), self.value.clone(), self.token.clone());
        async move {
            let mut release = scripts.release.prepare_invoke();
            for key in keys {
                release.key(key);
            }
            let _left: Result<u64, SessionError> =
                connection.call(release.arg(value).arg(token)).await;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let (false, Ok(runtime)) = (*self.freed.get_mut(), runtime) else {
            return;
        };
        let (giving_up, one) = (self.give_up(), self.leaving.one());
        runtime.spawn(async move {
            let _one = one;
            giving_up.await;
        });
    }
}

/// How many places are being given up by nobody who waits for it.
#[derive(Clone, Default)]
pub(super) struct Leaving(Arc<watch::Sender<usize>>);

impl Leaving {
    fn one(&self) -> One {
        self.0.send_modify(|leaving| *leaving += 1);
        One(self.clone())
    }

    /// Waits until there is none.
    pub(super) async fn none(&self) {
        let mut leaving = self.0.subscribe();
        let _none = leaving.wait_for(|leaving| *leaving == 0).await.is_ok();
    }
}

/// One of them, until it is dropped.
struct One(Leaving);

impl Drop for One {
    fn drop(&mut self) {
        let Self(Leaving(all)) = self;
        all.send_modify(|leaving| *leaving -= 1);
    }
}
