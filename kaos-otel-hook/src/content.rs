pub(crate) mod messages;

use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field, Redactor};
use serde_json::Value;

/// The variable that says where content goes.
pub(crate) const CAPTURE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/// The variable that says how exceptions are signalled.
pub(crate) const EXCEPTION_SIGNAL: &str = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN";

/// Whether failing spans carry an `exception` event: unless the variable says `logs`.
pub(crate) fn exception_events(value: Option<&str>) -> (bool, Option<String>) {
    match value.map(str::trim) {
        None | Some("logs/dup") => (true, None),
        Some("logs") => (false, None),
        Some(other) => {
            let warning = format!(
                "{EXCEPTION_SIGNAL} is `{other}`, not logs or logs/dup; using logs/dup, both span \
                 events and log events"
            );
            (true, Some(warning))
        }
    }
}

/// Where the environment lets content go: `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Capture {
    /// Nowhere.
    #[default]
    NoContent,
    /// To span attributes, as JSON strings.
    SpanOnly,
    /// To log events, structured.
    EventOnly,
    /// To both.
    SpanAndEvent,
}

impl Capture {
    /// The value with this name: `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY` or `SPAN_AND_EVENT`, in
    /// any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            ("NO_CONTENT", Self::NoContent),
            ("SPAN_ONLY", Self::SpanOnly),
            ("EVENT_ONLY", Self::EventOnly),
            ("SPAN_AND_EVENT", Self::SpanAndEvent),
        ]
        .into_iter()
        .find_map(|(known, capture)| name.eq_ignore_ascii_case(known).then_some(capture))
    }

    /// What the variable says, and what to tell the user about it.
    pub(crate) fn from_value(value: Option<&str>) -> (Self, Option<String>) {
        let Some(value) = value else {
            return (Self::default(), None);
        };
        let capture = Self::from_name(value.trim());
        let warning = capture.is_none().then(|| {
            format!(
                "{CAPTURE} is `{value}`, not NO_CONTENT, SPAN_ONLY, EVENT_ONLY or \
                 SPAN_AND_EVENT; using NO_CONTENT"
            )
        });
        (capture.unwrap_or_default(), warning)
    }

    pub(crate) const fn on_spans(self) -> bool {
        matches!(self, Self::SpanOnly | Self::SpanAndEvent)
    }

    pub(crate) const fn on_events(self) -> bool {
        matches!(self, Self::EventOnly | Self::SpanAndEvent)
    }
}

/// Which content leaves with the telemetry, and what is taken out of it before.
///
/// Content is what people, models and tools say: prompts, answers, arguments, results, error
/// texts, instructions, tool descriptions. By default none of it leaves. What a [`Capture`] lets
/// out goes through the redactor; only [`policies`](Self::policies) given by code can change that.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field};
/// use kaos_otel_hook::{Capture, ContentSettings, Telemetry};
///
/// let but_no_results = ContentPolicies::new(ContentPolicy::Redacted)
///     .field(Field::Result, ContentPolicy::None);
/// let content = ContentSettings::new(Capture::SpanOnly).policies(but_no_results);
/// let (telemetry, _memory) = Telemetry::in_memory();
/// let telemetry = telemetry.with_content(content);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ContentSettings {
    pub(crate) capture: Capture,
    policies: ContentPolicies,
    redactor: Redactor,
}

impl ContentSettings {
    /// What goes where `capture` says goes redacted.
    pub fn new(capture: Capture) -> Self {
        Self {
            capture,
            policies: ContentPolicies::new(ContentPolicy::Redacted),
            redactor: Redactor::new(),
        }
    }

    /// Other policies, by field, tool and JSON path. Default: everything is redacted.
    #[must_use]
    pub fn policies(mut self, policies: ContentPolicies) -> Self {
        self.policies = policies;
        self
    }

    /// Another redactor, for example one with rules of your own.
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Takes out of messages what may not leave.
    pub(crate) fn redact_messages(&self, field: Field, messages: &mut Vec<Value>) {
        self.policies
            .redact_messages(&self.redactor, field, messages);
    }

    /// What may leave of a text.
    pub(crate) fn text(&self, field: Field, tool: Option<&str>, text: &str) -> Option<String> {
        self.policies
            .apply(&self.redactor, field, tool, text)
            .map(|safe| safe.as_str().to_owned())
    }
}
