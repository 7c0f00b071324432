//! Python functions as tools: each fault costs its own call, and is said by its span.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use kaos_tests::collectors;
use kaos_tests::tool_client::{Answer, ask, call};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::mcp_rogues::is_gone;

const FAULTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/tool_server/faulty.py");
const PATIENCE: Duration = Duration::from_secs(60);

fn kaos(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaos_under_test"));
    command.args(["mcp", "serve"]).args(arguments).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("OTEL_SDK_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The command, serving on a free port.
pub(super) struct Serving {
    child: Child,
    /// Read all the time: who is not heard is held up.
    rest: JoinHandle<String>,
    pub(super) address: SocketAddr,
    seen: Receiver<(String, Vec<u8>)>,
    _collector: collectors::Running,
}

impl Serving {
    pub(super) async fn start(arguments: &[&str]) -> Self {
        let (collector, seen) = collectors::recording();
        let mut command = kaos(arguments);
        command
            .args(["--port", "0", "--sessions", "0"])
            .env_remove("OTEL_SDK_DISABLED")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env(
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
                "SPAN_ONLY",
            );
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, stderr.read_line(&mut line)).await;
            assert!(read.unwrap().unwrap() > 0, "{said}");
            if let Some((_, at)) = line.trim_end().split_once(" at http://") {
                break at.trim_end_matches("/mcp").parse().unwrap();
            }
            said += &line;
        };
        let rest = tokio::spawn(async move {
            let mut rest = Vec::new();
            stderr.read_to_end(&mut rest).await.unwrap();
            String::from_utf8_lossy(&rest).into_owned()
        });
        Self {
            child,
            rest,
            address,
            seen,
            _collector: collector,
        }
    }

    async fn ask(&self, tool: &str, arguments: Value) -> Answer {
        let call = call(1, tool, arguments, json!({ "traceparent": super::PARENT }));
        ask(self.address, "POST", "/mcp", &[], &call.to_string()).await
    }

    /// What a client is told: whether it is an error, and the text.
    async fn call(&self, tool: &str, arguments: Value) -> (bool, String) {
        let message = self.ask(tool, arguments).await.message();
        let result = &message["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        (result["isError"] == true, text.to_owned())
    }

    /// Ends it as Kubernetes does; its spans, and what it wrote.
    async fn end(mut self) -> (Vec<Span>, String) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let said = tokio::time::timeout(PATIENCE, self.rest).await;
        let said = said.unwrap().unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert_eq!(ended.unwrap().unwrap().code(), Some(0), "{said}");
        let mut spans = Vec::new();
        for (head, body) in self.seen.try_iter() {
            if head.contains("/v1/traces") {
                let request = ExportTraceServiceRequest::decode(&*body).unwrap();
                let of_resource = request.resource_spans.into_iter();
                let of_scope = of_resource.flat_map(|it| it.scope_spans);
                spans.extend(of_scope.flat_map(|it| it.spans));
            }
        }
        (spans, said)
    }
}

fn said(span: &Span) -> BTreeMap<&str, &str> {
    let told = span.attributes.iter().filter_map(|it| {
        let Some(Any::StringValue(text)) = it.value.as_ref()?.value.as_ref() else {
            return None;
        };
        Some((it.key.as_str(), text.as_str()))
    });
    told.collect()
}

