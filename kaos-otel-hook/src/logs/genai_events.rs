//! The log events of the GenAI conventions: failures, and on request a model call's content.

mod collected;

use std::fmt;
use std::sync::Arc;

use kaos_hooks::redact::Field;
use kaos_hooks::{Body, Event, Failure, Hook, Observer, Phase, Run, Span, Str, Subject, Time};
use opentelemetry::Key;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger, SdkLoggerProvider};
use smallvec::SmallVec;

use crate::attributes::operation;
use crate::attributes::{self, Ended, To};
use crate::content::messages;
use crate::propagation::context;
use crate::scope::scope;
use crate::spans::OfChildren;
use crate::spans::flags;
use crate::{ContentSettings, Conventions, semconv};
use collected::{Collected, pair};

/// Writes the log events of the GenAI conventions, whether the trace is sampled or not.
///
/// - `gen_ai.client.operation.exception`, at WARN, when a model call or a remote agent's invocation
///   fails: `exception.type`, and `exception.message` where the [`ContentSettings`] lets error texts onto
///   events. What fails in this process is its span's `exception` event.
/// - `gen_ai.client.inference.operation.details`, at DEBUG, when a model's answer ends and the
///   content is captured on events: what its span says, and its messages, structured. Embeddings
///   have none.
///
/// Each carries the ids of its span and, where an [`OTelHook`](crate::OTelHook) stands before it,
/// its trace flags. Content has no more characters as JSON than
/// [`with_value_length`](Self::with_value_length) says: what is longer is cut inside, and the
/// record has `kaos.truncated`. [`Telemetry`](crate::Telemetry) registers it.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Failure, Hooks, LlmCall, Turn, TurnOutcome};
/// use kaos_otel_hook::GenAiEvents;
/// use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
///
/// let exporter = InMemoryLogExporter::default();
/// let provider = SdkLoggerProvider::builder().with_simple_exporter(exporter.clone()).build();
/// let hooks = Hooks::new(GenAiEvents::with_provider(&provider));
/// let turn = hooks.turn(Turn::new("assistant"));
/// turn.open(LlmCall::new("openai", "gpt-4o")).fail(Failure::new("timeout"));
/// turn.complete(TurnOutcome::default());
/// let logs = exporter.get_emitted_logs()?;
/// assert_eq!(logs[0].record.event_name(), Some("gen_ai.client.operation.exception"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GenAiEvents(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    logger: SdkLogger,
    content: Option<ContentSettings>,
    value_length: Option<usize>,
    conventions: Conventions,
}

impl GenAiEvents {
    /// Events of this provider, without content.
    pub fn with_provider(provider: &SdkLoggerProvider) -> Self {
        Self(Arc::new(Inner {
            logger: provider.logger_with_scope(scope()),
            content: None,
            value_length: Some(crate::OTelHook::DEFAULT_VALUE_LENGTH),
            conventions: Conventions::default(),
        }))
    }

    /// Which content events carry. Default: none.
    #[must_use]
    pub fn with_content(self, content: ContentSettings) -> Self {
        let content = content.capture.on_events().then_some(content);
        self.with(|inner| inner.content = content)
    }

    /// The most characters of a text, as
    /// [`OTelHook::with_value_length`](crate::OTelHook::with_value_length).
    #[must_use]
    pub fn with_value_length(self, limit: Option<usize>) -> Self {
        self.with(|inner| inner.value_length = limit)
    }

    /// Which names the GenAI attributes have. Default: the pinned ones.
    #[must_use]
    pub fn with_conventions(self, conventions: Conventions) -> Self {
        self.with(|inner| inner.conventions = conventions)
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

impl Hook for GenAiEvents {
    fn name(&self) -> Str {
        Str::Static("GenAiEvents")
    }

    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(Events {
            inner: Arc::clone(&self.0),
            requests: SmallVec::new(),
            failures: OfChildren::default(),
        }))
    }
}

/// What one run's model calls were asked, by slot, until they end.
struct Events {
    inner: Arc<Inner>,
    requests: SmallVec<[Option<Collected>; 4]>,
    failures: OfChildren,
}

impl Observer for Events {
    fn on_event(&mut self, event: &Event<'_>) {
        let Body::Span(span) = &event.body else {
            return;
        };
        match span.phase {
            Phase::Start => {
                self.failures.begins(span);
                self.keep_request(event, span);
            }
            Phase::Progress(_) => {}
            Phase::Error { failure, .. } => {
                self.details(event, span, Some(&failure.kind));
                if self.failures.arises(span, failure) && operation::is_client(span.subject) {
                    self.inner.exception(event, span, failure);
                }
            }
            Phase::Cancelled { .. } => {
                self.details(event, span, Some(&Str::Static("cancelled")));
            }
            Phase::Complete { .. } | Phase::Suspended { .. } => self.details(event, span, None),
        }
    }
}

