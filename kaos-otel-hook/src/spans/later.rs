//! Spans that are made on another thread than the turn's: there is left what must be known at once.

use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::{
    AtOnce, Entry, Event, Hook, HookError, IntoHooks, Later, Observer, Propagator, Registry, Run,
    SpanId, Str, ToLater, marker,
};
use opentelemetry::trace::{SpanContext, SpanKind, TraceFlags};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SdkTracer, ShouldSample as _};

use super::beginning::beginning;
use super::observer::Spans;
use super::shared::Inner;
use super::{OTelHook, flags};
use crate::propagation::context::{self, HandedOn};

/// An [`OTelHook`] that makes its spans later.
#[derive(Debug)]
pub struct LateSpans {
    /// What is to be known at once.
    at_once: OTelHook,
    /// Of the provider that makes spans of all that it hears.
    hook: OTelHook,
    by: Arc<Ahead>,
}

/// What decides whether a run has spans.
struct Ahead {
    inner: Arc<Inner<SdkTracer>>,
    sampler: Sampler,
    later: Later,
    /// Whether a hook on the turn's thread asks of each event.
    is_asked: bool,
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead")
            .field("sampler", &self.sampler)
            .field("later", &self.later)
            .finish_non_exhaustive()
    }
}

impl LateSpans {
    /// Spans of `hook`, made by a thread, as this sampler decides; `at_once` is the same hook of the
    /// provider for spans that are not made by events. `None` if it is of no known provider.
    pub fn new(
        (at_once, hook): (OTelHook, OTelHook),
        sampler: Sampler,
        later: Later,
        is_asked: bool,
    ) -> Option<Self> {
        let inner = Arc::clone(hook.of_sdk()?);
        Some(Self {
            at_once,
            hook,
            by: Arc::new(Ahead {
                inner,
                sampler,
                later,
                is_asked,
            }),
        })
    }
}

/// Registers itself where it hears of events later.
#[diagnostic::do_not_recommend]
impl IntoHooks<marker::Own> for LateSpans {
    fn register(self, to: &mut Registry) {
        let later = self.by.later.clone();
        to.later(Arc::new(Registered(self)), &later);
    }
}

struct Registered(LateSpans);

#[async_trait]
impl Hook for Registered {
    fn name(&self) -> Str {
        self.0.hook.name()
    }

    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        let spans = Spans::new(Arc::clone(&self.0.by.inner), run.trace_id);
        Some(Box::new(spans))
    }

    fn at_once(&self, run: &Run, later: &ToLater) -> Option<AtOnce> {
        let begins = Box::new(Begins {
            by: Arc::clone(&self.0.by),
            later: later.clone(),
            trace_id: run.trace_id,
            decided: false,
            flags: TraceFlags::NOT_SAMPLED,
            handed_on: HandedOn::default(),
        });
        Some(if self.0.by.is_asked {
            AtOnce::Each(begins)
        } else {
            AtOnce::First(begins)
        })
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        self.0.at_once.propagator()
    }

    async fn force_flush(&self) -> Result<(), HookError> {
        self.0.by.later.force_flush().await?;
        self.0.at_once.force_flush().await
    }
}

/// What of a run's spans must be known at once: whether there are any, and as what they are entered.
struct Begins {
    by: Arc<Ahead>,
    later: ToLater,
    trace_id: kaos_hooks::TraceId,
    decided: bool,
    flags: TraceFlags,
    handed_on: HandedOn,
}

impl Begins {
    /// Asks the sampler, as the provider would.
    fn decide(&mut self, event: &Event<'_>) {
        let Some(span) = event.span() else {
            return;
        };
        let trace_id = context::trace_id(self.trace_id);
        if self.by.later.is_closed() {
            let none = SpanContext::empty_context();
            self.later.decline();
            return self.by.inner.not_recording(&none, trace_id);
        }
        self.handed_on = HandedOn::of(span.subject);
        let parent = span.subject.outer().map(context::outer).unwrap_or_default();
        let builder = beginning(&self.by.inner.settings, event, span);
        let decided = self.by.sampler.should_sample(
            Some(&parent),
            trace_id,
            &builder.name,
            builder.span_kind.as_ref().unwrap_or(&SpanKind::Internal),
            builder.attributes.as_deref().unwrap_or_default(),
            &[],
        );
        self.handed_on.trace_state = decided.trace_state.clone();
        if decided.decision != SamplingDecision::RecordAndSample {
            return self.later.decline();
        }
        let flags = span
            .subject
            .outer()
            .map(|outer| TraceFlags::new(outer.flags));
        self.flags = flags.unwrap_or_default().with_sampled(true);
    }
}

impl Observer for Begins {
    fn on_event(&mut self, event: &Event<'_>) {
        if !std::mem::replace(&mut self.decided, true) {
            self.decide(event);
        }
        if self.by.is_asked {
            flags::set(self.trace_id, self.flags);
        }
    }

    fn entry(&mut self, span: SpanId) -> Entry {
        self.handed_on.entry(self.trace_id, span, self.flags)
    }
}
