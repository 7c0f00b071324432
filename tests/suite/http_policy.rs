//! One policy for every HTTP client of the workspace: keys go to the server that was named, and
//! nowhere else.

use std::process::Command;
use std::sync::{Arc, Mutex};

use kaos_otel_hook::{Settings, Telemetry};
use kaos_runner::mcp::McpServer;
use kaos_runner::models::{Retries, SetupError};
use kaos_runner::{
    Agent, AnthropicModel, Model, OpenAiModel, Runner, ToolContext, ToolSource as _, TurnErrorKind,
};
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};

const KEY: &str = "sk-policy-0123456789";

/// The clients.
#[derive(Debug, Clone, Copy)]
enum Client {
    OpenAi,
    Anthropic,
    Mcp,
    /// The exporter of spans, over HTTP.
    Otlp,
}

const CLIENTS: [Client; 4] = [Client::OpenAi, Client::Anthropic, Client::Mcp, Client::Otlp];

impl Client {
    /// Sends something to this base URL; `Err` is all that it says of what went wrong.
    async fn send(self, url: &str) -> Result<(), String> {
        let once = Retries {
            attempts: 1,
            ..Retries::default()
        };
        let model: Result<Arc<dyn Model>, SetupError> = match self {
            Self::OpenAi => {
                let model = OpenAiModel::builder(url, "m")
                    .api_key(KEY)
                    .retries(once)
                    .build();
                model.map(|model| Arc::new(model) as Arc<dyn Model>)
            }
            Self::Anthropic => {
                let model = AnthropicModel::builder("m").base_url(url).api_key(KEY);
                model
                    .retries(once)
                    .build()
                    .map(|model| Arc::new(model) as Arc<dyn Model>)
            }
            Self::Mcp => {
                let server = McpServer::http(url.to_owned()).header("x-api-key", KEY);
                let listed = server.tools(&ToolContext::default()).await;
                return listed
                    .map(drop)
                    .map_err(|why| format!("{why:?} {why} {server:?}"));
            }
            Self::Otlp => return export(url.to_owned()).await,
        };
        let model = model.map_err(|why| format!("{why:?} {why}"))?;
        let shown = format!("{model:?}", model = model.call());
        let answered = Runner::new(Agent::new("a", model)).turn("Hi!", "s").await;
        answered.map(drop).map_err(|error| {
            let TurnErrorKind::Model(why) = error.kind() else {
                return format!("{error:?}");
            };
            format!("{shown} {why:?} {why}")
        })
    }
}

/// A server that answers everything with a failure.
fn refusing() -> Receiver {
    Receiver::start(false, [Reply::Http(500, Vec::new(), Vec::new())])
}

/// A span to this endpoint; what went wrong, and all that was said from the start.
async fn export(url: String) -> Result<(), String> {
    let vars = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(url.clone()),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".to_owned()),
        "OTEL_EXPORTER_OTLP_HEADERS" => Some(format!("x-api-key={KEY}")),
        "OTEL_EXPORTER_OTLP_TIMEOUT" => Some("1000".to_owned()),
        "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => Some("none".to_owned()),
        _ => None,
    };
    let written = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&written);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || crate::hooks::Shared(Arc::clone(&to)))
        .finish();
    let (settings, telemetry) = tracing::subscriber::with_default(subscriber, || {
        (Settings::from_vars(vars), Telemetry::from_vars(vars))
    });
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let said = format!("{text} {settings:?} {telemetry:?}");
    let telemetry = telemetry.map_err(|why| format!("{said} {why:?} {why}"))?;
    let Some(provider) = telemetry.tracer_provider().cloned() else {
        return Err(said);
    };
    provider.tracer("test").start("span").end();
    let sent = tokio::task::spawn_blocking(move || provider.force_flush()).await;
    let sent = sent.unwrap();
    sent.map_err(|why| format!("{said} {why:?} {why} {:?}", telemetry.stats()))
}

#[tokio::test]
async fn no_redirection_is_followed() {
    for client in CLIENTS {
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = refusing();
            let place = vec![("location", format!("{}/v1", elsewhere.url))];
            let server = Receiver::start(false, [Reply::Http(status, place, Vec::new())]);
            client.send(&server.url).await.unwrap_err();
            assert_eq!(server.got().len(), 1, "{client:?} {status}");
            assert!(elsewhere.got().is_empty(), "{client:?} {status}");
        }
    }
}

