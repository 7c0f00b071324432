use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kaos_events::{Event, Observer, PackedEvents, Run, Str};

use crate::dispatch::park::{this_task, within, woken};
use crate::dispatch::queue::{Bounds, Gathering, Next, NotDone, Queue, Reader};
use crate::{AsyncHook, Hook, HookError, LaneCounters, LaneStats, MOST_PANICS, catch_panic};

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

/// Of a task that has not ended in peace.
const UNFINISHED: u64 = u64::MAX;

/// When the last handle and observer are gone, the task does what waits, and ends.
impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

struct Worker {
    name: Str,
    hook: Box<dyn AsyncHook>,
    /// When it has ended in peace, how many events had been dropped by then.
    finished: Arc<AtomicU64>,
    reader: Reader<PackedEvents>,
}

impl Lane {
    /// How many events wait in a lane, unless set.
    pub const DEFAULT_CAPACITY: usize = 1024;

    /// How long [`Hook::force_flush`] and [`Hook::shutdown`] wait for the queue to empty, unless
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
                company: Duration::ZERO,
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

    /// How long [`Hook::force_flush`] and [`Hook::shutdown`] wait for the queue to empty. Default:
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

    fn counters(&self) -> LaneCounters {
        LaneCounters::of(Arc::clone(&self.shared.queue))
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

#[async_trait]
impl Hook for Lane {
    fn name(&self) -> Str {
        self.shared.name.clone()
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        self.shared.start();
        let shared = Arc::clone(&self.shared);
        Some(Box::new(move |event: &Event<'_>| shared.offer(event)))
    }

    fn lane(&self) -> Option<LaneCounters> {
        Some(self.counters())
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.flush(false).await
    }

    /// What comes from now on is dropped and counted; what waits is still handed to the hook.
    async fn shutdown(&self) -> Result<(), HookError> {
        self.flush(true).await
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

impl Worker {
    /// Works until the queue is closed and empty. Wherever this is dropped, its reader accounts for
    /// what is left.
    async fn run(mut self) {
        let mut panics = 0;
        loop {
            let waker = this_task().await;
            match self.reader.next(&waker, Instant::now()) {
                Next::Wait(_) => woken().await,
                Next::Batch(mut taken) => {
                    let events = taken.take().unwrap_or_default();
                    for event in events.iter() {
                        if panics >= MOST_PANICS {
                            taken.one_dropped();
                            continue;
                        }
                        if catch_panic(self.hook.on_event(event)).await.is_ok() {
                            taken.one_done();
                            continue;
                        }
                        taken.one_failed();
                        panics += 1;
                        if panics == 1 {
                            tracing::warn!(lane = %self.name, "the hook in a lane panicked");
                        }
                    }
                    taken.give_back(events);
                }
                Next::Flush(flush) => {
                    let flushed = catch_panic(self.hook.flush()).await;
                    let flushed = flushed.unwrap_or_else(|panicked| {
                        Err(HookError::new("the hook panicked while flushing").caused_by(panicked))
                    });
                    flush.made(flushed.map_err(|error| error.to_string()));
                }
                Next::Closed => break,
            }
        }
        let dropped = self.reader.queue().account().dropped;
        self.finished.store(dropped, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
