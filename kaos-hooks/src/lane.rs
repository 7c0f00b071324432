use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kaos_events::{Event, EventBuf, Observer, Run, Str};
use tokio::sync::{mpsc, oneshot};

use crate::hook::short_type_name;
use crate::{Hook, HookError, MOST_PANICS, catch_panic};

/// A hook whose work waits: for a network, a disk, another service.
///
/// It lives in a [`Lane`], which feeds it the events of all runs, one at a time.
#[async_trait]
pub trait AsyncHook: Send + 'static {
    /// What it is called in statistics and warnings; its type's name unless given.
    fn name(&self) -> Str {
        Str::Static(short_type_name::<Self>())
    }

    /// Takes the next event.
    async fn on_event(&mut self, event: EventBuf);

    /// Hands on what is buffered.
    ///
    /// # Errors
    ///
    /// What could not be handed on, and why.
    async fn flush(&mut self) -> Result<(), HookError> {
        Ok(())
    }
}

/// A bounded queue in front of an [`AsyncHook`], and the task that empties it.
///
/// When the queue is full the newest event is dropped and counted: emission never waits. The task
/// starts with the first run and belongs to the tokio runtime that run is on; without a runtime
/// every event is dropped and counted.
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
/// assert_eq!(stats.offered, stats.delivered + stats.dropped + stats.failed);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Lane(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: Str,
    sender: mpsc::Sender<Message>,
    counters: LaneCounters,
    /// What the task will work on; `None` once it has started.
    parked: Mutex<Option<Worker>>,
    closed: AtomicBool,
}

struct Worker {
    hook: Box<dyn AsyncHook>,
    receiver: mpsc::Receiver<Message>,
}

enum Message {
    Event(Box<EventBuf>),
    Flush {
        last: bool,
        done: oneshot::Sender<Result<(), HookError>>,
    },
}

/// What became of the events that a lane was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneStats {
    /// Events that came.
    pub offered: u64,
    /// Events the hook took.
    pub delivered: u64,
    /// Events dropped: the queue was full or closed, or there was no runtime.
    pub dropped: u64,
    /// Events the hook panicked on.
    pub failed: u64,
}

/// Reads what became of a lane's events, without keeping the lane alive.
#[derive(Debug, Clone, Default)]
pub struct LaneCounters(Arc<Counters>);

impl LaneCounters {
    /// What became of the events so far.
    pub fn stats(&self) -> LaneStats {
        let counters = &self.0;
        LaneStats {
            offered: counters.offered.load(Ordering::Relaxed),
            delivered: counters.delivered.load(Ordering::Relaxed),
            dropped: counters.dropped.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
        }
    }

    /// Whether the lane is gone.
    pub(crate) fn is_over(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

#[derive(Debug, Default)]
struct Counters {
    offered: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Lane {
    /// How many events wait in a lane, unless set.
    pub const DEFAULT_CAPACITY: usize = 1024;

    /// How long [`Hook::force_flush`] and [`Hook::shutdown`] wait for the queue to empty.
    pub const FLUSH_LIMIT: Duration = Duration::from_secs(5);

    /// A lane for this hook, with room for [`Self::DEFAULT_CAPACITY`] events.
    pub fn new(hook: impl AsyncHook) -> Self {
        Self::with_capacity(hook, Self::DEFAULT_CAPACITY)
    }

    /// A lane for this hook, with room for this many events, at least one.
    ///
    /// Too small, and a burst is cut short; too large, and a slow hook lags behind by that many
    /// events and holds their memory.
    pub fn with_capacity(hook: impl AsyncHook, capacity: usize) -> Self {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let name = hook.name();
        let parked = Mutex::new(Some(Worker {
            hook: Box::new(hook),
            receiver,
        }));
        let (counters, closed) = (LaneCounters::default(), AtomicBool::new(false));
        Self(Arc::new(Shared {
            name,
            sender,
            counters,
            parked,
            closed,
        }))
    }

    /// What became of the events so far.
    pub fn stats(&self) -> LaneStats {
        self.0.counters.stats()
    }

    /// Starts the task, if it has not started and there is a runtime to start it on.
    fn start(&self) {
        let mut parked = self.0.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if parked.is_none() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::warn!(lane = %self.0.name, "no tokio runtime: the lane drops its events");
            return;
        };
        if let Some(worker) = parked.take() {
            // The task ends when the lane's last handle, and with it the last sender, is gone.
            let lane = Arc::downgrade(&self.0);
            drop(runtime.spawn(worker.run(lane)));
        }
    }

    async fn flush(&self, last: bool) -> Result<(), HookError> {
        if self.0.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.start();
        let (done, flushed) = oneshot::channel();
        let limit = Self::FLUSH_LIMIT;
        let flush = async {
            if self
                .0
                .sender
                .send(Message::Flush { last, done })
                .await
                .is_err()
            {
                return Ok(());
            }
            flushed.await.unwrap_or(Ok(()))
        };
        let outcome = tokio::time::timeout(limit, flush)
            .await
            .unwrap_or_else(|_elapsed| {
                let stats = self.stats();
                let waiting = stats.offered - stats.delivered - stats.dropped - stats.failed;
                Err(HookError::new(format!(
                    "{waiting} events still wait after {limit:?}"
                )))
            });
        if last {
            self.0.closed.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

#[async_trait]
impl Hook for Lane {
    fn name(&self) -> Str {
        self.0.name.clone()
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        self.start();
        let lane = self.clone();
        Some(Box::new(move |event: &Event<'_>| lane.0.offer(event)))
    }

    fn lane(&self) -> Option<LaneCounters> {
        Some(self.0.counters.clone())
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.flush(false).await
    }

    async fn shutdown(&self) -> Result<(), HookError> {
        self.flush(true).await
    }
}

impl Shared {
    fn offer(&self, event: &Event<'_>) {
        self.counters.0.offered.fetch_add(1, Ordering::Relaxed);
        // A place first: an event that finds none is not even copied.
        match self.sender.try_reserve() {
            Ok(place) if !self.closed.load(Ordering::Relaxed) => {
                place.send(Message::Event(Box::new(event.to_buf())));
            }
            _ => {
                self.counters.0.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Worker {
    async fn run(mut self, lane: std::sync::Weak<Shared>) {
        let mut panics = 0;
        while let Some(message) = self.receiver.recv().await {
            let Some(lane) = lane.upgrade() else { return };
            match message {
                Message::Event(_) if panics >= MOST_PANICS => {
                    lane.counters.0.dropped.fetch_add(1, Ordering::Relaxed);
                }
                Message::Event(event) => match catch_panic(self.hook.on_event(*event)).await {
                    Ok(()) => {
                        lane.counters.0.delivered.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(_panicked) => {
                        panics += 1;
                        lane.counters.0.failed.fetch_add(1, Ordering::Relaxed);
                        if panics == 1 {
                            tracing::warn!(lane = %lane.name, "the hook in a lane panicked");
                        }
                    }
                },
                Message::Flush { last, done } => {
                    let flushed = catch_panic(self.hook.flush())
                        .await
                        .unwrap_or_else(|panicked| {
                            Err(HookError::new("the hook panicked while flushing")
                                .caused_by(panicked))
                        });
                    // Whoever asked may have stopped waiting.
                    drop(done.send(flushed));
                    if last {
                        return;
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
