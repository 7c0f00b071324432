//! Who gathers something for a queue, and has not handed it over yet.

use std::sync::Arc;

/// What gathers items by itself, and hands them over when it has enough of them, or is asked to.
pub trait Upstream: Send + Sync {
    /// Hands over what it has, unless it has done so meanwhile.
    fn hand_over(self: Arc<Self>);
}

/// Where a from stands among those of its queue.
pub type UpstreamAt = usize;

/// Those that have something.
#[derive(Default)]
pub(super) struct AllUpstream {
    places: Vec<Option<Arc<dyn Upstream>>>,
    free: Vec<UpstreamAt>,
}

impl AllUpstream {
    pub(super) fn add(&mut self, from: Arc<dyn Upstream>) -> UpstreamAt {
        let Some(place) = self.free.pop() else {
            self.places.push(Some(from));
            return self.places.len() - 1;
        };
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(from);
        }
        place
    }

    /// Takes out the one that stands there; it is dropped outside the queue's lock.
    pub(super) fn remove(&mut self, place: UpstreamAt) -> Option<Arc<dyn Upstream>> {
        let from = self.places.get_mut(place)?.take()?;
        self.free.push(place);
        Some(from)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) const fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn Upstream>> {
        self.places.iter().flatten().map(Arc::clone).collect()
    }
}
