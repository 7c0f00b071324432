//! The observer that turns one run's events into spans.

use std::sync::Arc;

use kaos_hooks::{
    Body, Entry, Event, Observer, Outcome, Phase, Progress, Span as SpanEvent, Str, Subject, Time,
    Value,
};
use opentelemetry::Context;
use opentelemetry::trace::{Span, Status, TraceFlags, Tracer};
use smallvec::SmallVec;

use super::arises::OfChildren;
use super::beginning::beginning;
use super::fail::fail;
use super::flags;
use super::ids;
use super::notes::Notes;
use super::settings::SpanSettings;
use super::shared::Inner;
use crate::attributes;
use crate::attributes::{Ended, To};
use crate::propagation::context::{self, Current, HandedOn};

/// Makes and ends the spans of one run.
pub(crate) struct Spans<T: Tracer> {
    hook: Arc<Inner<T>>,
    trace_id: kaos_hooks::TraceId,
    /// The open spans, by slot. Empty for a run that is not recorded.
    open: SmallVec<[Option<OpenSpan<T::Span>>; 4]>,
    /// Whether the root span is recorded; the rest of the run follows it, unasked.
    recorded: bool,
    flags: TraceFlags,
    handed_on: HandedOn,
    failures: OfChildren,
}

struct OpenSpan<S> {
    id: kaos_hooks::SpanId,
    span: S,
    /// The span as its children's parent; made for the first of them.
    as_parent: Option<Context>,
    /// The slot of the turn it belongs to; its own, if it is one.
    turn: u32,
    /// What a model call, or a turn's own model calls, have cost.
    cost: Option<f64>,
    /// Whether content of the start was cut.
    cut: bool,
    notes: Notes,
}

impl<S: Span> OpenSpan<S> {
    fn as_parent(&mut self) -> &Context {
        self.as_parent
            .get_or_insert_with(|| context::proxy(self.span.span_context().clone()))
    }
}

impl<T: Tracer> Spans<T> {
    pub(crate) fn new(hook: Arc<Inner<T>>, trace_id: kaos_hooks::TraceId) -> Self {
        Self {
            hook,
            trace_id,
            open: SmallVec::new(),
            recorded: true,
            flags: TraceFlags::default(),
            handed_on: HandedOn::default(),
            failures: OfChildren::default(),
        }
    }

    fn start(&mut self, event: &Event<'_>, span: &SpanEvent<'_>) {
        let value_length = self.hook.settings.value_length;
        let builder = beginning(&self.hook.settings, event, span);
        let (trace_id, span_id) = (context::trace_id(self.trace_id), context::span_id(span.id));
        let tracer = &self.hook.tracer;
        let build = |parent: &Context| {
            ids::with_ids(trace_id, span_id, || {
                tracer.build_with_context(builder, parent)
            })
        };
        let parent = span
            .slot
            .parent
            .and_then(|slot| self.open.get_mut(slot as usize)?.as_mut());
        let mut turn = span.slot.own;
        let made = if let Some(parent) = parent {
            if !span.subject.is_root() {
                turn = parent.turn;
            }
            build(parent.as_parent())
        } else {
            // A run's root may have a parent outside, and says so itself.
            self.handed_on = HandedOn::of(span.subject);
            let outer = span.subject.outer().map(context::outer);
            build(&outer.unwrap_or_default())
        };
        if span.slot.parent.is_none() {
            self.flags = made.span_context().trace_flags();
        }
        if span.slot.parent.is_none() && !made.is_recording() {
            self.recorded = false;
            self.handed_on.trace_state = made.span_context().trace_state().clone();
            return self.hook.not_recording(made.span_context(), trace_id);
        }
        self.failures.begins(span);
        let slot = span.slot.own as usize;
        if self.open.len() <= slot {
            self.open.resize_with(slot + 1, || None);
        }
        let Some(place) = self.open.get_mut(slot) else {
            return;
        };
        // It is large, and moved once: what it says is said where it stays.
        let open = place.insert(OpenSpan {
            id: span.id,
            span: made,
            as_parent: None,
            turn,
            cost: None,
            cut: false,
            notes: Notes::default(),
        });
        let is_foreign = open.span.span_context().span_id() != span_id;
        let mut to = To::new(value_length, |attribute| open.span.set_attribute(attribute));
        if is_foreign {
            attributes::own_id(span.id, &mut to);
        }
        if let Some(content) = &self.hook.settings.content {
            attributes::content_at_start(content, span.subject, &mut to);
        }
        open.cut = to.has_cut();
    }

    fn at(&mut self, slot: u32) -> Option<&mut OpenSpan<T::Span>> {
        self.open.get_mut(slot as usize)?.as_mut()
    }

