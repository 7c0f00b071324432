//! What a served agent exports and writes: SERVER and CLIENT spans, metrics, and lines.

use kaos_tests::mcp_server::OverHttp;
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use serde_json::json;

use super::model::{Calc, Tagged};
use super::{CHAT, JSON, Served};

const TRACE: &str = "11111111111111111111111111111111";
const PARENT: &str = "00-11111111111111111111111111111111-2222222222222222-01";

struct Run {
    spans: Vec<Span>,
    requests: Vec<(String, i64)>,
    lines: String,
    /// The `traceparent` of each request that the model was sent.
    sent: Vec<String>,
}

/// A tool's turn and a turn whose client goes away, both of one caller, and probes, with these variables.
async fn run(more: &[(&str, &str)]) -> Run {
    let receiver = Receiver::start(false, vec![Reply::Http(200, Vec::new(), Vec::new())]);
    let (model, calc) = (Tagged::start().await, OverHttp::start(Calc).await);
    let place = calc.url();
    let mut variables = vec![
        ("AGENT_NAME", "solo"),
        ("MODEL_API_URL", &*model.url),
        ("MODEL_NAME", "mock-model"),
        ("MCP_SERVERS", "calc"),
        ("MCP_SERVER_CALC_URL", &place),
        ("OTEL_SDK_DISABLED", "false"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=demo"),
    ];
    variables.extend(more);
    let served = Served::start(&variables).await;
    // Not yet `/ready`, which would connect to the server of tools for no run.
    for probe in ["/health", "/nowhere"] {
        served.get(probe).await;
    }
    let headers = [JSON, ("traceparent", PARENT), ("user-agent", "suite")];
    let question =
        |text: &str| json!({ "messages": [{ "role": "user", "content": text }] }).to_string();
    let answer = served
        .ask("POST", CHAT, &headers, &question("[tool] add"))
        .await;
    assert_eq!(
        answer.text().as_deref(),
        Some("The tool said: 5"),
        "{answer:?}"
    );
    let gone = served
        .send("POST", CHAT, &headers, &question("[hang]"))
        .await;
    while model.asked().len() < 3 {
        tokio::task::yield_now().await;
    }
    drop(gone);
    served.get("/ready").await;
    let (output, _) = served.stop().await;
    assert_eq!(output.status.code(), Some(0));
    let got = receiver.got();
    let bodies = |target: &'static str| {
        let got = got.iter().filter(move |got| got.target == target);
        got.map(|got| got.body.as_slice())
    };
    let spans = bodies("/v1/traces").flat_map(|body| {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request
            .resource_spans
            .into_iter()
            .flat_map(|it| it.scope_spans);
        scopes.flat_map(|it| it.spans).collect::<Vec<_>>()
    });
    let last = bodies("/v1/metrics").next_back().unwrap();
    Run {
        spans: spans.collect(),
        requests: requests(&ExportMetricsServiceRequest::decode(last).unwrap()),
        lines: String::from_utf8(output.stdout).unwrap(),
        sent: model
            .asked()
            .into_iter()
            .map(|it| it.traceparent.unwrap())
            .collect(),
    }
}

/// The points of `kaos.requests`: the agent's name, and how many.
fn requests(exported: &ExportMetricsServiceRequest) -> Vec<(String, i64)> {
    let scopes = exported
        .resource_metrics
        .iter()
        .flat_map(|it| &it.scope_metrics);
    let metrics = scopes.flat_map(|it| &it.metrics);
    let mut points = Vec::new();
    for metric in metrics.filter(|metric| metric.name == "kaos.requests") {
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("it is a counter: {metric:?}");
        };
        for point in &sum.data_points {
            let name = point
                .attributes
                .iter()
                .find(|it| it.key == "agent.name")
                .unwrap();
            let name = text(name.value.as_ref().unwrap().value.as_ref().unwrap());
            let Some(Number::AsInt(count)) = point.value else {
                panic!("it is whole: {point:?}");
            };
            points.push((name, count));
        }
    }
    points
}

fn text(value: &AnyValue) -> String {
    match value {
        AnyValue::StringValue(text) => text.clone(),
        AnyValue::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key == key)?;
    Some(text(found.value.as_ref()?.value.as_ref()?))
}

impl Run {
    fn of_kind(&self, kind: SpanKind) -> Vec<&Span> {
        let spans = self.spans.iter();
        let spans = spans.filter(|span| span.kind() == kind);
        // Of HTTP; a model's call is of kind CLIENT, too.
        spans
            .filter(|span| attribute(span, "http.request.method").is_some())
            .collect()
    }

    #[track_caller]
    fn parent(&self, of: &Span) -> &Span {
        let parent = self
            .spans
            .iter()
            .find(|span| span.span_id == of.parent_span_id);
        parent.unwrap_or_else(|| panic!("{} has no parent here", of.name))
    }
}

