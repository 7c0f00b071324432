//! A bounded queue with an exact account, and its two ends.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use kaos_hooks::catch_panic;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::stats::{Counters, add};
use crate::notice;

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchSettings {
    /// How many items wait at most.
    pub(crate) queue: usize,
    /// How many items a batch has at most.
    pub(crate) batch: usize,
    /// How long an item waits at most for its batch to fill.
    pub(crate) delay: Duration,
}

/// What is sent, how long that may take, and what to tell the user when it fails.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// `spans`, `metrics` or `log records`.
    pub(crate) what: &'static str,
    /// How long one batch may take.
    pub(crate) limit: Duration,
    /// What to do when nothing arrives.
    pub(crate) advice: String,
}

/// What waits to be exported, and who waits for it.
pub(crate) struct Lane<T> {
    state: Mutex<State<T>>,
    wake: Notify,
    /// When to stop, once somebody asked to.
    deadline: watch::Sender<Option<Instant>>,
    pub(super) counters: Arc<Counters>,
    settings: BatchSettings,
    sending: Sending,
    said: AtomicBool,
}

struct State<T> {
    items: Vec<T>,
    closed: bool,
    finished: bool,
    /// Who waits for the lane to be empty.
    waiting: Vec<mpsc::SyncSender<()>>,
}

/// What the exporting end finds.
pub(super) struct Taken<T> {
    pub(super) batch: Vec<T>,
    closed: bool,
    /// Who waits for the lane to be empty, when it is.
    waiting: Vec<mpsc::SyncSender<()>>,
}

impl<T> Lane<T> {
    pub(crate) fn new(settings: BatchSettings, sending: Sending) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                items: Vec::new(),
                closed: false,
                finished: false,
                waiting: Vec::new(),
            }),
            wake: Notify::new(),
            deadline: watch::Sender::new(None),
            counters: Arc::default(),
            settings,
            sending,
            said: AtomicBool::new(false),
        })
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // --- the caller's end -----------------------------------------------------------------------

    /// Never waits: takes a short lock, and wakes the thread when a batch is full.
    pub(super) fn offer(&self, item: T) {
        add(&self.counters.offered, 1);
        let mut state = self.lock();
        if state.closed || state.items.len() >= self.settings.queue {
            drop(state);
            return add(&self.counters.dropped, 1);
        }
        state.items.push(item);
        let full = state.items.len() == self.settings.batch;
        drop(state);
        if full {
            self.wake.notify_one();
        }
    }

    /// Takes nothing more, and has what it holds sent within `limit`. Does not wait for that.
    pub(crate) fn close(&self, limit: Duration) {
        self.deadline.send_if_modified(|deadline| {
            let first = deadline.is_none();
            *deadline = deadline.or(Some(Instant::now() + limit));
            first
        });
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// [Closes](Self::close), and waits until all is sent or the time is up.
    pub(crate) fn shut_down(&self, limit: Duration) -> OTelSdkResult {
        self.close(limit);
        let until = self.deadline.borrow().unwrap_or_else(Instant::now);
        self.wait(until.saturating_duration_since(Instant::now()))
    }

    /// Waits until all is sent, at most this long.
    pub(crate) fn flush(&self, limit: Duration) -> OTelSdkResult {
        if self.lock().closed {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.wait(limit)
    }

    fn wait(&self, limit: Duration) -> OTelSdkResult {
        let (done, emptied) = mpsc::sync_channel(1);
        {
            let mut state = self.lock();
            if state.finished {
                return Ok(());
            }
            state.waiting.push(done);
        }
        self.wake.notify_one();
        // The thread keeps the deadline itself; the grace is for one that is blocked by its
        // exporter.
        let grace = Duration::from_millis(500);
        match emptied.recv_timeout(limit + grace) {
            Ok(()) => Ok(()),
            Err(_) => Err(OTelSdkError::Timeout(limit)),
        }
    }

    // --- the exporter's end ---------------------------------------------------------------------

    /// Completes when there is something to do, at the latest after `delay`.
    pub(super) async fn woken(&self, delay: Duration) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }

    /// The next batch, or none and the ones who wait for that.
    pub(super) fn take(&self) -> Taken<T> {
        let mut state = self.lock();
        let size = state.items.len().min(self.settings.batch);
        let batch: Vec<T> = state.items.drain(..size).collect();
        let waiting = if batch.is_empty() {
            std::mem::take(&mut state.waiting)
        } else {
            Vec::new()
        };
        Taken {
            batch,
            closed: state.closed,
            waiting,
        }
    }

    /// Tells the ones who waited; whether this was the end.
    pub(super) fn settle(&self, taken: Taken<T>) -> bool {
        let mut waiting = taken.waiting;
        if taken.closed {
            let mut state = self.lock();
            state.finished = true;
            waiting.append(&mut state.waiting);
        }
        for waiter in waiting {
            // Whoever waited may have given up.
            let _sent: Result<(), _> = waiter.send(());
        }
        taken.closed
    }

    /// Sends one batch of so many, and counts what became of it. Drops what is left when the time
    /// for shutdown is up.
    pub(super) async fn send(&self, count: usize, export: impl Future<Output = OTelSdkResult>) {
        let mut deadline = self.deadline.subscribe();
        let limit = self.sending.limit;
        let sent = tokio::select! {
            sent = tokio::time::timeout(limit, catch_panic(export)) => match sent {
                Ok(Ok(Ok(()))) => Ok(()),
                Ok(Ok(Err(error))) => Err(error.to_string()),
                Ok(Err(panicked)) => Err(format!("the exporter {panicked}")),
                Err(_) => Err(format!("no answer within {limit:?}")),
            },
            () = passed(&mut deadline) => Err("the time for shutdown was up".to_owned()),
        };
        match sent {
            Ok(()) => add(&self.counters.exported, count),
            Err(why) => {
                add(&self.counters.failed, count);
                self.say_once(&why);
            }
        }
        if deadline.borrow().is_some_and(|at| at <= Instant::now()) {
            let left = std::mem::take(&mut self.lock().items);
            add(&self.counters.dropped, left.len());
        }
    }

    fn say_once(&self, why: &str) {
        let Sending { what, advice, .. } = &self.sending;
        if !self.said.swap(true, Ordering::Relaxed) {
            notice::say(&format!("{what} could not be exported: {why}. {advice}"));
        }
    }

    /// Sends batches until the lane is closed and empty, or time is up.
    pub(super) async fn run(&self, mut export: impl AsyncFnMut(Vec<T>) -> OTelSdkResult) {
        loop {
            self.woken(self.settings.delay).await;
            loop {
                let mut taken = self.take();
                if taken.batch.is_empty() {
                    if self.settle(taken) {
                        return;
                    }
                    break;
                }
                let batch = std::mem::take(&mut taken.batch);
                self.send(batch.len(), export(batch)).await;
            }
        }
    }
}

/// Completes when a deadline has been set and has passed.
async fn passed(deadline: &mut watch::Receiver<Option<Instant>>) {
    match deadline.wait_for(Option::is_some).await.map(|at| *at) {
        Ok(Some(at)) => tokio::time::sleep_until(at).await,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

impl<T> std::fmt::Debug for Lane<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("sending", &self.sending)
            .field("settings", &self.settings)
            .field("stats", &self.counters.read())
            .finish_non_exhaustive()
    }
}
