use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_events::{Body, Event, Observer, Ready, Run, Str};

use super::own::Recovery;
use super::queue::Queue;
use super::record::is_recorded;
use super::{AuditBuilder, AuditError, OnFailure};
use crate::{Gate, GateError, Hook, HookError, IntoHooks, Registry, ToolRequest, Verdict, marker};

/// How long [`Hook::force_flush`], [`Hook::shutdown`] and a turn's end wait for the disk.
const LIMIT: Duration = Duration::from_secs(5);

/// Writes every event into an audit trail: redacted, durable, chained, signed.
///
/// It observes and it gates. The record of a tool call is on the disk before the tool runs, and the
/// turn's end is before `turn()` returns. While the trail cannot be written, tools that change
/// something are denied ([`OnFailure::FailClosed`]).
///
/// Clones write into the same trail. When the last one is dropped, what waits is written and the
/// trail is sealed, for which dropping waits up to five seconds; [`shutdown`](Self::shutdown) does it without
/// blocking a thread.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AuditHook, Trail};
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-audit-doc-{}", std::process::id()));
/// let hooks = Hooks::new(AuditHook::open(&dir)?);
/// hooks.turn(Turn::new("assistant")).complete(TurnOutcome::default());
/// drop(hooks);
///
/// let report = Trail::open_read(&dir)?.verify()?;
/// assert!(report.is_intact());
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AuditHook(Arc<Open>);

struct Open {
    queue: Arc<Queue>,
    on_failure: OnFailure,
    place: String,
    recoveries: Vec<Recovery>,
}

/// What became of the events so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditStats {
    /// Events that are in the trail, on the disk.
    pub recorded: u64,
    /// Events that wait to be written.
    pub waiting: u64,
    /// How many bytes of memory they take.
    pub waiting_bytes: usize,
    /// The most they ever took: no more than 16 MiB, and what the runs emit between two calls of
    /// [`ready`](kaos_events::Scope::ready), of which each may emit so many events
    /// ([`with_unawaited_events`](kaos_events::Emitter::with_unawaited_events)) of about 100 bytes
    /// and their texts. While writing fails, runs do not wait, and it is 64 MiB; more is lost and
    /// counted.
    pub most_waiting_bytes: usize,
    /// Events that are in no trail: they came while nothing could be written and the queue was
    /// full, or after the shutdown. A gap record says so once something can be written.
    pub lost: u64,
    /// Tools that ran before their record was safe, under [`OnFailure::Degrade`].
    pub unrecorded_effects: u64,
}

impl AuditHook {
    /// Opens the trail in this directory, or makes one: unsigned, redacted, durable, fail-closed.
    ///
    /// # Errors
    ///
    /// The directory cannot be written, or another writer has the trail open.
    pub fn open(directory: impl Into<std::path::PathBuf>) -> Result<Self, AuditError> {
        Self::builder(directory).open()
    }

    /// A trail in this directory, with settings.
    pub fn builder(directory: impl Into<std::path::PathBuf>) -> AuditBuilder {
        AuditBuilder::new(directory.into())
    }

    pub(super) fn new(
        queue: Arc<Queue>,
        on_failure: OnFailure,
        place: String,
        recoveries: Vec<Recovery>,
    ) -> Self {
        Self(Arc::new(Open {
            queue,
            on_failure,
            place,
            recoveries,
        }))
    }

    /// What was found when the trail was opened: nothing, after a writer that ended in peace.
    pub fn recoveries(&self) -> &[Recovery] {
        &self.0.recoveries
    }

    /// What became of the events so far.
    pub fn stats(&self) -> AuditStats {
        self.0.queue.stats()
    }

    /// Waits until everything so far is on the disk.
    ///
    /// # Errors
    ///
    /// It cannot be written, or the disk takes longer than five seconds.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn force_flush(&self) -> Result<(), HookError> {
        self.0.force_flush().await
    }

    /// Writes what waits and seals the trail; what comes later is lost and counted.
    ///
    /// # Errors
    ///
    /// Records are lost, or the disk takes longer than five seconds.
    ///
    /// # Cancel safety
    ///
    /// The trail is closed all the same; call again to wait for it.
    pub async fn shutdown(&self) -> Result<(), HookError> {
        self.0.shutdown().await
    }

    /// Why nothing can be written at the moment.
    pub fn failing(&self) -> Option<Arc<str>> {
        self.0.queue.progress().failing
    }
}