/// Each request that goes out has a span under the operation that makes it, and goes out in its name.
#[track_caller]
fn check_clients(run: &Run) {
    // What keeps a connection to a tool server, and ends it, is of no turn.
    let clients = run.of_kind(SpanKind::Client).into_iter();
    let clients: Vec<_> = clients.filter(|it| !it.parent_span_id.is_empty()).collect();
    let models: Vec<_> = clients
        .iter()
        .filter(|span| run.parent(span).name == "model.inference")
        .collect();
    assert_eq!(models.len(), 3, "one for each request to the model");
    let named: Vec<String> = models
        .iter()
        .map(|span| format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id)))
        .collect();
    for sent in &run.sent {
        assert!(
            named.contains(sent),
            "{sent} goes out in the client span's name: {named:?}"
        );
    }
    // Under the names of now, and of before.
    for span in &models {
        for (now, before) in [
            ("http.request.method", "http.method"),
            ("url.full", "http.url"),
            ("server.address", "net.peer.name"),
            ("server.port", "net.peer.port"),
        ] {
            let value = attribute(span, now);
            assert!(value.is_some(), "{now}: {span:?}");
            assert_eq!(attribute(span, before), value, "{before}");
        }
        let status = attribute(span, "http.response.status_code");
        assert_eq!(attribute(span, "http.status_code"), status);
        assert_eq!(span.name, "POST");
    }
    let answered = models
        .iter()
        .filter(|it| attribute(it, "http.response.status_code").as_deref() == Some("200"));
    assert_eq!(answered.count(), 2, "the third was cancelled");
    let rest: Vec<_> = clients
        .iter()
        .filter(|span| run.parent(span).name != "model.inference")
        .collect();
    let parents: Vec<&str> = rest
        .iter()
        .map(|span| run.parent(span).name.as_str())
        .collect();
    assert!(
        rest.len() >= 4,
        "initialize, initialized, tools/list, tools/call: {parents:?}"
    );
    assert!(parents.contains(&"tool.add"), "{parents:?}");
    assert!(
        rest.iter().all(|span| hex(&span.trace_id) == TRACE),
        "all in the caller's trace"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_spans_stand_between_the_caller_the_turn_and_those_it_asks_in_one_trace() {
    let run = run(&[
        ("OTEL_INCLUDE_HTTP_SERVER", "true"),
        ("OTEL_INCLUDE_HTTP_CLIENT", "true"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup"),
    ])
    .await;
    let servers = run.of_kind(SpanKind::Server);
    let named = |name: &str| servers.iter().filter(|span| span.name == name).count();
    assert_eq!(
        (named("POST /v1/chat/completions"), named("GET")),
        (2, 1),
        "{servers:?}"
    );
    assert_eq!(servers.len(), 3, "probes have none: {servers:?}");
    let chats: Vec<&&Span> = servers
        .iter()
        .filter(|span| span.name.starts_with("POST"))
        .collect();
    for span in &chats {
        assert_eq!(hex(&span.trace_id), TRACE);
        assert_eq!(hex(&span.parent_span_id), "2222222222222222");
        for (name, before, value) in [
            ("http.request.method", "http.method", "POST"),
            ("url.path", "http.target", CHAT),
            ("url.scheme", "http.scheme", "http"),
            ("http.route", "http.route", CHAT),
            ("network.protocol.version", "http.flavor", "1.1"),
            ("server.address", "net.host.name", "localhost"),
            ("user_agent.original", "http.user_agent", "suite"),
        ] {
            assert_eq!(attribute(span, name).as_deref(), Some(value), "{name}");
            assert_eq!(attribute(span, before).as_deref(), Some(value), "{before}");
            let times = span.attributes.iter().filter(|it| it.key == name).count();
            assert_eq!(times, 1, "{name}");
        }
    }
    let whole: Vec<_> = chats
        .iter()
        .map(|span| attribute(span, "error.type"))
        .collect();
    assert!(
        whole.contains(&None) && whole.contains(&Some("cancelled".to_owned())),
        "{whole:?}"
    );

    let turns: Vec<&Span> = run
        .spans
        .iter()
        .filter(|it| it.name == "agent.turn")
        .collect();
    assert_eq!(turns.len(), 2);
    for turn in turns {
        assert_eq!(
            run.parent(turn).kind(),
            SpanKind::Server,
            "the turn is the request's child"
        );
    }
    check_clients(&run);

    assert!(
        run.lines
            .contains("] kaos::access: POST /v1/chat/completions 200"),
        "{}",
        run.lines
    );
    assert!(!run.lines.contains("/health"), "{}", run.lines);
    assert_eq!(
        run.requests.iter().map(|(_, count)| count).sum::<i64>(),
        2,
        "{:?}",
        run.requests
    );
    assert!(
        run.requests.iter().all(|(name, _)| name == "solo"),
        "{:?}",
        run.requests
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_switches_there_are_no_http_spans_and_no_access_lines() {
    let run = run(&[]).await;
    assert_eq!(run.of_kind(SpanKind::Server).len(), 0);
    assert_eq!(run.of_kind(SpanKind::Client).len(), 0);
    let turns = run.spans.iter().filter(|it| it.name == "agent.turn");
    for turn in turns {
        assert_eq!(
            hex(&turn.parent_span_id),
            "2222222222222222",
            "the caller's child"
        );
    }
    for absent in ["kaos::access", "hyper", "reqwest"] {
        assert!(!run.lines.contains(absent), "{}", run.lines);
    }
    let on = run
        .lines
        .lines()
        .find(|line| line.contains("OTel: on, traces to http://127.0.0.1:"));
    let on = on.unwrap_or_else(|| panic!("{}", run.lines));
    assert!(
        on.ends_with("(service solo, service.namespace demo, log level info)"),
        "{on}"
    );
    assert_eq!(
        run.requests.iter().map(|(_, count)| count).sum::<i64>(),
        2,
        "{:?}",
        run.requests
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_names_are_those_of_the_first_agents() {
    let run = run(&[
        ("KAOS_SPAN_NAMES", "operator"),
        ("OTEL_SERVICE_NAME", "named"),
    ])
    .await;
    let mut names: Vec<&str> = run.spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in [
        "agent.agentic_loop",
        "agent.step.1",
        "agent.step.2",
        "model.inference",
        "tool.add",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(run.lines.contains("(service named, "), "{}", run.lines);
}
