//! Many clients at once, good and bad. `KAOS_SERVER_REQUESTS` makes it longer.

use std::sync::Arc;

use futures_util::future::join_all;
use kaos_otel_hook::Telemetry;
use kaos_runner::server::{Access, Bounds, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use serde_json::json;

use super::client::post;
use super::{Serving, question};

/// Clients at once.
const CLIENTS: usize = 200;

/// What a client of a kind does; how many of its requests are turns.
async fn client(server: &Serving, kind: usize) -> usize {
    let body = |stream: bool| question("Hi!", json!({ "stream": stream })).to_string();
    let token = [("Authorization", "Bearer s3cret")];
    let chat = |stream: bool| post("/v1/chat/completions", &token, body(stream).as_bytes());
    let mut connection = server.connect().await;
    match kind % 10 {
        0..4 => {
            let answer = connection.ask(&chat(true)).await;
            assert_eq!(answer.frames().last().unwrap(), "[DONE]");
            1
        }
        4 | 5 => {
            // One connection, one request after the other.
            for _ in 0..3 {
                assert_eq!(connection.ask(&chat(false)).await.status, 200);
            }
            3
        }
        6 => {
            let answer = connection
                .ask(&post("/v1/chat/completions", &[], b"{}"))
                .await;
            assert_eq!(answer.status, 401);
            0
        }
        7 => {
            let large = "x".repeat(9_000);
            let answer = connection
                .ask(&post("/v1/chat/completions", &token, large.as_bytes()))
                .await;
            assert_eq!(answer.status, 413);
            0
        }
        8 => {
            let foreign = [token[0], ("Origin", "https://evil.example")];
            let request = post("/v1/chat/completions", &foreign, body(true).as_bytes());
            assert_eq!(connection.ask(&request).await.status, 403);
            0
        }
        _ => {
            connection
                .send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: local")
                .await;
            0
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_at_once_lose_no_span_and_each_turn_is_counted_once() {
    let requests = std::env::var("KAOS_SERVER_REQUESTS").ok();
    let requests = requests.map_or(CLIENTS, |requests| requests.parse().unwrap());
    let (telemetry, memory) = Telemetry::in_memory();
    let model = FunctionModel::new(|_| Ok(ModelReply::text("Twelve months.").usage(4, 2)));
    let runner = Runner::new(Agent::new("assistant", model)).hooks(telemetry.hooks());
    let bounds = Bounds {
        body: 8 * 1024,
        ..Bounds::default()
    };
    let access = Access::new().token("s3cret");
    let server = Server::new(runner).bounds(bounds).access(access);
    let server = Arc::new(Serving::start(server).await);
    let mut turns = 0;
    for round in 0..requests.div_ceil(CLIENTS) {
        let clients = (0..CLIENTS).map(|client_number| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { client(&server, client_number + round).await })
        });
        turns += join_all(clients)
            .await
            .into_iter()
            .map(Result::unwrap)
            .sum::<usize>();
    }
    let spans = memory.spans();
    let ended = spans
        .iter()
        .filter(|span| span.name == "agent.turn")
        .count();
    assert_eq!(ended, turns, "each turn's span has ended");
    let metrics = memory.metrics();
    let mut counted = Vec::new();
    for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
        if metric.name() == "kaos.requests"
            && let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data()
        {
            for point in sum.data_points() {
                let mut labels = point.attributes();
                let own = labels
                    .find(|label| label.key.as_str() == "agent.name")
                    .unwrap();
                counted.push((own.value.to_string(), point.value()));
            }
        }
    }
    assert_eq!(counted, [("assistant".to_owned(), turns as u64)]);
    let server = Arc::into_inner(server).unwrap();
    assert_eq!(server.stop().await.cancelled, 0, "nothing is left");
}