/// The part of an [`AuditHook`] that is registered; one value that observes and gates.
struct Registered(Arc<Open>);

#[async_trait]
impl Hook for Registered {
    fn name(&self) -> Str {
        Str::Static("audit")
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(Recorded(Arc::clone(&self.0.queue))))
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.0.force_flush().await
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.0.shutdown().await
    }
}

impl Open {
    async fn force_flush(&self) -> Result<(), HookError> {
        let settled = within(LIMIT, self.queue.settled()).await;
        match settled.map(|progress| progress.failing) {
            Some(None) => Ok(()),
            Some(Some(why)) => Err(self.unwritten(&why)),
            None => Err(self.unwritten("the disk does not answer")),
        }
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.queue.close();
        let closed = within(LIMIT, self.queue.until_closed()).await;
        let lost = self.queue.stats().lost;
        match closed {
            Some(()) if lost == 0 => Ok(()),
            Some(()) => Err(self.unwritten(&format!("{lost} records are lost"))),
            None => Err(self.unwritten("the disk does not answer")),
        }
    }

    fn unwritten(&self, why: &str) -> HookError {
        HookError::new(format!("audit trail {}: {why}", self.place))
    }
}

/// What the model and the user are told about a tool that does not run.
fn refusal(why: &str) -> Verdict {
    Verdict::deny(format!(
        "the audit trail cannot be written ({why}), and tools that change something do not run \
         unrecorded"
    ))
}

/// `None` when it takes longer. Without a timer there is no limit.
async fn within<T>(limit: Duration, wait: impl Future<Output = T>) -> Option<T> {
    let mut wait = std::pin::pin!(wait);
    let timed = crate::catch_panic(async { tokio::time::timeout(limit, wait.as_mut()).await });
    match timed.await {
        Ok(done) => done.ok(),
        Err(_no_timer) => Some(wait.await),
    }
}

#[async_trait]
impl Gate for Registered {
    fn name(&self) -> Str {
        Str::Static("audit")
    }

    /// Allows the tool once its record, and those of the other gates' decisions, are on the disk.
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        let degrade = self.0.on_failure == OnFailure::Degrade;
        let settled = if degrade {
            within(LIMIT, self.0.queue.settled()).await
        } else {
            Some(self.0.queue.settled().await)
        };
        let why = match settled {
            Some(progress) if progress.closed => Some("it is shut down".into()),
            Some(progress) => progress.failing,
            None => Some("the disk does not answer".into()),
        };
        Ok(match why {
            None => Verdict::Allow,
            Some(_) if call.read_only => Verdict::Allow,
            Some(_) if degrade => {
                self.0.queue.unrecorded_effect();
                Verdict::Allow
            }
            Some(why) => refusal(&why),
        })
    }
}

impl IntoHooks<marker::Own> for AuditHook {
    /// As a hook where it stands, and as the last gate of all.
    fn register(self, to: &mut Registry) {
        let both = Arc::new(Registered(self.0));
        to.hook(Arc::<Registered>::clone(&both));
        to.last_gate(both);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.queue.close();
        self.queue.wait_closed(LIMIT);
    }
}

impl fmt::Debug for AuditHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditHook")
            .field("place", &self.0.place)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Hands the events of one run to the writer.
struct Recorded(Arc<Queue>);

impl Observer for Recorded {
    fn on_event(&mut self, event: &Event<'_>) {
        match event.body {
            Body::Value { value, .. } if !is_recorded(value) => {}
            _ => self.0.push(event),
        }
    }

    fn ready(&mut self) -> Option<Ready> {
        let queue = Arc::clone(&self.0);
        queue
            .is_behind()
            .then(|| Box::pin(async move { queue.caught_up().await }) as Ready)
    }

    fn settled(&mut self) -> Option<Ready> {
        let queue = Arc::clone(&self.0);
        Some(Box::pin(async move {
            if within(LIMIT, queue.settled()).await.is_none() {
                tracing::error!("the audit trail's disk does not answer: a turn ends unrecorded");
            }
        }))
    }
}