#[tokio::test]
async fn credentials_in_a_url_are_never_shown() {
    let server = refusing();
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for client in CLIENTS {
        // One that answers with an error, one that nobody is behind, and ones that are none.
        for url in [
            format!("http://me:secret-word@127.0.0.1:{port}/x"),
            "http://me:secret-word@127.0.0.1:1/x".to_owned(),
            format!("http://127.0.0.1:{port}/x?api_key=secret-word"),
            "http://127.0.0.1:1/x?api_key=secret-word".to_owned(),
            "http://me:secret-word@[::1/x".to_owned(),
        ] {
            let said = client.send(&url).await.unwrap_err();
            assert!(!said.contains("secret-word"), "{client:?}: {said}");
        }
    }
}

/// What a receiver sees of an endpoint: path and query, and who asks.
#[tokio::test]
async fn a_user_in_an_endpoint_is_a_header_and_a_query_stays_behind_the_path() {
    let endpoint = |at: &str| format!("http://me:p%40ss@{at}/base/?api_key=k");
    let vars = |url: String, protocol: &'static str, headers: &'static str| {
        move |name: &str| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(url.clone()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(protocol.to_owned()),
            "OTEL_EXPORTER_OTLP_HEADERS" => Some(headers.to_owned()),
            "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => Some("none".to_owned()),
            _ => None,
        }
    };
    let basic = "Basic bWU6cEBzcw=="; // me:p@ss
    for (http2, protocol, target, headers, expected) in [
        (
            false,
            "http/protobuf",
            "/base/v1/traces?api_key=k",
            "",
            basic,
        ),
        (
            false,
            "http/protobuf",
            "/base/v1/traces?api_key=k",
            "Authorization=Bearer%20x",
            "Bearer x",
        ),
        (
            true,
            "grpc",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            "",
            basic,
        ),
    ] {
        let reply = if http2 {
            Reply::Message(Vec::new())
        } else {
            Reply::Http(200, Vec::new(), Vec::new())
        };
        let receiver = Receiver::start(http2, [reply]);
        let url = endpoint(receiver.url.trim_start_matches("http://"));
        let telemetry = Telemetry::from_vars(vars(url, protocol, headers)).unwrap();
        let tracer = telemetry.tracer_provider().unwrap().tracer("test");
        tracer.start("span").end();
        assert_eq!(telemetry.shutdown().await.traces.exported, 1);
        let got = receiver.got();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].target, target);
        let said: Vec<_> = got[0].headers.get_all("authorization").iter().collect();
        assert_eq!(said, [expected]);
    }
}

/// In a process of its own, whose environment names a proxy.
#[test]
fn this_machine_is_asked_directly_and_others_through_the_proxy() {
    const CHILD: &str = "KAOS_TESTS_PROXY";
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let Ok(proxy_seen) = std::env::var(CHILD) else {
        let proxy = refusing();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "--nocapture"])
            .arg("http_policy::this_machine_is_asked_directly_and_others_through_the_proxy")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env(CHILD, "1");
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            child.env(name, &proxy.url);
        }
        let output = child.output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let asked: Vec<String> = proxy.got().into_iter().map(|it| it.uri).collect();
        assert_eq!(
            asked.len(),
            CLIENTS.len(),
            "only for the host elsewhere: {asked:?}"
        );
        assert!(
            asked
                .iter()
                .all(|line| line.starts_with("http://models.test")),
            "{asked:?}"
        );
        return;
    };
    assert_eq!(proxy_seen, "1");
    runtime.block_on(async {
        for client in CLIENTS {
            let server = refusing();
            let port = server.url.rsplit(':').next().unwrap().to_owned();
            for host in [
                "127.0.0.1",
                "localhost",
                "127.8.9.10",
                "[::ffff:127.0.0.1]",
                "kaos.localhost",
                "localhost.",
            ] {
                // It may be refused, or have no such name; the proxy does not hear of it.
                let _refused = client.send(&format!("http://{host}:{port}/v1")).await;
            }
            assert!(server.got().len() >= 2, "{client:?}");
            client.send("http://models.test/v1").await.unwrap_err();
        }
    });
}
