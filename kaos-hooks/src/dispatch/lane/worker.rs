//! The task behind a lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kaos_events::{PackedEvents, Str};

use crate::dispatch::park::{this_task, woken};
use crate::dispatch::queue::{Next, Reader};
use crate::{AsyncHook, HookError, MAX_PANICS, catch_panic};

/// Of a task that still works, or ended before its queue was closed.
pub(super) const UNFINISHED: u64 = u64::MAX;

pub(super) struct Worker {
    pub(super) name: Str,
    pub(super) hook: Box<dyn AsyncHook>,
    /// How many events had been dropped when it ended, if it did so after its queue was closed;
    /// [`UNFINISHED`] before.
    pub(super) finished: Arc<AtomicU64>,
    pub(super) reader: Reader<PackedEvents>,
}

impl Worker {
    /// Works until the queue is closed and empty. Wherever this is dropped, its reader accounts for
    /// what is left.
    pub(super) async fn run(mut self) {
        let mut panics = 0;
        loop {
            let waker = this_task().await;
            match self.reader.next(&waker, Instant::now()) {
                Next::Wait(_) => woken().await,
                Next::Batch(mut taken) => {
                    let events = taken.take().unwrap_or_default();
                    for event in events.iter() {
                        if panics >= MAX_PANICS {
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
