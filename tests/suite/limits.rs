//! A provider drops what comes last, and what comes last of a span matters most: ours has its room.

use kaos_hooks::{
    Attributes, Failure, Hooks, LlmCall, LlmOutcome, Progress, Step, StepOutcome, Turn,
    TurnOutcome, Usage,
};
use kaos_otel_hook::{OTelHook, Telemetry};
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData, SpanLimits};
use prost::Message as _;

fn many(prefix: &str, many: usize) -> Attributes {
    (0..many)
        .map(|at| (format!("{prefix}.{at}"), "x"))
        .collect()
}

fn used() -> LlmOutcome {
    LlmOutcome {
        usage: Some(Usage::new(12, 3)),
        finish_reasons: vec!["stop".into()],
        response_id: Some("r-1".into()),
        ..LlmOutcome::default()
    }
}

/// A turn whose one model call has so many attributes of its user's at the start and at the end, and
/// so many notes, and fails.
fn fails(hooks: &Hooks, at_start: usize, at_end: usize, notes: usize) {
    let turn = hooks.turn(Turn::new("assistant").session("s-1"));
    let mut call = turn.open(LlmCall {
        attributes: many("start", at_start),
        ..LlmCall::new("openai", "gpt-4o")
    });
    for _ in 0..notes {
        call.progress(Progress::new("retry"));
    }
    call.so_far(LlmOutcome {
        attributes: many("end", at_end),
        ..used()
    });
    call.fail(Failure::new("timeout"));
    turn.complete(TurnOutcome::default());
}

fn key_of(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == key);
    found.map(|it| it.value.to_string())
}

fn call_of(spans: &[SpanData]) -> &SpanData {
    spans
        .iter()
        .find(|it| it.name == "model.inference")
        .unwrap()
}

fn users(span: &SpanData, prefix: &str) -> Vec<String> {
    let keys = span.attributes.iter().map(|it| it.key.to_string());
    keys.filter(|it| it.starts_with(prefix)).collect()
}

#[test]
fn users_attributes_cannot_push_out_what_a_call_used_and_how_it_ended() {
    for (at_start, at_end) in [(140, 0), (0, 140), (140, 140), (90, 90), (1000, 0)] {
        let (telemetry, memory) = Telemetry::in_memory();
        fails(&Hooks::new(telemetry.hooks()), at_start, at_end, 0);
        let spans = memory.spans();
        let call = call_of(&spans);
        for (key, expected) in [
            ("gen_ai.request.model", "gpt-4o"),
            ("gen_ai.usage.input_tokens", "12"),
            ("gen_ai.usage.output_tokens", "3"),
            ("gen_ai.response.id", "r-1"),
            ("gen_ai.response.finish_reasons", "[\"stop\"]"),
            ("error.type", "timeout"),
        ] {
            assert_eq!(
                key_of(call, key).as_deref(),
                Some(expected),
                "{at_start} {at_end}"
            );
        }
        assert_eq!(call.attributes.len(), 128);
        let (start, end) = (users(call, "start."), users(call, "end."));
        let dropped = at_start + at_end - start.len() - end.len();
        assert_eq!(call.dropped_attributes_count as usize, dropped);
        // The first stay, in their order, and each once.
        let first = |prefix: &str, many: usize| -> Vec<String> {
            (0..many).map(|at| format!("{prefix}{at}")).collect()
        };
        assert_eq!(start, first("start.", start.len()));
        assert_eq!(end, first("end.", end.len()));
    }
}

#[test]
fn users_attributes_that_fit_all_stay_however_late() {
    for (at_start, at_end) in [(100, 0), (100, 15), (60, 50)] {
        let (telemetry, memory) = Telemetry::in_memory();
        fails(&Hooks::new(telemetry.hooks()), at_start, at_end, 0);
        let spans = memory.spans();
        let call = call_of(&spans);
        assert_eq!(users(call, "start.").len(), at_start);
        assert_eq!(users(call, "end.").len(), at_end);
        assert_eq!(call.dropped_attributes_count, 0);
    }
}

#[test]
fn notes_of_progress_cannot_push_out_the_exception() {
    for (notes, kept, dropped) in [(126, 127, 0), (127, 128, 0), (128, 128, 1), (200, 128, 73)] {
        let (telemetry, memory) = Telemetry::in_memory();
        fails(&Hooks::new(telemetry.hooks()), 0, 0, notes);
        let spans = memory.spans();
        let events = &call_of(&spans).events;
        let exceptions = events.events.iter().filter(|it| it.name == "exception");
        assert_eq!(exceptions.count(), 1, "{notes}");
        assert_eq!(
            (events.events.len(), events.dropped_count),
            (kept, dropped),
            "{notes}"
        );
    }
}

