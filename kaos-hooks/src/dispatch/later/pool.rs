use std::sync::{Arc, Mutex, PoisonError};

/// The most that is kept for the next runs.
const MAX_KEPT: usize = 64;

/// What runs use one after the other, so that a run allocates none of it.
pub(super) struct Pool<T>(Mutex<Vec<T>>);

/// What can be used again.
pub(super) trait Reuse {
    /// Empties it; whether what is left is worth keeping.
    fn reset(&mut self) -> bool;
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Pool<T> {
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, used: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_KEPT {
            kept.push(used);
        }
    }
}

impl<T: Reuse> Pool<Box<T>> {
    /// Keeps it.
    pub(super) fn give_back(&self, mut used: Box<T>) {
        if used.reset() {
            self.keep(used);
        }
    }
}

impl<T: Reuse> Pool<Arc<T>> {
    /// Keeps it, if nobody else has it any more.
    pub(super) fn give_back(&self, mut used: Arc<T>) {
        if Arc::get_mut(&mut used).is_some_and(T::reset) {
            self.keep(used);
        }
    }
}
