//! Whatever the limit: content that claims to be JSON is JSON, and says where it was cut.

use std::sync::Arc;

use kaos_hooks::{
    Briefing, Hooks, LlmCall, LlmOutcome, RemoteAgent, Subagent, SubagentOutcome, ToolCall,
    ToolOutcome, Turn, TurnOutcome,
};
use kaos_otel_hook::{Capture, ContentSettings, GenAiEvents, OTelHook, Telemetry};
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry::logs::AnyValue;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message as _;
use serde_json::{Value, json};

/// What claims to be JSON.
const JSON: [&str; 6] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
];

/// What is said in one turn.
#[derive(Debug, Clone)]
struct Said {
    text: String,
    messages: Value,
    tools: Value,
    arguments: Value,
    result: Value,
}

/// A turn that says it in every place that carries content, three times: a part that is not cut has
/// not become another's.
fn tell(hooks: &Hooks, said: &Said) {
    let briefing = || {
        Some(Arc::new(Briefing {
            instructions: Some(said.text.clone().into()),
            tools: Some(said.tools.to_string().into()),
        }))
    };
    let turn = hooks.turn(Turn {
        input: Some(said.text.clone().into()),
        briefing: briefing(),
        ..Turn::new("assistant")
    });
    let call = turn.open(LlmCall {
        input: Some(said.messages.to_string().into()),
        briefing: briefing(),
        ..LlmCall::new("openai", "gpt-4o")
    });
    call.complete(LlmOutcome {
        output: Some(said.messages.to_string().into()),
        ..LlmOutcome::default()
    });
    let tool = turn.open(ToolCall {
        arguments: Some(said.arguments.to_string().into()),
        ..ToolCall::new("search")
    });
    tool.complete(ToolOutcome {
        result: Some(said.result.to_string().into()),
        ..ToolOutcome::default()
    });
    let remote = turn.open(Subagent {
        remote: Some(Box::new(RemoteAgent::default())),
        task: Some(said.text.clone().into()),
        ..Subagent::new("elsewhere")
    });
    remote.complete(SubagentOutcome {
        result: Some(said.text.clone().into()),
        ..SubagentOutcome::default()
    });
    turn.complete(TurnOutcome {
        text: Some(said.text.clone().into()),
        ..TurnOutcome::default()
    });
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zäß😀\"\\\\\n\u{1} ]{0,40}",
        (select(vec!["word ", "\"", "😀", "\u{7}"]), 0..1500_usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..12).prop_map(Value::from),
            vec(("[a-z]{1,9}", inner), 0..12)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn message() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        text().prop_map(|text| json!({ "type": "text", "content": text })),
        value().prop_map(
            |it| json!({ "type": "tool_call", "id": "call-1", "name": "search", "arguments": it })
        ),
        value()
            .prop_map(|it| json!({ "type": "tool_call_response", "id": "call-1", "result": it })),
    ];
    let role = select(vec!["user", "assistant", "tool", "system"]);
    (role, vec(part, 0..4)).prop_map(|(role, parts)| json!({ "role": role, "parts": parts }))
}

fn said() -> impl Strategy<Value = Said> {
    let tool = value()
        .prop_map(|schema| json!({ "type": "function", "name": "search", "parameters": schema }));
    let messages = vec(message(), 0..30).prop_map(Value::from);
    let tools = vec(tool, 0..10).prop_map(Value::from);
    (text(), messages, tools, value(), value()).prop_map(
        |(text, messages, tools, arguments, result)| Said {
            text,
            messages,
            tools,
            arguments,
            result,
        },
    )
}

fn capture() -> impl Strategy<Value = Capture> {
    select(vec![
        Capture::NoContent,
        Capture::SpanOnly,
        Capture::EventOnly,
        Capture::SpanAndEvent,
    ])
}

