use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kaos_events::SpanId;

use crate::dispatch::queue::Ticket;

/// How far a span's events have come, whenever it is asked.
pub(crate) struct Mark {
    pub(super) run: Arc<dyn HandsOver>,
    pub(super) reader: usize,
    pub(super) span: SpanId,
    /// Which of the run's parts has its newest event.
    pub(super) part: Arc<AtomicU64>,
}

/// A run that hands its events over.
pub(super) trait HandsOver: Send + Sync {
    /// The reader's ticket of this part, unless there was no room for an event of this span.
    fn ticket(&self, reader: usize, span: SpanId, part: u64) -> Option<Ticket>;

    /// Has that part handed over.
    fn hand_over_up_to(self: Arc<Self>, part: u64);
}

impl Mark {
    /// Has all of it handed over: the ticket that it is done with; `None` if the queue had no room for
    /// a part.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let part = self.part.load(Ordering::Acquire);
        Arc::clone(&self.run).hand_over_up_to(part);
        self.run.ticket(self.reader, self.span, part)
    }
}