#[tokio::test]
async fn each_fault_costs_its_own_call_and_the_next_is_answered_within_a_second() {
    let faults = [
        (
            "raises",
            json!({ "text": "so" }),
            "not so",
            Some("tool_error"),
        ),
        (
            "holds",
            json!({}),
            "the result holds a object, which JSON cannot hold",
            Some("tool_error"),
        ),
        ("forever", json!({}), "no result within 2s", Some("timeout")),
        ("eats", json!({}), "out of memory", Some("out_of_memory")),
        ("prints", json!({ "mib": 4 }), "printed", None),
        ("forks", json!({}), "the parent", None),
        (
            "kills",
            json!({}),
            "the tool's process is gone: it was ended by the signal 9",
            Some("worker_died"),
        ),
        (
            "exits",
            json!({}),
            "the tool called sys.exit(3)",
            Some("tool_error"),
        ),
        (
            "twice",
            json!({ "x": "two" }),
            "the arguments do not fit the schema",
            Some("invalid_arguments"),
        ),
    ];
    let serving =
        Serving::start(&[FAULTY, "--workers", "2", "--time", "2", "--memory", "512"]).await;
    for (tool, arguments, text, kind) in &faults {
        let (failed, told) = serving.call(tool, arguments.clone()).await;
        assert!(told.starts_with(text), "{tool}: {told}");
        assert_eq!(failed, kind.is_some(), "{tool}");
        let began = Instant::now();
        assert_eq!(
            serving.call("twice", json!({ "x": 21 })).await,
            (false, "42".to_owned())
        );
        let took = began.elapsed();
        assert!(took < Duration::from_secs(1), "after {tool}: {took:?}");
    }
    // A worker that is killed while nobody asks costs nobody anything.
    for _ in 0..2 {
        let (_, pid) = serving.call("pid", json!({})).await;
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        while !is_gone(&pid) {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            serving.call("twice", json!({ "x": 1 })).await,
            (false, "2".to_owned())
        );
    }
    let (spans, lines) = serving.end().await;
    for (tool, _, _, kind) in faults {
        let name = format!("tools/call {tool}");
        let of_tool = |span: &&Span| span.name == name;
        let span = spans
            .iter()
            .filter(of_tool)
            .find(|span| said(span).get("error.type").copied() == kind);
        let span = span.unwrap_or_else(|| panic!("{tool}: {spans:#?}"));
        assert_eq!(span.kind, 2, "{tool}");
        if tool == "raises" {
            let exception = span
                .events
                .iter()
                .find(|it| it.name == "exception")
                .unwrap();
            let details: BTreeMap<_, _> = exception
                .attributes
                .iter()
                .map(|it| (it.key.as_str(), format!("{:?}", it.value)))
                .collect();
            assert!(
                details["exception.type"].contains("ValueError"),
                "{details:?}"
            );
            assert!(
                details["exception.stacktrace"].contains("in raises"),
                "{details:?}"
            );
        }
    }
    // What the code prints is a line with the call's ids.
    let twice = spans
        .iter()
        .find(|span| span.name == "tools/call twice")
        .unwrap();
    let trace = twice
        .trace_id
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect::<String>();
    let printed: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("doubling 21"))
        .collect();
    assert_eq!(printed.len(), 9, "{lines}");
    assert!(
        printed.iter().all(|line| line.contains(&trace)),
        "{printed:?}"
    );
    assert!(lines.contains("more lines"), "{lines}");
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered_and_an_env_variable_names_the_call() {
    let serving = Serving::start(&[FAULTY, "--workers", "2"]).await;
    let calls = (0..100).map(|x| serving.call("twice", json!({ "x": x })));
    let answers = futures_util::future::join_all(calls).await;
    for (x, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, (false, (2 * x).to_string()));
    }
    let (_, carried) = serving.call("where", json!({})).await;
    assert!(
        carried.starts_with(&format!("00-{}-", super::TRACE)),
        "{carried}"
    );
    // A client that goes away in the middle: its call is cancelled, and the worker is free again.
    for _ in 0..2 {
        let asking = serving.ask("sleeps", json!({ "seconds": 50 }));
        assert!(
            tokio::time::timeout(Duration::from_millis(300), asking)
                .await
                .is_err()
        );
    }
    let began = Instant::now();
    assert_eq!(serving.call("twice", json!({ "x": 1 })).await.1, "2");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let (spans, _) = serving.end().await;
    let cancelled = spans.iter().filter(|span| {
        span.name == "tools/call sleeps" && said(span).get("error.type") == Some(&"cancelled")
    });
    assert_eq!(cancelled.count(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_the_code_or_the_machine_is_said_at_once() {
    let broken = "def f(:\n    pass\n";
    let output = kaos(&["--tools-string", broken, "--port", "0"])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "File \"<tools-string>\", line 1",
        "def f(:",
        "^",
        "SyntaxError",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = ["--tools-string", "", "--python", "no-such-python"];
    let output = kaos(&missing).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("install Python 3.9 or newer"), "{text}");
}
