use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

/// How long what was cancelled may take to end.
const LAST: Duration = Duration::from_secs(1);

/// How a server ends: no new work, then a time for what runs, then cancellation.
///
/// Clones are the same. What runs has a [`Running`] each; whoever waits for the end waits for these.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use kaos_runner::server::{Drain, Drained, Running};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let drain = Drain::new(Duration::from_secs(25));
/// let running: Running = drain.enter().expect("it serves");
/// drop(running);
/// let Drained { cancelled, .. } = drain.drain().await;
/// assert_eq!(cancelled, 0);
/// assert!(drain.enter().is_none(), "nothing new");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Drain(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: Duration,
    phase: watch::Sender<Phase>,
    running: watch::Sender<usize>,
    /// How much ran when it was cancelled.
    cancelled: OnceLock<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Phase {
    Serving,
    Draining,
    Cancelled,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// How much still ran when its time was up, and was cancelled.
    pub cancelled: usize,
}

/// Something that runs; it is over when this is dropped.
#[derive(Debug)]
pub struct Running(Drain);

impl Drain {
    /// How long a server waits for what runs unless told otherwise, in seconds: less than the 30 that
    /// Kubernetes gives a pod.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(25);

    /// With this time for what runs when it begins.
    pub fn new(limit: Duration) -> Self {
        Self(Arc::new(Shared {
            limit,
            phase: watch::Sender::new(Phase::Serving),
            running: watch::Sender::new(0),
            cancelled: OnceLock::new(),
        }))
    }

    /// Whether new work is taken.
    pub fn is_serving(&self) -> bool {
        *self.0.phase.borrow() == Phase::Serving
    }

    /// Begins something; `None` once nothing new is taken.
    pub fn enter(&self) -> Option<Running> {
        // Counted first: who looks at the count after the phase has changed misses nothing.
        self.0.running.send_modify(|running| *running += 1);
        let running = Running(self.clone());
        self.is_serving().then_some(running)
    }

    /// Takes nothing new, waits until nothing runs any more or the time is up, then cancels what is left
    /// and waits for that.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it takes nothing new all the same; call again.
    pub async fn drain(&self) -> Drained {
        self.raise(Phase::Draining);
        let ran_out = tokio::time::sleep(self.0.limit);
        tokio::select! {
            biased;
            () = self.idle() => {}
            () = self.cancelled() => {}
            () = ran_out => {}
        }
        let cancelled = self.cancel_now();
        // Who does not read that it was cancelled is not waited for.
        let _in_time = tokio::time::timeout(LAST, self.idle()).await.is_ok();
        Drained { cancelled }
    }

    /// Cancels what runs now, and takes nothing new.
    pub fn cancel(&self) {
        self.cancel_now();
    }

    /// As [`cancel`](Self::cancel); how much ran the first time. It is counted before anybody can know.
    fn cancel_now(&self) -> usize {
        let running = || *self.0.running.borrow();
        let cancelled = *self.0.cancelled.get_or_init(running);
        self.raise(Phase::Cancelled);
        cancelled
    }

    /// Waits until nothing new is taken any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    pub async fn ending(&self) {
        let mut phase = self.0.phase.subscribe();
        // The sender lives as long as this.
        let _seen = phase.wait_for(|phase| *phase != Phase::Serving).await;
    }

    /// Waits until what runs is to end at once.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    pub async fn cancelled(&self) {
        let mut phase = self.0.phase.subscribe();
        // The sender lives as long as this.
        let _seen = phase.wait_for(|phase| *phase == Phase::Cancelled).await;
    }

    async fn idle(&self) {
        let mut running = self.0.running.subscribe();
        let _seen = running.wait_for(|running| *running == 0).await;
    }

    fn raise(&self, to: Phase) {
        self.0.phase.send_if_modified(|phase| {
            let later = to > *phase;
            if later {
                *phase = to;
            }
            later
        });
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new(Self::DEFAULT_LIMIT)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.running.send_modify(|running| *running -= 1);
    }
}
