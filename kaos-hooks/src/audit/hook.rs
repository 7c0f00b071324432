use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_events::{Keeper, Observer, Run, Str};

use super::intake::Intake;
use super::own::Recovery;
use super::recorded::Recorded;
use super::{AuditBuilder, AuditError, AuditStats};
use crate::dispatch::park::within;
use crate::{Gate, GateError, Hook, HookError, IntoHooks, Registry, ToolRequest, Verdict, marker};

/// Writes every event into an audit trail: redacted, durable, chained, signed.
///
/// It observes and it gates. The record of a tool call is on the disk before the tool runs, and the
/// turn's end is before `turn()` returns. While the trail cannot be written, or the disk does not
/// answer, tools that change something are denied
/// ([`OnFailure::FailClosed`](super::OnFailure::FailClosed)). Every wait for the disk has a limit
/// ([`AuditBuilder::wait_limit`]), five seconds unless set.
///
/// Clones write into the same trail. When the last one is dropped, what waits is written and the
/// trail is sealed, for which dropping waits up to the limit; [`shutdown`](Self::shutdown) does it
/// without blocking a thread.
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
pub struct AuditHook(Arc<OpenTrail>);

struct OpenTrail {
    intake: Arc<Intake>,
    place: String,
    recoveries: Vec<Recovery>,
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

    pub(super) fn new(intake: Arc<Intake>, place: String, recoveries: Vec<Recovery>) -> Self {
        Self(Arc::new(OpenTrail {
            intake,
            place,
            recoveries,
        }))
    }

    /// What was found when the trail was opened: nothing, after a writer that closed it.
    pub fn recoveries(&self) -> &[Recovery] {
        &self.0.recoveries
    }

    /// What became of the events so far.
    pub fn stats(&self) -> AuditStats {
        self.0.intake.stats()
    }

    /// Waits until everything so far is on the disk.
    ///
    /// # Errors
    ///
    /// It cannot be written, some of it is lost and no gap record says so yet, or the disk takes
    /// longer than the limit.
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
    /// Records are lost, the seal cannot be written, or the disk takes longer than the limit.
    ///
    /// # Cancel safety
    ///
    /// The trail is closed all the same; call again to wait for it.
    pub async fn shutdown(&self) -> Result<(), HookError> {
        self.0.shutdown().await
    }

    /// Why nothing can be written at the moment: the disk's error, that it does not answer, or that
    /// the trail is shut down.
    pub fn failing(&self) -> Option<Arc<str>> {
        self.0.intake.failing()
    }
}

/// The part of an [`AuditHook`] that is registered; one value that observes and gates.
struct Registered(Arc<OpenTrail>);

#[async_trait]
impl Hook for Registered {
    fn name(&self) -> Str {
        Str::Static("audit")
    }

    /// Its writer reads the events from their packing.
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        None
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.0.force_flush().await
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.0.shutdown().await
    }
}

impl Registered {
    /// The same one in its observers and its gate.
    fn keeper(&self) -> Keeper {
        Keeper::of(&self.0)
    }
}

impl OpenTrail {
    async fn force_flush(&self) -> Result<(), HookError> {
        let safe = self.intake.all_safe().await;
        safe.map_err(|why| self.unwritten(&why.to_string()))
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.intake.close();
        let closed = self.intake.closed().await;
        let lost = self.intake.stats().lost;
        match closed {
            Some(()) if lost > 0 => Err(self.unwritten(&format!("{lost} records are lost"))),
            Some(()) => match self.intake.unsealed() {
                None => Ok(()),
                Some(why) => Err(self.unwritten(&format!("it ends without a seal: {why}"))),
            },
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

#[async_trait]
impl Gate for Registered {
    fn name(&self) -> Str {
        Str::Static("audit")
    }

    /// Allows the tool once its record, and those of the other gates' decisions, are on the disk.
    /// At the limit, as while writing fails, the policy decides.
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        let settled = call.settled().only(self.keeper());
        // Before the set gives up on its gates: a tool that only reads is not to be denied by that.
        let limit = self.0.intake.limit().min(call.limit / 10 * 9);
        let why = match within(limit, settled).await {
            Some(Ok(())) => return Ok(Verdict::Allow),
            Some(Err(why)) => why.to_string(),
            None => format!("its record is not on the disk after {limit:?}"),
        };
        Ok(if call.annotations.read_only {
            Verdict::Allow
        } else if self.0.intake.degrades() {
            self.0.intake.unrecorded_effect();
            Verdict::Allow
        } else {
            refusal(&why)
        })
    }
}

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for AuditHook {
    /// As a hook where it stands, and as the last gate of all.
    fn register(self, to: &mut Registry) {
        let both = Arc::new(Registered(self.0));
        let recorded = Recorded::new(Arc::clone(&both.0.intake), both.keeper());
        to.read_later(Arc::<Registered>::clone(&both), Arc::new(recorded));
        to.last_gate(both);
    }
}

impl Drop for OpenTrail {
    fn drop(&mut self) {
        self.intake.close();
        self.intake.wait_closed();
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
