//! A span processor that sends batches from a thread of its own, and accounts for every span.
//!
//! The SDK's batch processor drops spans without counting them, reports a successful flush after a
//! failed export, and dies silently with a panicking exporter. This one has a tokio runtime of its
//! own, so an exporter that needs one works under any runtime flavour, or without any.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use kaos_hooks::catch_panic;
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::notice;

/// What became of the spans of one telemetry start-up.
///
/// `offered = exported + failed + dropped + waiting`, where nothing waits after shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportStats {
    /// Sampled spans that ended.
    pub offered: u64,
    /// Spans the receiver accepted.
    pub exported: u64,
    /// Spans of batches that could not be sent.
    pub failed: u64,
    /// Spans that found the queue full or closed, or were left when the time for shutdown was up.
    pub dropped: u64,
}

impl ExportStats {
    /// Spans that no receiver has.
    pub const fn lost(&self) -> u64 {
        self.failed + self.dropped
    }
}

impl fmt::Display for ExportStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exported {} spans, lost {}", self.exported, self.lost())
    }
}

/// How batches are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSettings {
    /// How many spans wait at most.
    pub(crate) queue: usize,
    /// How many spans a batch has at most.
    pub(crate) batch: usize,
    /// How long a span waits at most for its batch to fill.
    pub(crate) delay: Duration,
}

impl Default for BatchSettings {
    /// The defaults of the OpenTelemetry specification (1.59) for the batching processor.
    fn default() -> Self {
        Self {
            queue: 2048,
            batch: 512,
            delay: Duration::from_secs(5),
        }
    }
}