#[test]
fn without_an_exception_notes_have_its_place() {
    for (notes, kept, dropped) in [(127, 127, 0), (128, 128, 0), (129, 128, 1), (300, 128, 172)] {
        let (telemetry, memory) = Telemetry::in_memory();
        let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
        let step = turn.open(Step::new(1));
        for at in 0..notes {
            step.progress(Progress::new(format!("note {at}")));
        }
        step.complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
        let events = &memory.spans()[0].events;
        let names: Vec<_> = events.events.iter().map(|it| it.name.to_string()).collect();
        let first: Vec<_> = (0..kept).map(|at| format!("note {at}")).collect();
        assert_eq!(names, first);
        assert_eq!(events.dropped_count, dropped);
    }
}

#[test]
fn a_long_note_is_cut() {
    let (telemetry, memory) = Telemetry::in_memory();
    let turn = Hooks::new(telemetry.hooks()).turn(Turn::new("assistant"));
    turn.progress(Progress::new("x".repeat(100_000)));
    turn.complete(TurnOutcome::default());
    assert_eq!(
        memory.spans()[0].events.events[0].name.chars().count(),
        32_768
    );
}

/// What a provider of one's own, with these limits, keeps of a call with 300 attributes and 300 notes.
fn kept(limits: SpanLimits, said: bool) -> SpanData {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_span_limits(limits)
        .with_simple_exporter(exporter.clone())
        .build();
    let hook = OTelHook::with_provider(&provider);
    let hook = if said {
        hook.with_span_limits(&limits)
    } else {
        hook
    };
    fails(&Hooks::new(hook), 200, 100, 300);
    call_of(&exporter.get_finished_spans().unwrap()).clone()
}

#[test]
fn a_provider_of_ones_own_keeps_its_limits() {
    let limits = |attributes, events| SpanLimits {
        max_attributes_per_span: attributes,
        max_events_per_span: events,
        ..SpanLimits::default()
    };
    let large = kept(limits(1000, 1000), false);
    assert_eq!(
        large.events.events.len(),
        301,
        "all notes, though nobody said the limits"
    );
    assert_eq!(
        users(&large, "start.").len() + users(&large, "end.").len(),
        300
    );
    for (attributes, events, said) in [(128, 128, false), (64, 10, true), (300, 200, true)] {
        let span = kept(limits(attributes, events), said);
        assert_eq!(span.attributes.len(), attributes as usize);
        assert_eq!(key_of(&span, "error.type").as_deref(), Some("timeout"));
        assert_eq!(span.events.events.len(), events as usize);
        assert!(span.events.events.iter().any(|it| it.name == "exception"));
        assert_eq!(span.events.dropped_count, 301 - events);
        assert!(span.events.events.iter().all(|it| it.name != "…"));
    }
}

/// The model call's span as it arrives under these variables.
fn arrived(vars: &[(&str, &str)]) -> (Telemetry, Span) {
    let receiver = Receiver::start(false, [Reply::Http(200, Vec::new(), Vec::new())]);
    let telemetry = Telemetry::from_vars(|name| match name {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" => Some(receiver.url.clone()),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".to_owned()),
        "OTEL_SERVICE_NAME" => Some("suite".to_owned()),
        _ => {
            let known = vars.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        }
    })
    .unwrap();
    fails(&Hooks::new(telemetry.hooks()), 140, 140, 200);
    telemetry.tracer_provider().unwrap().force_flush().unwrap();
    let requests = receiver
        .got()
        .into_iter()
        .map(|it| ExportTraceServiceRequest::decode(it.body.as_slice()).unwrap());
    let scopes = requests
        .flat_map(|it| it.resource_spans)
        .flat_map(|it| it.scope_spans);
    let call = scopes
        .flat_map(|it| it.spans)
        .find(|it| it.name == "model.inference");
    (telemetry, call.unwrap())
}

#[test]
fn the_variables_limits_leave_room_for_ours() {
    // The page's least is compared with the code by a test beside it.
    let page = include_str!("../../kaos-otel-hook/docs/attributes.md");
    let (_, least) = page.split_once("(128; ").unwrap();
    let least: usize = least.split_once(" at least)").unwrap().0.parse().unwrap();
    assert!(least < 60);
    for (attributes, holds, events) in [("10", least, "3"), ("60", 60, "1")] {
        let (_telemetry, call) = arrived(&[
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributes),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", events),
        ]);
        assert_eq!(call.attributes.len(), holds);
        for key in ["gen_ai.usage.input_tokens", "error.type"] {
            assert!(
                call.attributes.iter().any(|it| it.key == key),
                "{attributes} {key}"
            );
        }
        let ours = call
            .attributes
            .iter()
            .filter(|it| !it.key.contains("start.") && !it.key.contains("end."));
        let users = holds - ours.count();
        assert_eq!(call.dropped_attributes_count as usize, 280 - users);
        let events: u32 = events.parse().unwrap();
        assert_eq!(call.events.len(), events as usize);
        assert!(call.events.iter().any(|it| it.name == "exception"));
        assert_eq!(call.dropped_events_count, 201 - events);
    }
}
