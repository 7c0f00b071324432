//! A bounded queue with an exact account, and its two ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaos_hooks::catch_panic;
use kaos_hooks::park::{block_within, this_task, woken};
use kaos_hooks::queue::{Bounds, Gathering, Goal, Next, NotDone, Queue, Reader, Taken};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::sync::watch;
use tokio::time::Instant;

use super::exporter::{Exporter, Receipt};
use super::loss_reports::LossReports;
use crate::{ExportStats, notice};

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchSettings {
    /// How many items wait at most, besides a batch that is being sent.
    pub(crate) queue: usize,
    /// How many items a batch has at most.
    pub(crate) batch: usize,
    /// How long an item waits at most for its batch to fill.
    pub(crate) delay: Duration,
}

/// The exporting end of a lane: runs until the lane is closed and empty.
pub(crate) type Export = Pin<Box<dyn Future<Output = ()>>>;

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
pub(crate) struct Lane<T: Send + 'static> {
    queue: Arc<Queue<Vec<T>>>,
    /// Until the exporting end takes it.
    reader: Mutex<Option<Reader<Vec<T>>>>,
    /// When to stop, once somebody asked to.
    deadline: watch::Sender<Option<Instant>>,
    sending: Sending,
    loss_reports: Mutex<LossReports>,
}

impl<T: Send + 'static> Lane<T> {
    pub(crate) fn new(settings: BatchSettings, sending: Sending) -> Arc<Self> {
        let BatchSettings {
            queue,
            batch,
            delay,
        } = settings;
        let (queue, reader) = Queue::new(Bounds {
            items: queue.saturating_add(batch) as u64,
            bytes: usize::MAX,
            bytes_while_failing: usize::MAX,
            batch_items: batch as u64,
            batch_bytes: usize::MAX,
            gathering: Gathering {
                longest: delay,
                batch_wait: Duration::ZERO,
                linger: Duration::ZERO,
            },
        });
        Arc::new(Self {
            queue,
            reader: Mutex::new(Some(reader)),
            deadline: watch::Sender::new(None),
            sending,
            loss_reports: Mutex::default(),
        })
    }

    /// What became of all so far.
    pub(crate) fn stats(&self) -> ExportStats {
        self.queue.account().into()
    }

    // --- the caller's end -----------------------------------------------------------------------

    /// Never waits: takes a short lock, and wakes the thread when a batch is full.
    pub(super) fn offer(&self, item: T) {
        self.queue.push(item);
    }

    /// Takes nothing more, and has what it holds sent within `limit`. Does not wait for that.
    pub(crate) fn close(&self, limit: Duration) {
        self.deadline.send_if_modified(|deadline| {
            let first = deadline.is_none();
            *deadline = deadline.or(Some(Instant::now() + limit));
            first
        });
        self.queue.close();
    }

    /// [Closes](Self::close), and waits until all is sent or the time is up. An error also when
    /// something was lost meanwhile.
    pub(crate) fn shut_down(&self, limit: Duration) -> OTelSdkResult {
        let before = self.stats().lost();
        self.close(limit);
        let until = self.deadline.borrow().unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now());
        let ended = wait(left, self.queue.wait(Goal::Ended));
        if ended.is_err() {
            // An exporter blocks the thread: what it has not got is lost, and it never gets it.
            self.queue.give_up();
        }
        ended.and(self.nothing_lost_since(before))
    }

    /// Waits until all is sent, at most this long. An error also when something was lost meanwhile.
    pub(crate) fn flush(&self, limit: Duration) -> OTelSdkResult {
        if self.deadline.borrow().is_some() {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        let before = self.stats().lost();
        wait(limit, self.queue.flush())?;
        self.nothing_lost_since(before)
    }

    fn nothing_lost_since(&self, before: u64) -> OTelSdkResult {
        let lost = self.stats().lost() - before;
        if lost == 0 {
            return Ok(());
        }
        let what = self.sending.what;
        let loss_reports = self
            .loss_reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let why = loss_reports
            .last_reason()
            .unwrap_or("there was no room for them");
        Err(OTelSdkError::InternalFailure(format!(
            "{lost} {what} were lost: {why}"
        )))
    }

    // --- the exporter's end ---------------------------------------------------------------------

    /// The one exporting end; dropping it ends the lane, and counts what is left.
    pub(super) fn reader(&self) -> Option<Reader<Vec<T>>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.take()
    }

    /// Sends a batch in its parts, and accounts for each as it goes.
    pub(super) async fn send<B, E: Exporter<B>>(
        &self,
        exporter: &E,
        batch: B,
        mut taken: Taken<'_, Vec<T>>,
    ) {
        for (items, part) in exporter.parts(batch) {
            let lost = match self.attempt(exporter.send(part)).await {
                Ok(Receipt { rejected, message }) => {
                    let rejected = rejected.min(items);
                    if rejected > 0 || !message.is_empty() {
                        self.tell(rejected, &partial(rejected, items, &message));
                    }
                    rejected
                }
                Err(why) => {
                    self.tell(items, &why);
                    items
                }
            };
            if items == taken.left() && lost == 0 {
                return taken.all_done(std::time::Instant::now());
            }
            for _ in 0..lost {
                taken.one_failed();
            }
            for _ in lost..items {
                taken.one_done();
            }
        }
        // All parts together are the batch: nothing is left.
        taken.all_failed();
    }

    async fn attempt(
        &self,
        export: impl Future<Output = Result<Receipt, String>>,
    ) -> Result<Receipt, String> {
        let mut deadline = self.deadline.subscribe();
        let limit = self.sending.limit;
        tokio::select! {
            sent = tokio::time::timeout(limit, catch_panic(export)) => match sent {
                Ok(Ok(answered)) => answered,
                Ok(Err(panicked)) => Err(format!("the exporter {panicked}")),
                Err(_) => Err(format!("no answer within {limit:?}")),
            },
            () = passed(&mut deadline) => Err("the time for shutdown was up".to_owned()),
        }
    }

    /// Whether the time for shutdown is up.
    pub(super) fn is_late(&self) -> bool {
        self.deadline
            .borrow()
            .is_some_and(|at| at <= Instant::now())
    }

    /// Tells the user, at a bounded rate.
    fn tell(&self, lost: u64, why: &str) {
        let mut loss_reports = self
            .loss_reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = loss_reports.is_due(lost, why, std::time::Instant::now());
        drop(loss_reports);
        if let Some(lost) = due {
            let Sending { what, advice, .. } = &self.sending;
            let lost = match lost {
                0 => (*what).to_owned(),
                lost => format!("{lost} {what} could not be exported"),
            };
            notice::say(format!("{lost}: {why}. {advice}").trim_end());
        }
    }

    /// Sends batches until the lane is closed and empty, or time is up.
    pub(super) async fn run(&self, exporter: impl Exporter<Vec<T>>) {
        let Some(mut reader) = self.reader() else {
            return;
        };
        while !self.is_late() {
            let waker = this_task().await;
            match reader.next(&waker, std::time::Instant::now()) {
                Next::Wait(patience) => idle(patience).await,
                Next::Batch(mut taken) => {
                    let batch = taken.take().unwrap_or_default();
                    self.send(&exporter, batch, taken).await;
                }
                Next::Flush(flush) => flush.made(Ok(())),
                Next::Closed => return,
            }
        }
    }
}

