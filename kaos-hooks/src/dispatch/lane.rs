mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kaos_events::{Event, Observer, PackedEvents, Run, Str};

use crate::dispatch::park::within;
use crate::dispatch::queue::{Bounds, Gathering, NotDone, Queue};
use crate::{AsyncHook, Hook, HookError, IntoHooks, LaneCounters, LaneStats, Registry, marker};
use worker::{UNFINISHED, Worker};

/// A bounded queue in front of an [`AsyncHook`], and the task that empties it.
///
/// When the queue is full the newest event is dropped and counted: emission never waits. The task
/// starts with the first run and belongs to the tokio runtime that run is on; without a runtime
/// every event is dropped and counted, and so is what still waits when the runtime ends.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use kaos_hooks::{AsyncHook, EventBuf, Hooks, Lane, Turn};
///
/// struct Post;
///
/// #[async_trait]
/// impl AsyncHook for Post {
///     async fn on_event(&mut self, event: EventBuf) {
///         // send event.to_line() somewhere
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let lane = Lane::new(Post);
/// let hooks = Hooks::new(lane.clone());
/// drop(hooks.turn(Turn::new("assistant")));
/// hooks.shutdown().await.expect("the lane empties");
/// let stats = lane.stats();
/// assert_eq!(stats.offered, stats.waiting + stats.delivered + stats.dropped + stats.failed);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Lane {
    shared: Arc<Shared>,
    flush_limit: Duration,
}

#[derive(Debug)]
struct Shared {
    name: Str,
    queue: Arc<Queue<PackedEvents>>,
    /// What the task will work on; `None` once it has started.
    parked: Mutex<Option<Worker>>,
    started: AtomicBool,
    finished: Arc<AtomicU64>,
}

/// When the last handle and observer are gone, the task does what waits, and ends.
impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Lane {
    /// How many events wait in a lane, unless set.
    pub const DEFAULT_CAPACITY: usize = 1024;

    /// How long [`force_flush`](Self::force_flush) and [`shutdown`](Self::shutdown) wait for the queue to empty, unless
    /// set.
    pub const FLUSH_LIMIT: Duration = Duration::from_secs(5);

    /// A lane for this hook, with room for [`Self::DEFAULT_CAPACITY`] events.
    pub fn new(hook: impl AsyncHook) -> Self {
        Self::with_capacity(hook, Self::DEFAULT_CAPACITY)
    }

    /// A lane for this hook, with room for this many events, at least one; what the hook has in its
    /// hands takes room, too.
    ///
    /// Too small, and a burst is cut short; too large, and a slow hook lags behind by that many
    /// events and holds their memory.
    pub fn with_capacity(hook: impl AsyncHook, capacity: usize) -> Self {
        let (queue, reader) = Queue::new(Bounds {
            items: capacity.max(1) as u64,
            bytes: usize::MAX,
            bytes_while_failing: usize::MAX,
            batch_items: 64,
            batch_bytes: 64 * 1024,
            gathering: Gathering {
                longest: Duration::ZERO,
                batch_wait: Duration::ZERO,
                linger: Duration::ZERO,
            },
        });
        let name = hook.name();
        let finished = Arc::new(AtomicU64::new(UNFINISHED));
        let worker = Worker {
            name: name.clone(),
            hook: Box::new(hook),
            finished: Arc::clone(&finished),
            reader,
        };
        let shared = Arc::new(Shared {
            name,
            queue,
            parked: Mutex::new(Some(worker)),
            started: AtomicBool::new(false),
            finished,
        });
        Self {
            shared,
            flush_limit: Self::FLUSH_LIMIT,
        }
    }

    /// How long [`force_flush`](Self::force_flush) and [`shutdown`](Self::shutdown) wait for the queue to empty. Default:
    /// [`Self::FLUSH_LIMIT`]. Clones made before keep theirs.
    #[must_use]
    pub const fn with_flush_limit(mut self, limit: Duration) -> Self {
        self.flush_limit = limit;
        self
    }

    /// What became of the events so far.
    pub fn stats(&self) -> LaneStats {
        self.counters().stats()
    }

    /// Reads the same statistics, without keeping the lane alive.
    pub fn counters(&self) -> LaneCounters {
        LaneCounters::of(Arc::clone(&self.shared.queue))
    }

    /// Waits until the hook was handed all events that came so far, and has flushed them.
    ///
    /// # Errors
    ///
    /// The hook's own; or the limit was reached, or the task ended before, with how many events that
    /// leaves.
    ///
    /// # Cancel safety
    ///
    /// When dropped, the task goes on all the same.
    pub async fn force_flush(&self) -> Result<(), HookError> {
        self.flush(false).await
    }

    /// As [`force_flush`](Self::force_flush), and what comes from now on is dropped and counted.
    /// Called more than once, the later calls do nothing.
    ///
    /// # Errors
    ///
    /// As [`force_flush`](Self::force_flush).
    ///
    /// # Cancel safety
    ///
    /// When dropped, the lane is closed all the same, and its task goes on until it is empty.
    pub async fn shutdown(&self) -> Result<(), HookError> {
        self.flush(true).await
    }

    /// Waits for the flush of all that came so far; with `last`, nothing comes after it.
    async fn flush(&self, last: bool) -> Result<(), HookError> {
        let shared = &self.shared;
        shared.start();
        // Asked for before the queue closes: so the task makes it before it ends.
        let flush = shared.queue.flush();
        if last {
            shared.queue.close();
        }
        match within(self.flush_limit, flush).await {
            Some(Ok(())) => Ok(()),
            Some(Err(NotDone::Failing(why))) => Err(HookError::new(why.to_string())),
            Some(Err(NotDone::Lost)) => {
                let finished = shared.finished.load(Ordering::Relaxed);
                if finished == shared.queue.account().dropped {
                    return Ok(()); // it was shut down, and nothing has come since
                }
                Err(self.undone("its task has ended"))
            }
            None => Err(self.undone(&format!("no answer within {:?}", self.flush_limit))),
        }
    }

    fn undone(&self, why: &str) -> HookError {
        let LaneStats {
            waiting, dropped, ..
        } = self.stats();
        HookError::new(format!(
            "{why}: {waiting} events still wait, {dropped} were dropped"
        ))
    }
}

/// A lane as part of a set, whose statistics have the lane's counters.
struct Registered(Lane);

#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for Lane {
    fn register(self, to: &mut Registry) {
        let counters = self.counters();
        to.lane(Arc::new(Registered(self)), counters);
    }
}

#[async_trait]
impl Hook for Registered {
    fn name(&self) -> Str {
        self.0.shared.name.clone()
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let shared = Arc::clone(&self.0.shared);
        shared.start();
        Some(Box::new(move |event: &Event<'_>| shared.offer(event)))
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.0.force_flush().await
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.0.shutdown().await
    }
}

impl Shared {
    /// Starts the task, if it has not started and there is a runtime to start it on.
    fn start(&self) {
        if self.started.load(Ordering::Relaxed) {
            return;
        }
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if parked.is_none() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::warn!(lane = %self.name, "no tokio runtime: the lane drops its events");
            return;
        };
        if let Some(worker) = parked.take() {
            self.started.store(true, Ordering::Relaxed);
            drop(runtime.spawn(worker.run()));
        }
    }

    fn offer(&self, event: &Event<'_>) {
        if self.started.load(Ordering::Relaxed) {
            self.queue.push(event);
        } else {
            self.queue.refuse();
        }
    }
}
