use std::sync::Arc;

use kaos_events::PackedEvents;

use crate::dispatch::queue::{Account, Queue};

/// What became of the events that a lane was offered:
/// `offered = waiting + delivered + failed + dropped`, at every moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneStats {
    /// Events that came.
    pub offered: u64,
    /// Events that wait; the hook may have one of them.
    pub waiting: u64,
    /// Events the hook took.
    pub delivered: u64,
    /// Events dropped: the queue was full or closed, there was no runtime, or it ended before.
    pub dropped: u64,
    /// Events the hook panicked on.
    pub failed: u64,
}

impl LaneStats {
    pub(crate) const fn of(account: Account) -> Self {
        Self {
            offered: account.offered,
            waiting: account.waiting,
            delivered: account.done,
            dropped: account.dropped,
            failed: account.failed,
        }
    }
}

/// Reads what became of a lane's events, without keeping the lane alive.
///
/// # Example
///
/// ```
/// # use kaos_hooks::{AsyncHook, EventBuf, Lane};
/// # struct Post;
/// # #[async_trait::async_trait] impl AsyncHook for Post { async fn on_event(&mut self, _: EventBuf) {} }
/// use kaos_hooks::{LaneCounters, LaneStats};
///
/// let lane = Lane::new(Post);
/// let counters: LaneCounters = lane.counters(); // for whoever exports metrics
/// drop(lane);
/// assert_eq!(counters.stats(), LaneStats::default());
/// ```
#[derive(Debug, Clone, Default)]
pub struct LaneCounters(Option<Arc<Queue<PackedEvents>>>);

impl LaneCounters {
    pub(super) fn of(queue: Arc<Queue<PackedEvents>>) -> Self {
        Self(Some(queue))
    }

    /// What became of the events so far.
    pub fn stats(&self) -> LaneStats {
        let account = self.0.as_ref().map(|queue| queue.account());
        LaneStats::of(account.unwrap_or_default())
    }

    /// Whether the lane is gone.
    pub(crate) fn is_over(&self) -> bool {
        let queue = self.0.as_ref();
        queue.is_none_or(|queue| Arc::strong_count(queue) == 1)
    }
}