/// Waits until woken, or for so long.
pub(super) async fn idle(patience: Option<Duration>) {
    match patience {
        Some(patience) => tokio::select! {
            () = woken() => {}
            () = tokio::time::sleep(patience) => {}
        },
        None => woken().await,
    }
}

fn wait(limit: Duration, done: impl Future<Output = Result<(), NotDone>>) -> OTelSdkResult {
    // The thread keeps the deadline itself; the grace is for one that is blocked by its exporter.
    let grace = Duration::from_millis(500);
    match block_within(limit + grace, done) {
        Some(Ok(())) => Ok(()),
        Some(Err(NotDone::Failing(why))) => Err(OTelSdkError::InternalFailure(why.to_string())),
        Some(Err(NotDone::Lost)) => Err(OTelSdkError::InternalFailure(
            "the thread that exports has ended".to_owned(),
        )),
        None => Err(OTelSdkError::Timeout(limit)),
    }
}

/// What a receiver said that took only a part.
fn partial(rejected: u64, of: u64, message: &str) -> String {
    match (rejected, message) {
        (0, message) => format!("the receiver took them, and says: {message}"),
        (rejected, "") => format!("the receiver rejected {rejected} of {of}"),
        (rejected, message) => format!("the receiver rejected {rejected} of {of}: {message}"),
    }
}

/// Completes when a deadline has been set and has passed.
async fn passed(deadline: &mut watch::Receiver<Option<Instant>>) {
    match deadline.wait_for(Option::is_some).await.map(|at| *at) {
        Ok(Some(at)) => tokio::time::sleep_until(at).await,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

impl<T: Send + 'static> std::fmt::Debug for Lane<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("sending", &self.sending)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
