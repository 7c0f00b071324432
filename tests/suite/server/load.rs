//! Many clients at once, good and bad. `KAOS_SERVER_REQUESTS` makes it longer; of a long run, memory and open
//! files are printed, and must not have grown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use kaos_otel_hook::{EventIds, MetricsHook, OTelHook};
use kaos_runner::server::{Access, Bounds, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
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
    match kind % 12 {
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
        9 => {
            // Reads byte by byte.
            use tokio::io::AsyncReadExt as _;
            connection.send(&chat(true)).await;
            let mut read = Vec::new();
            while !read.ends_with(b"\r\n0\r\n\r\n") {
                read.push(connection.stream.read_u8().await.unwrap());
                tokio::task::yield_now().await;
            }
            1
        }
        10 => {
            // Stops reading, and goes away in the middle.
            connection.send(&chat(true)).await;
            connection.head().await;
            1
        }
        _ => {
            connection
                .send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: local")
                .await;
            0
        }
    }
}

/// Counts spans, and keeps none.
#[derive(Debug, Clone, Default)]
struct Counted {
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    turns: Arc<AtomicUsize>,
}

impl SpanProcessor for Counted {
    fn on_start(&self, _span: &mut Span, _context: &Context) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    fn on_end(&self, span: SpanData) {
        if span.name == "agent.turn" {
            self.turns.fetch_add(1, Ordering::SeqCst);
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// What the process has in memory, in MiB, and how many files it has open.
fn held() -> (f64, usize) {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (f64::from(pages.unwrap_or(0_u32)) / 256.0, open)
}

/// In a long run, after a fifth of it, nothing grows any more. Other tests of the process would.
#[track_caller]
fn check_flat(rounds: &[(f64, usize)]) {
    if rounds.len() < 25 {
        return;
    }
    for (round, (memory, open)) in rounds.iter().enumerate().step_by(rounds.len() / 25) {
        println!(
            "after {:>6} clients: {memory:6.1} MiB, {open} files",
            (round + 1) * CLIENTS
        );
    }
    let fifth = rounds.len() / 5;
    let largest = |part: &[(f64, usize)]| part.iter().map(|it| it.0).fold(0.0, f64::max);
    let (early, late) = (
        largest(&rounds[fifth..2 * fifth]),
        largest(&rounds[4 * fifth..]),
    );
    assert!(
        late < early * 1.05 + 2.0,
        "memory: {early} MiB, then {late} MiB"
    );
    let (early, late) = (rounds[fifth].1, rounds.last().unwrap().1);
    assert!(
        late < early + CLIENTS / 4,
        "open files: {early}, then {late}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_at_once_lose_no_span_and_each_turn_is_counted_once() {
    let requests = std::env::var("KAOS_SERVER_REQUESTS").ok();
    let requests = requests.map_or(CLIENTS, |requests| requests.parse().unwrap());
    let counted = Counted::default();
    let traces = SdkTracerProvider::builder()
        .with_id_generator(EventIds::default())
        .with_span_processor(counted.clone())
        .build();
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let meter = SdkMeterProvider::builder().with_reader(reader).build();
    let model = FunctionModel::new(|_| Ok(ModelReply::text("Twelve months.").usage(4, 2)));
    let hooks = (
        OTelHook::with_provider(&traces),
        MetricsHook::with_provider(&meter),
    );
    let runner = Runner::new(Agent::new("assistant", model)).hooks(hooks);
    let bounds = Bounds {
        body: 8 * 1024,
        ..Bounds::default()
    };
    let access = Access::new().token("s3cret");
    let server = Server::new(runner).bounds(bounds).access(access);
    let server = Arc::new(Serving::start(server).await);
    let (mut turns, mut rounds) = (0, Vec::new());
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
        rounds.push(held());
    }
    let server = Arc::into_inner(server).unwrap();
    assert_eq!(server.stop().await.cancelled, 0, "nothing is left");
    let count = |of: &AtomicUsize| of.load(Ordering::SeqCst);
    assert_eq!(count(&counted.turns), turns, "each turn's span has ended");
    assert_eq!(
        count(&counted.ended),
        count(&counted.begun),
        "and every other"
    );
    meter.force_flush().unwrap();
    let metrics = exporter.get_finished_metrics().unwrap();
    let metrics = metrics.last().unwrap();
    let mut requests = Vec::new();
    for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
        if metric.name() == "kaos.requests"
            && let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data()
        {
            for point in sum.data_points() {
                let mut labels = point.attributes();
                let own = labels
                    .find(|label| label.key.as_str() == "agent.name")
                    .unwrap();
                requests.push((own.value.to_string(), point.value()));
            }
        }
    }
    // Those whose client went away in the middle have another outcome.
    let of_the_agent = requests.iter().filter(|(name, _)| name == "assistant");
    assert_eq!(
        of_the_agent.map(|(_, count)| count).sum::<u64>(),
        turns as u64,
        "{requests:?}"
    );
    check_flat(&rounds);
}
