//! A thread that tells hooks of events later.

use std::io;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use kaos_events::{Replaying, Value};

use super::chunk::Chunks;
use super::readers::{CaughtUp, ReadsLater};
use crate::dispatch::park::{block_within, this_thread, within};
use crate::dispatch::queue::{Bounds, Gathering, Goal, Next, NotDone, Queue, Reader};
use crate::{HookError, LaneStats};

const BOUNDS: Bounds = Bounds {
    items: u64::MAX,
    bytes: 64 * 1024 * 1024,
    bytes_while_failing: 64 * 1024 * 1024,
    batch_items: 512,
    batch_bytes: 1024 * 1024,
    gathering: Gathering {
        longest: Duration::from_millis(40),
        batch_wait: Duration::ZERO,
        linger: Duration::from_secs(1),
    },
};

/// A thread on which hooks hear of events: the turn only packs them.
///
/// Hooks that are [registered](crate::Registry::later) with the same one share its queue of 64 MiB. A
/// run's events arrive in order, within 40 ms, and at once when somebody [flushes](Self::force_flush).
/// When the queue is full, the newest are dropped and counted, and the hooks hear nothing more of
/// their run: what they know of it would not be true. Emission never waits. What an open run has packed
/// and not handed over yet, 16 KiB at most, is the run's own memory.
///
/// Clones are the same thread. It ends when it is [closed](Self::close), or the last clone is dropped.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use kaos_hooks::{Hooks, IntoHooks, Later, LogHook, Registry, Turn, marker};
///
/// /// A log that is written on another thread.
/// struct LogLater(Later);
///
/// impl IntoHooks<marker::Own> for LogLater {
///     fn register(self, to: &mut Registry) {
///         to.later(Arc::new(LogHook::new()), &self.0);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let later = Later::start("log")?;
/// let hooks = Hooks::new(LogLater(later.clone()));
/// drop(hooks.turn(Turn::new("assistant")));
/// later.force_flush().await?;
/// assert_eq!(later.stats().delivered, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Later(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Arc<Queue<Chunks>>,
    /// Whether it wants this value; spans it always does.
    wants: fn(&Value) -> bool,
    thread: ThreadId,
}

impl Later {
    /// How long [`force_flush`](Self::force_flush) waits.
    pub const FLUSH_LIMIT: Duration = Duration::from_secs(5);

    /// Starts a thread of this name.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub fn start(name: &str) -> io::Result<Self> {
        Self::start_for(name, |_| true)
    }

    /// As [`start`](Self::start), for hooks that want no other values than these.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_for(name: &str, wants: fn(&Value) -> bool) -> io::Result<Self> {
        let (queue, reader) = Queue::new(BOUNDS);
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || run(reader))?.thread().id();
        Ok(Self(Arc::new(Shared {
            queue,
            wants,
            thread,
        })))
    }

    /// What became of the events so far.
    pub fn stats(&self) -> LaneStats {
        self.0.queue.gather();
        LaneStats::of(self.0.queue.account())
    }

    /// Waits until the hooks have heard of all that came so far, for at most
    /// [`FLUSH_LIMIT`](Self::FLUSH_LIMIT).
    ///
    /// # Errors
    ///
    /// They were not, by then, the thread has ended, or this is that thread.
    ///
    /// # Cancel safety
    ///
    /// When dropped, the thread goes on all the same.
    pub async fn force_flush(&self) -> Result<(), HookError> {
        self.0.is_elsewhere()?;
        let flush = self.0.queue.flush();
        flushed(within(Self::FLUSH_LIMIT, flush).await)
    }

    /// As [`force_flush`](Self::force_flush), blocking this thread for at most `limit`.
    ///
    /// # Errors
    ///
    /// As [`force_flush`](Self::force_flush).
    pub fn flush_within(&self, limit: Duration) -> Result<(), HookError> {
        self.0.is_elsewhere()?;
        flushed(block_within(limit, self.0.queue.flush()))
    }

    /// Lets the hooks hear of what is here, and ends the thread; what comes later is dropped and
    /// counted. Blocks this thread until then, for at most `limit`; whether that was enough.
    pub fn close(&self, limit: Duration) -> bool {
        self.0.queue.close();
        if self.0.is_elsewhere().is_err() {
            return false;
        }
        block_within(limit, self.0.queue.wait(Goal::Ended)).is_some()
    }

    /// Whether it takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.0.queue.is_closed()
    }

    pub(crate) fn reader(&self) -> Arc<dyn ReadsLater> {
        Arc::<Shared>::clone(&self.0)
    }
}

impl Shared {
    /// Who is the thread cannot wait for it.
    fn is_elsewhere(&self) -> Result<(), HookError> {
        if std::thread::current().id() == self.thread {
            let why = "a hook that hears of events here cannot wait for itself";
            return Err(HookError::new(why));
        }
        Ok(())
    }
}

impl ReadsLater for Shared {
    fn queue(&self) -> &Arc<Queue<Chunks>> {
        &self.queue
    }

    fn wants(&self, value: &Value) -> bool {
        (self.wants)(value)
    }

    fn caught_up(&self) -> Option<CaughtUp> {
        if self.queue.is_closed() {
            return None;
        }
        let queue = Arc::clone(&self.queue);
        let elsewhere = self.is_elsewhere();
        Some(Box::pin(async move {
            elsewhere?;
            flushed(within(Later::FLUSH_LIMIT, queue.flush()).await)
        }))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn flushed(flushed: Option<Result<(), NotDone>>) -> Result<(), HookError> {
    let why = match flushed {
        Some(Ok(())) => return Ok(()),
        Some(Err(NotDone::Failing(why))) => why.to_string(),
        Some(Err(NotDone::Lost)) => "the thread that tells hooks has ended".to_owned(),
        None => "the hooks have not heard of all events yet".to_owned(),
    };
    Err(HookError::new(why))
}

fn run(mut reader: Reader<Chunks>) {
    let waker = this_thread();
    let mut with = Replaying::default();
    loop {
        match reader.next(&waker, Instant::now()) {
            Next::Batch(mut taken) => {
                let chunks = taken.take().unwrap_or_default();
                for chunk in chunks.iter() {
                    if chunk.deliver(&mut with) {
                        taken.done(chunk.items());
                    } else {
                        taken.dropped(chunk.items());
                    }
                }
                taken.give_back(chunks);
            }
            Next::Flush(flush) => flush.made(Ok(())),
            Next::Wait(Some(patience)) => std::thread::park_timeout(patience),
            Next::Wait(None) => std::thread::park(),
            Next::Closed => return,
        }
    }
}
