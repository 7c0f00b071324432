use std::collections::{HashSet, VecDeque};

use kaos_events::{Body, PackedEvents, Replaying, SpanId};

use crate::dispatch::queue::Ticket;

/// Of how many of a run's parts it is known how far a reader is with each; of older ones it is as of
/// the oldest of these.
const MAX_TICKETS: usize = 64;

/// So many spans are known by their ids to have lost something; when there are more, all have.
const MAX_LOST: usize = 16_384;

/// What one reader has been handed over.
#[derive(Default)]
pub(super) struct HandedOver {
    /// By the parts' numbers.
    tickets: VecDeque<(u64, Ticket)>,
    /// It had no room for a part.
    pub(super) misses_some: bool,
    /// The spans that the part was about.
    lost: HashSet<SpanId>,
    all_lost: bool,
}

impl HandedOver {
    pub(super) fn took(&mut self, number: u64, ticket: Ticket) {
        if self.tickets.len() >= MAX_TICKETS {
            self.tickets.pop_front();
        }
        self.tickets.push_back((number, ticket));
    }

    /// It had no room for this, which it was to keep.
    pub(super) fn lost(&mut self, what: &PackedEvents) {
        self.all_lost |= self.lost.len() > MAX_LOST;
        if self.all_lost {
            self.lost = HashSet::new();
            return;
        }
        what.replay(&mut Replaying::default(), |event| {
            self.lost.insert(match event.body {
                Body::Span(span) => span.id,
                Body::Value { span, .. } => span,
            });
        });
    }

    /// The ticket of this part, unless there was no room for an event of this span.
    pub(super) fn ticket(&self, span: SpanId, part: u64) -> Option<Ticket> {
        if self.all_lost || self.lost.contains(&span) {
            return None;
        }
        let at = self.tickets.partition_point(|(number, _)| *number < part);
        let ticket = self.tickets.get(at).or_else(|| self.tickets.back());
        Some(ticket.map_or(0, |(_, ticket)| *ticket))
    }

    pub(super) fn reset(&mut self) {
        self.tickets.clear();
        self.misses_some = false;
        self.lost.clear();
        self.all_lost = false;
    }
}