    fn progress(&mut self, span: &SpanEvent<'_>, progress: &Progress, time: Time) {
        let SpanSettings {
            value_length, room, ..
        } = self.hook.settings;
        if let Some(OpenSpan { span, notes, .. }) = self.at(span.slot.own) {
            notes.tell(span, (progress, time), value_length, room);
        }
    }

    /// The cost of a model call or turn that an event tells, where no prices are given here.
    fn value(&mut self, span: kaos_hooks::SpanId, value: &Value) {
        if self.hook.settings.prices.is_some() {
            return;
        }
        let cost = match value {
            Value::UsageObserved(observed) => observed.cost_usd,
            Value::TurnSummary(summary) => summary.cost_usd,
            _ => None,
        };
        if cost.is_some()
            && let Some(open) = self.open.iter_mut().flatten().find(|open| open.id == span)
        {
            open.cost = cost;
        }
    }

    /// What a model call cost, by the prices the user gave; its turn has the sum of its own calls.
    ///
    /// A delegating turn does not show what its sub-agents' turns cost, as it does not show their
    /// tokens: over all turns each call counts once.
    fn cost(&mut self, span: &SpanEvent<'_>) {
        let Some(prices) = &self.hook.settings.prices else {
            return;
        };
        let (Subject::LlmCall(call), Some(Outcome::LlmCall(outcome))) =
            (span.subject, span.phase.outcome())
        else {
            return;
        };
        let (Some(cost), Some(ended)) = (prices.of_call(call, outcome), self.at(span.slot.own))
        else {
            return;
        };
        ended.cost = Some(cost);
        let turn = ended.turn;
        if let Some(turn) = self.at(turn).filter(|_| turn != span.slot.own) {
            *turn.cost.get_or_insert(0.0) += cost;
        }
    }

    fn end(&mut self, event: &Event<'_>, span: &SpanEvent<'_>) {
        let time = event.time;
        self.cost(span);
        let settings = &self.hook.settings;
        let Some(place) = self.open.get_mut(span.slot.own as usize) else {
            return;
        };
        let Some(OpenSpan {
            span: ended,
            cost,
            cut,
            notes,
            ..
        }) = place
        else {
            return;
        };
        let outcome = span.phase.outcome();
        let to = To::new(settings.value_length, |attribute| {
            ended.set_attribute(attribute);
        });
        let mut to = to.by(settings.conventions);
        attributes::at_end(span, &mut to);
        if let Some(cost) = *cost {
            attributes::cost(cost, &mut to);
        }
        if let (Some(content), Some(outcome)) = (&settings.content, outcome) {
            attributes::content_at_end(content, span.subject, outcome, &mut to);
        }
        let how = Ended {
            error: match span.phase {
                Phase::Error { failure, .. } => Some(&failure.kind),
                Phase::Cancelled { .. } => Some(&CANCELLED),
                _ => None,
            },
            suspended: matches!(span.phase, Phase::Suspended { .. }),
            cut: *cut || to.has_cut(),
        };
        attributes::ends(how, &mut to);
        attributes::added_at_end(
            span.subject,
            event.run,
            outcome,
            settings.room.attributes,
            &mut to,
        );
        match span.phase {
            Phase::Error { failure, .. } => {
                let arises = self.failures.arises(span, failure);
                fail(ended, span.subject, failure, arises, settings, time);
            }
            Phase::Cancelled { .. } => ended.set_status(Status::error("")),
            _ => {}
        }
        notes.end(ended, time);
        ended.end_with_timestamp(time.system_time());
        *place = None;
    }
}

/// What ended a span that was cancelled.
const CANCELLED: Str = Str::Static("cancelled");

impl<T> Observer for Spans<T>
where
    T: Tracer + Send + Sync + 'static,
    T::Span: Send + Sync + 'static,
{
    fn on_event(&mut self, event: &Event<'_>) {
        match &event.body {
            _ if !self.recorded => {}
            Body::Value { span, value } => self.value(*span, value),
            Body::Span(span) => match span.phase {
                Phase::Start => self.start(event, span),
                Phase::Progress(progress) => self.progress(span, progress, event.time),
                Phase::Complete { .. }
                | Phase::Error { .. }
                | Phase::Cancelled { .. }
                | Phase::Suspended { .. } => self.end(event, span),
            },
        }
        flags::set(self.trace_id, self.flags);
    }

    /// A run that is not recorded is entered all the same: its ids go out in headers, unsampled.
    fn entry(&mut self, span: kaos_hooks::SpanId) -> Entry {
        let known = self.open.iter().flatten().find(|open| open.id == span);
        match known {
            Some(open) => {
                let context = open.span.span_context().clone();
                Entry::by(Current::new(context, &self.handed_on))
            }
            None => self
                .handed_on
                .entry(self.trace_id, span, TraceFlags::NOT_SAMPLED),
        }
    }
}
