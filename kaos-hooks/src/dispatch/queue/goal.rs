//! What is waited for, and the wakers of those whose goal is not met yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use super::account::Ticket;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every item up to this one is done.
    Safe(Ticket),
    /// At most so many bytes wait, or waiting does not help.
    Below(usize),
    /// The flush of this number is made.
    Flushed(u64),
    /// The reader has ended, and every item has an outcome.
    Ended,
}

/// Why what is waited for is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// Nothing can be done at the moment, for this reason.
    Failing(Arc<str>),
    /// One of the items failed or was dropped, or the reader has ended before.
    Lost,
}

/// Those who wait, by number.
#[derive(Default)]
pub(super) struct Waiters {
    pub(super) next: u64,
    pub(super) all: BTreeMap<u64, (Goal, Waker)>,
}
