//! What users add under names that are ours.

use std::collections::{BTreeMap, BTreeSet};

use kaos_hooks::{
    Attributes, Body, Event, Hook, Observer, OutcomeBuf, PhaseBuf, Run, SpanBuf, Str, Subject,
};
use kaos_otel_hook::{Capture, ContentSettings, GenAiEvents, OTelHook, SpanNames, Telemetry};

use super::{Case, Hooks, SpanData, Value, play, played};

type Names = BTreeMap<String, BTreeSet<String>>;

/// A hook that is told that users added these names to the start and to the end of each span.
struct Added<H>(H, Names);

struct Adding(Box<dyn Observer>, Names);

impl<H: Hook> Hook for Added<H> {
    fn name(&self) -> Str {
        self.0.name()
    }

    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        let inner = self.0.observe(run)?;
        Some(Box::new(Adding(inner, self.1.clone())))
    }
}

impl Observer for Adding {
    fn on_event(&mut self, event: &Event<'_>) {
        let Body::Span(span) = &event.body else {
            return self.0.on_event(event);
        };
        let mut changed = SpanBuf::from(span);
        let names = self.1.get(changed.name().as_str()).into_iter().flatten();
        let users = |own: &str| -> Attributes {
            let own = [Str::copied("user.said"), Str::copied(own)];
            let names = names.clone().map(|name| Str::copied(name));
            names.chain(own).map(|name| (name, "by the user")).collect()
        };
        *of_subject(&mut changed.subject) = users("user.start");
        match &mut changed.phase {
            PhaseBuf::Complete(outcome, _) | PhaseBuf::Error(_, Some(outcome), _) => {
                *of_outcome(outcome) = users("user.end");
            }
            _ => {}
        }
        let body = Body::Span(changed.as_span(span.slot));
        self.0.on_event(&Event { body, ..*event });
    }
}

fn of_subject(subject: &mut Subject) -> &mut Attributes {
    match subject {
        Subject::Turn(it) => &mut it.attributes,
        Subject::LlmCall(it) => &mut it.attributes,
        Subject::IntentClassification(it) => &mut it.attributes,
        Subject::Step(it) => &mut it.attributes,
        Subject::ToolCall(it) => &mut it.attributes,
        Subject::Subagent(it) => &mut it.attributes,
        Subject::McpRequest(it) => &mut it.attributes,
        Subject::ServedCall(it) => &mut it.attributes,
        Subject::Handoff(it) => &mut it.attributes,
        Subject::Custom(it) => &mut it.attributes,
    }
}

fn of_outcome(outcome: &mut OutcomeBuf) -> &mut Attributes {
    match outcome {
        OutcomeBuf::Turn(it) => &mut it.attributes,
        OutcomeBuf::LlmCall(it) => &mut it.attributes,
        OutcomeBuf::IntentClassification(it) => &mut it.attributes,
        OutcomeBuf::Step(it) => &mut it.attributes,
        OutcomeBuf::ToolCall(it) => &mut it.attributes,
        OutcomeBuf::Subagent(it) => &mut it.attributes,
        OutcomeBuf::McpRequest(it) => &mut it.attributes,
        OutcomeBuf::ServedCall(it) => &mut it.attributes,
        OutcomeBuf::Handoff(it) => &mut it.attributes,
        OutcomeBuf::Custom(it) => &mut it.attributes,
    }
}

const CASES: [Case; 4] = [
    Case::Success,
    Case::Error,
    Case::Streaming,
    Case::ContentSettings,
];

/// The attributes of each span, by its name; the run's id is another each time.
fn said(spans: &[SpanData]) -> BTreeMap<String, BTreeMap<String, Value>> {
    let of = |span: &SpanData| {
        let mut said = BTreeMap::new();
        for attribute in &span.attributes {
            let key = attribute.key.to_string();
            let value = match key.as_str() {
                "kaos.run_id" => Value::from(attribute.value.as_str() != "by the user"),
                _ => attribute.value.clone(),
            };
            let before = said.insert(key, value);
            assert_eq!(before, None, "{}: {} twice", span.name, attribute.key);
        }
        (span.name.to_string(), said)
    };
    spans.iter().map(of).collect()
}

#[test]
fn a_name_of_ours_is_exported_once_with_our_value() {
    kaos_tests::subscribed();
    let mut names = Names::new();
    for case in CASES {
        for (span, said) in said(&played(SpanNames::Kaos, case)) {
            names.entry(span).or_default().extend(said.into_keys());
        }
    }
    for case in CASES {
        let (telemetry, memory) = Telemetry::in_memory();
        let capture = if case == Case::ContentSettings {
            Capture::SpanAndEvent
        } else {
            Capture::NoContent
        };
        let spans = OTelHook::with_provider(telemetry.tracer_provider().unwrap())
            .with_content(ContentSettings::new(capture));
        let events = GenAiEvents::with_provider(telemetry.logger_provider().unwrap())
            .with_content(ContentSettings::new(capture));
        let hooks = (Added(spans, names.clone()), Added(events, names.clone()));
        play(&Hooks::new(hooks), case);

        let exported = said(&memory.spans());
        for (span, ours) in said(&played(SpanNames::Kaos, case)) {
            for (key, value) in ours {
                assert_eq!(exported[&span].get(&key), Some(&value), "{span}: {key}");
            }
            for own in ["user.said", "user.start"] {
                let value = exported[&span].get(own);
                assert_eq!(value, Some(&"by the user".into()), "{span}: {own}");
            }
            let ended = exported[&span].contains_key("user.end");
            assert!(ended || case == Case::Error, "{span}");
        }
        for log in memory.logs() {
            let mut keys = BTreeSet::new();
            for (key, _) in log.record.attributes_iter() {
                assert!(keys.insert(key.as_str()), "{case:?}: {key} twice");
            }
        }
    }
}