impl Events {
    /// Keeps what a model call's start says: its end no longer has it.
    fn keep_request(&mut self, event: &Event<'_>, span: &Span<'_>) {
        let (Some(content), Subject::LlmCall(call)) = (&self.inner.content, span.subject) else {
            return;
        };
        if !operation::is_inference(call) {
            return;
        }
        let limit = self.inner.value_length;
        let mut start =
            attributes::at_start(span.subject, event.run, limit, self.inner.conventions);
        attributes::added_at_start(span.subject, &mut start, limit, usize::MAX);
        let mut collected = Collected {
            pairs: start.into_iter().map(pair).collect(),
            cut: false,
        };
        if let Some(text) = span.subject.content() {
            let sent = messages::messages(content, Field::Input, text);
            collected.content(semconv::GEN_AI_INPUT_MESSAGES, sent, limit);
        }
        if let Some(briefing) = span.subject.briefing() {
            let instructions = attributes::instructions(content, briefing);
            collected.content(semconv::GEN_AI_SYSTEM_INSTRUCTIONS, instructions, limit);
            let tools = attributes::tools(content, briefing);
            collected.content(semconv::GEN_AI_TOOL_DEFINITIONS, tools, limit);
        }
        let slot = span.slot.own as usize;
        if self.requests.len() <= slot {
            self.requests.resize_with(slot + 1, || None);
        }
        if let Some(place) = self.requests.get_mut(slot) {
            *place = Some(collected);
        }
    }

    fn details(&mut self, event: &Event<'_>, span: &Span<'_>, failed: Option<&Str>) {
        let slot = span.slot.own as usize;
        let Some(mut collected) = self.requests.get_mut(slot).and_then(Option::take) else {
            return;
        };
        let inner = &self.inner;
        let limit = inner.value_length;
        let to = To::new(limit, |attribute| collected.pairs.push(pair(attribute)));
        let mut to = to.by(inner.conventions);
        attributes::at_end(span, &mut to);
        let ended = Ended {
            error: failed,
            ..Ended::default()
        };
        attributes::ends(ended, &mut to);
        let outcome = span.phase.outcome();
        attributes::added_at_end(span.subject, event.run, outcome, usize::MAX, &mut to);
        if let Some(outcome) = outcome {
            let content = inner.content.as_ref();
            let answered =
                content.and_then(|it| attributes::output_messages(it, span.subject, outcome));
            collected.content(semconv::GEN_AI_OUTPUT_MESSAGES, answered, limit);
        }
        if collected.cut {
            let mark = (Key::new(semconv::KAOS_TRUNCATED), AnyValue::Boolean(true));
            collected.pairs.push(mark);
        }
        let name = semconv::GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS;
        let mut record = inner.record(name, Severity::Debug, event.run, span, event.time);
        record.add_attributes(collected.pairs);
        inner.logger.emit(record);
    }
}

impl Inner {
    fn exception(&self, event: &Event<'_>, span: &Span<'_>, failure: &Failure) {
        let name = semconv::GEN_AI_CLIENT_OPERATION_EXCEPTION;
        let mut record = self.record(name, Severity::Warn, event.run, span, event.time);
        let kind = attributes::string(&failure.kind, self.value_length);
        record.add_attribute(semconv::EXCEPTION_TYPE, AnyValue::String(kind));
        let safe = self.content.as_ref().and_then(|content| {
            let tool = operation::tool_of(span.subject);
            content.text(Field::Error, tool, failure.message.as_ref()?)
        });
        if let Some(safe) = safe {
            let text = crate::text::bounded(&safe, self.value_length).into_owned();
            record.add_attribute(semconv::EXCEPTION_MESSAGE, text);
        }
        self.logger.emit(record);
    }

    fn record(
        &self,
        name: &'static str,
        severity: Severity,
        run: &Run,
        span: &Span<'_>,
        time: Time,
    ) -> SdkLogRecord {
        let mut record = self.logger.create_log_record();
        record.set_event_name(name);
        record.set_timestamp(time.system_time());
        record.set_severity_number(severity);
        record.set_severity_text(severity.name());
        let (trace_id, span_id) = (context::trace_id(run.trace_id), context::span_id(span.id));
        let flags = flags::of_run(run.trace_id);
        record.set_trace_context(trace_id, span_id, flags);
        record
    }
}

impl fmt::Debug for GenAiEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenAiEvents")
            .field("content", &self.0.content)
            .finish_non_exhaustive()
    }
}
