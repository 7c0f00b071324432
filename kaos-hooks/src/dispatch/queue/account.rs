//! What became of the items of a queue.

/// What became of the items so far: `offered = waiting + done + failed + dropped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// All that came.
    pub offered: u64,
    /// What has no outcome yet; the reader may have it.
    pub waiting: u64,
    /// What the reader did.
    pub done: u64,
    /// What the reader could not do.
    pub failed: u64,
    /// What nobody tried: it found the queue full or closed, or the reader ended before.
    pub dropped: u64,
    /// The bytes of what waits.
    pub bytes: usize,
    /// The most there ever were.
    pub most_bytes: usize,
}

/// A number of an item: how many had been accepted with it. Items are done in this order.
pub type Ticket = u64;
