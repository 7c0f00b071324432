//! The SERVER span of a streamed answer: it lasts until the client has all of it, or is gone.

use std::time::{Duration, SystemTime};

use kaos_otel_hook::{HttpServerLayer, HttpSettings, Memory, Telemetry};
use kaos_runner::server::{Bounds, Drain, Server, listen};
use kaos_runner::{Agent, Model, Runner};
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;
use tokio::net::TcpListener;

use super::client::{Connection, post};
use super::{Stepwise, question};

/// A server with SERVER spans: its spans, and a connection on which a streamed answer has begun.
async fn streaming(model: impl Model) -> (Memory, Telemetry, Connection) {
    let (telemetry, memory) = Telemetry::in_memory();
    let runner = Runner::new(Agent::new("assistant", model)).hooks(telemetry.hooks());
    let mut settings = HttpSettings::default();
    settings.server = true;
    let routes = Server::new(runner)
        .router()
        .layer(HttpServerLayer::new(&telemetry, &settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (bounds, drain) = (Bounds::default(), Drain::default());
        listen(listener, routes, &bounds, &drain, tokio_stream::pending()).await
    });
    let mut connection = Connection::open(at).await;
    let body = question("Count!", json!({ "stream": true })).to_string();
    connection
        .send(&post("/v1/chat/completions", &[], body.as_bytes()))
        .await;
    assert_eq!(connection.head().await.0, 200);
    connection.chunk().await.unwrap(); // the role
    (memory, telemetry, connection)
}

fn server_span(memory: &Memory) -> Option<SpanData> {
    memory
        .spans()
        .into_iter()
        .find(|span| span.span_kind == SpanKind::Server)
}

async fn ended(memory: &Memory) -> SpanData {
    let waiting = async {
        loop {
            if let Some(span) = server_span(memory) {
                return span;
            }
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    ended.expect("the span ends")
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key.as_str() == key);
    found.map(|it| it.value.to_string())
}

#[tokio::test]
async fn it_ends_with_the_last_byte_and_lasts_as_long_as_the_stream() {
    let (model, may) = Stepwise::new(["One", ", two"]);
    let (memory, _telemetry, mut connection) = streaming(model).await;
    may.add_permits(1);
    connection.chunk().await.unwrap();
    let in_the_middle = SystemTime::now();
    assert!(server_span(&memory).is_none(), "the stream goes on");
    may.add_permits(2);
    while connection.chunk().await.is_some() {}
    let span = ended(&memory).await;
    assert!(span.start_time < in_the_middle && span.end_time > in_the_middle);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        attribute(&span, "http.response.status_code").as_deref(),
        Some("200")
    );
    assert_eq!(attribute(&span, "error.type"), None);
    let spans = memory.spans();
    let turn = spans.iter().find(|span| span.name == "agent.turn").unwrap();
    assert_eq!(turn.parent_span_id, span.span_context.span_id());
    assert!(turn.start_time >= span.start_time && turn.end_time <= span.end_time);
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_makes_it_an_error() {
    let (model, may) = Stepwise::new(["One", ", two"]);
    let (memory, _telemetry, mut connection) = streaming(model).await;
    may.add_permits(1);
    connection.chunk().await.unwrap();
    drop(connection);
    let span = ended(&memory).await;
    assert!(
        matches!(span.status, Status::Error { .. }),
        "{:?}",
        span.status
    );
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("cancelled"));
    assert_eq!(
        attribute(&span, "http.response.status_code").as_deref(),
        Some("200")
    );
}
