use std::sync::Arc;

use super::{Packing, Queue};

/// A flush that somebody waits for. Dropped without an answer, it has failed.
#[derive(Debug)]
pub struct Flush<P: Packing> {
    queue: Arc<Queue<P>>,
    number: u64,
}

impl<P: Packing> Flush<P> {
    pub(super) const fn new(queue: Arc<Queue<P>>, number: u64) -> Self {
        Self { queue, number }
    }

    /// It is made, or why not.
    pub fn made(self, how: Result<(), String>) {
        self.answer(how.err().map(Arc::from));
    }

    fn answer(&self, failed: Option<Arc<str>>) {
        let before = self.queue.change(|state| {
            if state.flushed >= self.number {
                return None; // it was answered
            }
            state.flushed = self.number;
            std::mem::replace(&mut state.flush_failed, failed)
        });
        drop(before);
    }
}

impl<P: Packing> Drop for Flush<P> {
    fn drop(&mut self) {
        self.answer(Some("the flush was given up".into()));
    }
}