fn limit() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![
        Just(None),
        (0..80_usize).prop_map(Some),
        (80..6000_usize).prop_map(Some)
    ]
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A structured value of a log event as the JSON it stands for.
fn json_of(value: &AnyValue) -> Value {
    match value {
        AnyValue::Int(number) => (*number).into(),
        AnyValue::Double(number) => (*number).into(),
        AnyValue::String(text) => text.as_str().into(),
        AnyValue::Boolean(value) => (*value).into(),
        AnyValue::ListAny(list) => list.iter().map(json_of).collect(),
        AnyValue::Map(map) => {
            let fields = map.iter().map(|(key, it)| (key.to_string(), json_of(it)));
            Value::Object(fields.collect())
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_claims_to_be_json_is_json_whatever_the_limit(
        said in said(), capture in capture(), limit in limit()
    ) {
        let (spans, logs) = (InMemorySpanExporter::default(), InMemoryLogExporter::default());
        let tracing = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        let logging = SdkLoggerProvider::builder().with_simple_exporter(logs.clone()).build();
        let content = ContentSettings::new(capture);
        let hooks = Hooks::new((
            OTelHook::with_provider(&tracing)
                .with_content(content.clone())
                .with_value_length(limit),
            GenAiEvents::with_provider(&logging).with_content(content).with_value_length(limit),
        ));
        tell(&hooks, &said);

        let most = limit.unwrap_or(usize::MAX);
        for span in spans.get_finished_spans().unwrap() {
            let has_mark = span.attributes.iter().filter(|it| it.key.as_str() == "kaos.truncated");
            let marks = has_mark.count();
            prop_assert!(marks <= 1);
            for attribute in &span.attributes {
                let text = attribute.value.as_str();
                if JSON.contains(&attribute.key.as_str()) {
                    prop_assert!(length(&text) <= most, "{}: {text}", attribute.key);
                    let parsed = serde_json::from_str::<Value>(&text);
                    prop_assert!(parsed.is_ok(), "{}: {text}", attribute.key);
                    let is_cut = text.contains('…') || text.contains("kaos.truncated");
                    prop_assert!(!is_cut || marks == 1, "{}: {text}", attribute.key);
                }
            }
        }
        for log in logs.get_emitted_logs().unwrap() {
            for (key, value) in log.record.attributes_iter() {
                if JSON.contains(&key.as_str()) {
                    let text = json_of(value).to_string();
                    prop_assert!(length(&text) <= most, "{key}: {text}");
                } else if let AnyValue::String(text) = value {
                    prop_assert!(length(text.as_str()) <= most, "{key}: {text:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_record_exceeds_the_stated_bytes_and_its_json_is_json(
        said in said(), bytes in 4096..20_000_usize, service in prop_oneof![
            Just("suite".to_owned()), Just("x".repeat(50_000))
        ]
    ) {
        let receiver = Receiver::start(false, [Reply::Http(200, Vec::new(), Vec::new())]);
        let url = receiver.url.clone();
        let telemetry = Telemetry::from_vars(|name| Some(match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => url.clone(),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf".to_owned(),
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT" => "SPAN_AND_EVENT".to_owned(),
            "OTEL_SERVICE_NAME" => service.clone(),
            "OTEL_METRICS_EXPORTER" => "none".to_owned(),
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT" => "1000000".to_owned(),
            "KAOS_OTLP_MAX_REQUEST_BYTES" => bytes.to_string(),
            _ => return None,
        })).unwrap();
        tell(&Hooks::new(telemetry.hooks()), &said);
        telemetry.tracer_provider().unwrap().force_flush().unwrap();
        telemetry.logger_provider().unwrap().force_flush().unwrap();
        let (mut spans, mut events) = (0, 0);
        for got in receiver.got() {
            prop_assert!(got.body.len() <= bytes, "{} > {bytes}", got.body.len());
            if got.target.contains("traces") {
                let request = ExportTraceServiceRequest::decode(got.body.as_slice()).unwrap();
                let scopes = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
                for span in scopes.flat_map(|it| it.spans) {
                    spans += 1;
                    parses(&span.attributes)?;
                }
            } else {
                let request = ExportLogsServiceRequest::decode(got.body.as_slice()).unwrap();
                let scopes = request.resource_logs.into_iter().flat_map(|it| it.scope_logs);
                events += scopes.map(|it| it.log_records.len()).sum::<usize>();
            }
        }
        prop_assert_eq!((spans, events), (4, 1));
    }
}

fn parses(attributes: &[KeyValue]) -> Result<(), TestCaseError> {
    for attribute in attributes.iter().filter(|it| JSON.contains(&&*it.key)) {
        let value = attribute.value.as_ref().and_then(|it| it.value.as_ref());
        let Some(any_value::Value::StringValue(text)) = value else {
            return Err(TestCaseError::fail(format!("{attribute:?}")));
        };
        let parsed = serde_json::from_str::<Value>(text);
        prop_assert!(parsed.is_ok(), "{}: {text}", attribute.key);
    }
    Ok(())
}

#[test]
fn a_cut_conversation_keeps_its_ends_and_says_what_it_lost() {
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry.with_content(ContentSettings::new(Capture::SpanAndEvent));
    let message = |at| json!({ "role": "user", "parts": [{ "type": "text", "content": format!("{at} ").repeat(200) }] });
    let said = Said {
        text: "How long is the lease?".to_owned(),
        messages: (0..1000).map(message).collect(),
        tools: json!([]),
        arguments: json!({}),
        result: json!("42"),
    };
    tell(&Hooks::new(telemetry.hooks()), &said);
    let spans = memory.spans();
    let call = spans
        .iter()
        .find(|it| it.name == "model.inference")
        .unwrap();
    let value = |key: &str| call.attributes.iter().find(|it| it.key.as_str() == key);
    let text = value("gen_ai.input.messages").unwrap().value.as_str();
    assert!(
        (30_000..=32_768).contains(&length(&text)),
        "{}",
        length(&text)
    );
    let messages: Vec<Value> = serde_json::from_str(&text).unwrap();
    let content = |it: &Value| it["parts"][0]["content"].as_str().unwrap().to_owned();
    assert!(content(&messages[0]).starts_with("0 "));
    assert!(content(messages.last().unwrap()).starts_with("999 "));
    let marks: Vec<_> = messages
        .iter()
        .filter(|it| it["role"] == "kaos.truncated")
        .collect();
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0]["parts"][0]["count"], 1001 - messages.len());
    assert_eq!(value("kaos.truncated").unwrap().value, true.into());
    // The event says the same.
    let logs = memory.logs();
    let of_event = logs[0].record.attributes_iter();
    let of_event: Vec<_> = of_event
        .filter(|(key, _)| key.as_str() == "gen_ai.input.messages")
        .map(|(_, value)| json_of(value))
        .collect();
    assert_eq!(of_event, [Value::from(messages)]);
}
