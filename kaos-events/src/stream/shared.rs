use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::refused::RefusedCounters;
use crate::{Clock, IdSource};

/// What the runs of one emitter share.
pub(crate) struct Shared {
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) most_unawaited: u32,
    pub(crate) refused: RefusedCounters,
    /// Streams that some handle still points to.
    pub(crate) live: AtomicUsize,
}