/// The counters of a processor; they outlive it.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    offered: AtomicU64,
    exported: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> ExportStats {
        ExportStats {
            offered: self.offered.load(Ordering::Relaxed),
            exported: self.exported.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}

fn add(counter: &AtomicU64, spans: usize) {
    counter.fetch_add(spans as u64, Ordering::Relaxed);
}

/// The processor: where spans end, and the handle of the thread that sends them.
pub(crate) struct BatchProcessor<E> {
    shared: Arc<Shared>,
    /// What the thread will work with; it starts when the provider has given its resource.
    parked: Mutex<Option<(Runtime, E)>>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Notify,
    /// When to stop, once somebody asked to.
    deadline: watch::Sender<Option<Instant>>,
    counters: Arc<Counters>,
    settings: BatchSettings,
    /// What to tell the user when a batch fails for the first time.
    advice: String,
}

#[derive(Default)]
struct Queue {
    spans: Vec<SpanData>,
    closed: bool,
    /// Who waits for the queue to be empty.
    waiting: Vec<mpsc::SyncSender<()>>,
}

impl<E: SpanExporter + 'static> BatchProcessor<E> {
    pub(crate) fn new(
        exporter: E,
        runtime: Runtime,
        settings: BatchSettings,
        counters: Arc<Counters>,
        advice: String,
    ) -> Self {
        let (queue, wake, deadline) = (Mutex::default(), Notify::new(), watch::Sender::new(None));
        let shared = Arc::new(Shared {
            queue,
            wake,
            deadline,
            counters,
            settings,
            advice,
        });
        Self {
            shared,
            parked: Mutex::new(Some((runtime, exporter))),
        }
    }

    /// Waits until the queue is empty, at most this long.
    fn wait_empty(&self, limit: Duration, close: bool) -> OTelSdkResult {
        let (done, emptied) = mpsc::sync_channel(1);
        {
            let mut queue = self.shared.lock();
            if queue.closed {
                return Err(OTelSdkError::AlreadyShutdown);
            }
            queue.closed = close;
            queue.waiting.push(done);
        }
        self.shared.wake.notify_one();
        // The thread keeps the deadline itself; the grace is for one that is blocked by its
        // exporter.
        let grace = Duration::from_millis(500);
        match emptied.recv_timeout(limit + grace) {
            Ok(()) => Ok(()),
            Err(_) => Err(OTelSdkError::Timeout(limit)),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch, or none and the ones who wait for that.
    fn take(&self) -> (Vec<SpanData>, Vec<mpsc::SyncSender<()>>, bool) {
        let mut queue = self.lock();
        let size = queue.spans.len().min(self.settings.batch);
        let batch: Vec<SpanData> = queue.spans.drain(..size).collect();
        let waiting = if batch.is_empty() {
            std::mem::take(&mut queue.waiting)
        } else {
            Vec::new()
        };
        (batch, waiting, queue.closed)
    }

    /// Sends batches until the processor is closed and the queue is empty, or time is up.
    async fn run<E: SpanExporter>(&self, exporter: &E) {
        let mut deadline = self.deadline.subscribe();
        let mut warned = false;
        loop {
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(self.settings.delay) => {}
            }
            loop {
                let (batch, waiting, closed) = self.take();
                if batch.is_empty() {
                    for waiter in waiting {
                        // Whoever waited may have given up.
                        let _sent: Result<(), _> = waiter.send(());
                    }
                    if closed {
                        return;
                    }
                    break;
                }
                let spans = batch.len();
                let sent = tokio::select! {
                    sent = catch_panic(exporter.export(batch)) => match sent {
                        Ok(Ok(())) => Ok(()),
                        Ok(Err(error)) => Err(error.to_string()),
                        Err(panicked) => Err(format!("the exporter {panicked}")),
                    },
                    () = passed(&mut deadline) => Err("the time for shutdown was up".to_owned()),
                };
                match sent {
                    Ok(()) => add(&self.counters.exported, spans),
                    Err(why) => {
                        add(&self.counters.failed, spans);
                        if !warned {
                            warned = true;
                            notice::say(&format!(
                                "spans could not be exported: {why}. {}",
                                self.advice
                            ));
                        }
                    }
                }
                if deadline.borrow().is_some_and(|at| at <= Instant::now()) {
                    self.give_up();
                }
            }
        }
    }

    fn give_up(&self) {
        let left = std::mem::take(&mut self.lock().spans);
        add(&self.counters.dropped, left.len());
    }
}

/// Completes when a deadline has been set and has passed.
async fn passed(deadline: &mut watch::Receiver<Option<Instant>>) {
    match deadline.wait_for(Option::is_some).await.map(|at| *at) {
        Ok(Some(at)) => tokio::time::sleep_until(at).await,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

impl<E: SpanExporter + 'static> SpanProcessor for BatchProcessor<E> {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    /// Never waits: takes a short lock, and wakes the thread when a batch is full.
    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        let Shared {
            counters,
            settings,
            wake,
            ..
        } = &*self.shared;
        add(&counters.offered, 1);
        let mut queue = self.shared.lock();
        if queue.closed || queue.spans.len() >= settings.queue {
            drop(queue);
            return add(&counters.dropped, 1);
        }
        queue.spans.push(span);
        let full = queue.spans.len() == settings.batch;
        drop(queue);
        if full {
            wake.notify_one();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.wait_empty(Duration::from_secs(5), false)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.shared
            .deadline
            .send_replace(Some(Instant::now() + timeout));
        self.wait_empty(timeout, true)
    }

    /// The provider gives its resource once, before any span: that is when the thread starts.
    fn set_resource(&mut self, resource: &Resource) {
        let parked = self
            .parked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((runtime, mut exporter)) = parked else {
            return;
        };
        exporter.set_resource(resource);
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name("kaos-otel-export".to_owned());
        let started = thread.spawn(move || {
            runtime.block_on(shared.run(&exporter));
            // Dropped outside `block_on`, but with the runtime still there for its connections.
            let entered = runtime.enter();
            drop(exporter);
            drop(entered);
        });
        if let Err(error) = started {
            self.shared.lock().closed = true;
            notice::say(&format!(
                "spans cannot be exported: no thread could be started ({error})"
            ));
        }
    }
}

impl<E> fmt::Debug for BatchProcessor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchProcessor")
            .field("settings", &self.shared.settings)
            .field("stats", &self.shared.counters.read())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
