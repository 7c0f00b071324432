//! One question to the research team is one trace over all of its processes.

use std::fmt::Write as _;

use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustix::process::Signal;

use super::{Home, QUESTION, SCRIPTED, Up, all_gone, said};

struct Seen {
    /// Spans, each with its service.
    spans: Vec<(String, Span)>,
    /// The trace ids of log records.
    logged: Vec<String>,
    trace: String,
}

fn value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|it| it.key == name)?;
    found.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    match value(attributes, name)? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn number(attributes: &[KeyValue], name: &str) -> i64 {
    match value(attributes, name) {
        Some(Value::IntValue(number)) => *number,
        _ => 0,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, it| {
        write!(text, "{it:02x}").unwrap();
        text
    })
}

/// Asks a team that sends its telemetry here, and stops it.
async fn asked(name: &str, team: &str) -> Seen {
    let receiver = Receiver::start(false, vec![Reply::Http(200, Vec::new(), Vec::new())]);
    let home = Home::new(name);
    let file = home.file(team);
    let mut command = home.kaos(&["up", "-f", &file, "--telemetry", &receiver.url]);
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    let mut up = Up::start(command);
    up.until("kaos down").await;
    let processes = home.processes();
    let answer = home.run(&["invoke", "coordinator", QUESTION]).await;
    let said = said(&answer);
    assert_eq!(answer.status.code(), Some(0), "{said}");
    let trace = said.split("trace ").nth(1).unwrap().trim().to_owned();
    up.signal(Signal::TERM);
    let (shown, code) = up.end().await;
    assert_eq!(code, Some(0), "{shown:#?}");
    let last = shown.last().unwrap();
    assert!(last.starts_with("all 6 have ended in order"), "{shown:#?}");
    all_gone(&processes);
    let got = receiver.got();
    let bodies = |target: &'static str| got.iter().filter(move |it| it.target == target);
    let mut spans = Vec::new();
    for body in bodies("/v1/traces") {
        let request = ExportTraceServiceRequest::decode(&*body.body).unwrap();
        for of in request.resource_spans {
            let resource = of.resource.unwrap_or_default().attributes;
            let service = text(&resource, "service.name").unwrap();
            let namespace = text(&resource, "service.namespace");
            assert_eq!(namespace.as_deref(), Some("research"), "{service}");
            let all = of.scope_spans.into_iter().flat_map(|it| it.spans);
            spans.extend(all.map(|it| (service.clone(), it)));
        }
    }
    let records = bodies("/v1/logs").flat_map(|body| {
        let request = ExportLogsServiceRequest::decode(&*body.body).unwrap();
        let scopes = request.resource_logs.into_iter();
        let scopes = scopes.flat_map(|it| it.scope_logs);
        scopes.flat_map(|it| it.log_records).collect::<Vec<_>>()
    });
    let logged = records.map(|it| hex(&it.trace_id));
    Seen {
        spans,
        logged: logged.filter(|it| !it.is_empty()).collect(),
        trace,
    }
}

impl Seen {
    /// The spans of the question's trace as a tree: each with its service, below the one that is its parent.
    fn tree(&self) -> String {
        let all = self.spans.iter();
        let mut all: Vec<_> = all
            .filter(|(_, it)| hex(&it.trace_id) == self.trace)
            .collect();
        all.sort_by_key(|(_, it)| it.start_time_unix_nano);
        let mut shown = String::new();
        below(&all, &[], 0, &mut shown);
        assert_eq!(
            shown.lines().count(),
            all.len(),
            "each span has its parent: {shown}"
        );
        shown
    }
}

fn failed(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|it| it.code == 2)
}

fn below(all: &[&(String, Span)], parent: &[u8], depth: usize, shown: &mut String) {
    for (service, span) in all.iter().filter(|(_, it)| it.parent_span_id == parent) {
        let error = if failed(span) { " ERROR" } else { "" };
        let indent = "  ".repeat(depth);
        writeln!(shown, "{indent}{service}: {}{error}", span.name).unwrap();
        below(all, &span.span_id, depth + 1, shown);
    }
}

#[tokio::test]
async fn one_question_is_one_trace_over_six_processes_edge_by_edge() {
    let seen = asked("traced", SCRIPTED).await;
    let tree = seen.tree();
    assert_eq!(tree, include_str!("traced.txt"), "{tree}");
    // Tokens are told once a call: by the agent that made it, and by the proxy that forwarded it.
    let sum = |service: &str, name: &str| -> i64 {
        let spans = seen.spans.iter().filter(|(of, it)| {
            let operation = text(&it.attributes, "gen_ai.operation.name");
            of == service && operation.as_deref() == Some("chat")
        });
        spans.map(|(_, it)| number(&it.attributes, name)).sum()
    };
    for (service, input, output) in [
        ("llm", 530, 101),
        ("coordinator", 270, 49),
        ("researcher", 175, 36),
        ("analyst", 85, 16),
    ] {
        let told = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"];
        assert_eq!(
            told.map(|it| sum(service, it)),
            [input, output],
            "{service}"
        );
    }
    assert!(
        seen.logged.iter().all(|it| *it == seen.trace),
        "lines have the ids of their turn"
    );
}

/// A search that finds nothing raises: its span has the exception, and the team answers all the same.
#[tokio::test]
async fn a_failing_search_is_an_error_with_its_exception() {
    let team = SCRIPTED.replace(r#"{"query": "lease"}"#, r#"{"query": "weather"}"#);
    let seen = asked("failing", &team).await;
    let failures = |service: &str| -> Vec<&Span> {
        let all = seen
            .spans
            .iter()
            .filter(|(of, it)| of == service && failed(it));
        all.map(|(_, it)| it).collect()
    };
    let searches = failures("web-search");
    assert_eq!(searches.len(), 1, "{}", seen.tree());
    let exception = searches[0].events.iter().find(|it| it.name == "exception");
    let exception = exception.unwrap();
    let kind = text(&exception.attributes, "exception.type");
    assert_eq!(kind.as_deref(), Some("LookupError"));
    let researcher = failures("researcher");
    assert!(
        researcher.iter().any(|it| it.name.contains("search")),
        "{}",
        seen.tree()
    );
}
