//! A span's events: what its progress says, and at its end the exception.

use std::time::SystemTime;

use kaos_hooks::{Progress, Time};
use opentelemetry::KeyValue;
use opentelemetry::trace::Span;

use super::room::Room;
use crate::attributes::To;
use crate::text::bounded;

/// The notes of one span. A provider keeps the events that come first and counts the others: so the
/// last place is kept for the end, and what is beyond it waits until then.
#[derive(Debug, Default)]
pub(super) struct Notes {
    recorded: usize,
    held: Vec<Note>,
    /// How many more there were; nothing else of them is kept.
    more: u32,
}

#[derive(Debug)]
struct Note {
    name: String,
    time: SystemTime,
    details: Vec<KeyValue>,
}

impl Note {
    fn tell(self, span: &mut impl Span) {
        span.add_event_with_timestamp(self.name, self.time, self.details);
    }
}

impl Notes {
    pub(super) fn tell(
        &mut self,
        span: &mut impl Span,
        (progress, time): (&Progress, Time),
        limit: Option<usize>,
        room: Room,
    ) {
        let is_recorded = self.recorded < room.events.saturating_sub(1);
        if !is_recorded && self.held.len() >= room.held {
            self.more = self.more.saturating_add(1);
            return;
        }
        let mut details = Vec::new();
        To::new(limit, |detail| details.push(detail)).all(&progress.attributes);
        let note = Note {
            name: bounded(&progress.note, limit).into_owned(),
            time: time.system_time(),
            details,
        };
        if is_recorded {
            self.recorded += 1;
            note.tell(span);
        } else {
            self.held.push(note);
        }
    }

    /// What waits takes the place that is left, or is counted.
    pub(super) fn end(&mut self, span: &mut impl Span, time: Time) {
        for note in self.held.drain(..) {
            note.tell(span);
        }
        for _ in 0..std::mem::take(&mut self.more) {
            span.add_event_with_timestamp("…", time.system_time(), Vec::new());
        }
    }
}
