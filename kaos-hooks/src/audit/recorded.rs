//! The observer of one run: hands its events to the writer, and knows of each open span how far it
//! has been written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kaos_events::{
    Body, Event, Keeper, NotDurableKind, Observer, Phase, Ready, Settled, Slot, SpanId, Str,
};

use smallvec::SmallVec;

use super::intake::Intake;
use super::record::is_recorded;
use crate::dispatch::queue::Ticket;

/// Hands the events of one run to the writer.
pub(super) struct Recorded {
    intake: Arc<Intake>,
    keeper: Keeper,
    /// By the span's slot; so many are open at once in most runs.
    spans: SmallVec<[SeenSpan; 4]>,
    /// Where the span stands that a value was last about.
    nearby: usize,
}

/// What the writer was told of an open span.
struct SeenSpan {
    span: SpanId,
    mark: Mark,
    /// The same, for those who wait.
    watch: Option<Arc<AtomicU64>>,
}

/// The newest event's ticket, or that some event is lost.
#[derive(Clone, Copy)]
struct Mark(u64);

impl Mark {
    const LOST: Self = Self(u64::MAX);

    const fn of(ticket: Option<Ticket>) -> Self {
        match ticket {
            Some(ticket) => Self(ticket),
            None => Self::LOST,
        }
    }

    /// After one more event. Tickets only grow, and what is lost stays lost.
    fn and(self, newer: Self) -> Self {
        Self(self.0.max(newer.0))
    }

    const fn ticket(self) -> Option<Ticket> {
        if self.0 == Self::LOST.0 {
            None
        } else {
            Some(self.0)
        }
    }
}

impl Recorded {
    pub(super) fn new(intake: Arc<Intake>, keeper: Keeper) -> Self {
        Self {
            intake,
            keeper,
            spans: SmallVec::new(),
            nearby: 0,
        }
    }

    #[inline]
    fn seen(&mut self, slot: Slot, span: SpanId, starts: bool, newer: Mark) {
        let at = slot.own as usize;
        match self.spans.get_mut(at) {
            Some(seen) if !starts => seen.add(newer),
            Some(seen) => *seen = SeenSpan::new(span, newer),
            None => {
                // Slots are dense: there is one more of them at most.
                self.spans
                    .resize_with(at + 1, || SeenSpan::new(span, newer));
            }
        }
        self.nearby = at;
    }

    fn saw_value(&mut self, span: SpanId, newer: Mark) {
        let is_it = |seen: &SeenSpan| seen.span == span;
        let at = if self.spans.get(self.nearby).is_some_and(is_it) {
            Some(self.nearby)
        } else {
            self.spans.iter().rposition(is_it)
        };
        if let Some(at) = at
            && let Some(seen) = self.spans.get_mut(at)
        {
            seen.add(newer);
            self.nearby = at;
        }
    }
}

impl SeenSpan {
    const fn new(span: SpanId, mark: Mark) -> Self {
        Self {
            span,
            mark,
            watch: None,
        }
    }

    #[inline]
    fn add(&mut self, newer: Mark) {
        self.mark = self.mark.and(newer);
        if let Some(watch) = &self.watch {
            self.tell(watch);
        }
    }

    /// Few spans are watched.
    #[cold]
    fn tell(&self, watch: &AtomicU64) {
        watch.store(self.mark.0, Ordering::Release);
    }
}

impl Observer for Recorded {
    fn on_event(&mut self, event: &Event<'_>) {
        match event.body {
            Body::Value { value, .. } if !is_recorded(value) => {}
            Body::Value { span, .. } => {
                let mark = Mark::of(self.intake.push(event));
                self.saw_value(span, mark);
            }
            Body::Span(span) => {
                let mark = Mark::of(self.intake.push(event));
                let starts = matches!(span.phase, Phase::Start);
                self.seen(span.slot, span.id, starts, mark);
            }
        }
    }

    fn keeps(&self) -> bool {
        true
    }

    fn ready(&mut self) -> Option<Ready> {
        let intake = Arc::clone(&self.intake);
        intake
            .is_behind()
            .then(|| Box::pin(async move { intake.caught_up().await }) as Ready)
    }

    fn settled(&mut self, span: Slot) -> Settled {
        let intake = Arc::clone(&self.intake);
        let seen = self.spans.get_mut(span.own as usize);
        let watch = seen.map(|seen| {
            let new = || Arc::new(AtomicU64::new(seen.mark.0));
            Arc::clone(seen.watch.get_or_insert_with(new))
        });
        let wait = async move {
            let mark = watch.map_or(Mark::LOST, |watch| Mark(watch.load(Ordering::Acquire)));
            if let Some(ticket) = mark.ticket() {
                return intake.safe(ticket).await;
            }
            let why = Str::Static("its record found the queue full, or came too late");
            Err(intake.not_durable(NotDurableKind::Lost, why))
        };
        Settled::by(self.keeper, Box::pin(wait))
    }
}
