//! `kaos mcp serve` as a process, and who sees what it exports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::time::Duration;

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

/// Tools that do one thing each, most of them harm.
pub(super) const FAULTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/tool_server/faulty.py");

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn kaos(arguments: &[&str]) -> Command {
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
        let mut command = kaos(arguments);
        command.args(["--port", "0", "--sessions", "0"]);
        Self::by(command).await
    }

    /// As this command serves.
    pub(super) async fn by(mut command: Command) -> Self {
        let (collector, seen) = collectors::recording();
        command
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

    /// The names and the input schemas of its tools.
    pub(super) async fn list(&self) -> BTreeMap<String, Value> {
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let answer = ask(self.address, "POST", "/mcp", &[], &list.to_string()).await;
        let told = answer.message();
        let tools = told["result"]["tools"].as_array().unwrap().iter();
        let named = tools.map(|it| {
            let name = it["name"].as_str().unwrap_or_default();
            (name.to_owned(), it["inputSchema"].clone())
        });
        named.collect()
    }

    pub(super) async fn ask(&self, tool: &str, arguments: Value) -> Answer {
        let call = call(
            1,
            tool,
            &arguments,
            &json!({ "traceparent": super::PARENT }),
        );
        ask(self.address, "POST", "/mcp", &[], &call.to_string()).await
    }

    /// What a client is told: whether it is an error, and the text.
    pub(super) async fn call(&self, tool: &str, arguments: Value) -> (bool, String) {
        let message = self.ask(tool, arguments).await.message();
        let result = &message["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        (result["isError"] == true, text.to_owned())
    }

    /// The most memory that it has had.
    pub(super) fn peak_mib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
        let kib = peak.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() / 1024
    }

    /// Ends it as Kubernetes does; its spans, and what it wrote.
    pub(super) async fn end(self) -> (Vec<Span>, String) {
        let (spans, _, said) = self.end_with_others().await;
        (spans, said)
    }

    /// The same, and the spans that others sent, as JSON.
    pub(super) async fn end_with_others(mut self) -> (Vec<Span>, Vec<Value>, String) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let said = tokio::time::timeout(PATIENCE, self.rest).await;
        let said = said.unwrap().unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert_eq!(ended.unwrap().unwrap().code(), Some(0), "{said}");
        let (spans, others) = spans_of(&self.seen);
        (spans, others, said)
    }
}

/// What a collector has seen: our spans, and those that came as JSON.
pub(super) fn spans_of(seen: &Receiver<(String, Vec<u8>)>) -> (Vec<Span>, Vec<Value>) {
    let (mut spans, mut others) = (Vec::new(), Vec::new());
    for (head, body) in seen.try_iter() {
        if !head.contains("/v1/traces") {
            continue;
        }
        if head
            .to_lowercase()
            .contains("content-type: application/json")
        {
            others.push(super::parsed(std::str::from_utf8(&body).unwrap()));
            continue;
        }
        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
        let of_resource = request.resource_spans.into_iter();
        let of_scope = of_resource.flat_map(|it| it.scope_spans);
        spans.extend(of_scope.flat_map(|it| it.spans));
    }
    (spans, others)
}

/// What a span says in words.
pub(super) fn said(span: &Span) -> BTreeMap<&str, &str> {
    let told = span.attributes.iter().filter_map(|it| {
        let Some(Any::StringValue(text)) = it.value.as_ref()?.value.as_ref() else {
            return None;
        };
        Some((it.key.as_str(), text.as_str()))
    });
    told.collect()
}
