//! Telemetry that cannot export: the turn is unaffected, shutdown keeps its bound, the loss counts.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kaos_hooks::{Hooks, Turn, TurnOutcome};
use kaos_otel_hook::{ExportStats, OTelHook, Telemetry};
use kaos_runner::{Agent, FunctionModel, Runner};
use opentelemetry_sdk::trace::SdkTracerProvider;

/// Shutdown's stated bound, and the grace for a busy machine.
const BOUND: Duration = Duration::from_millis(5_000 + 1_500);

/// An agent with no tools: a turn has four spans.
fn agent() -> Agent {
    Agent::new("assistant", FunctionModel::answer("Hello."))
}

fn lost_four(stats: ExportStats) {
    let expected = ExportStats {
        offered: 4,
        exported: 0,
        failed: 4,
        dropped: 0,
    };
    assert_eq!(stats, expected);
}

/// An address where nobody listens, and one where nobody answers.
fn addresses() -> (String, TcpListener, String) {
    kaos_tests::subscribed();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let frozen = format!("http://{}", silent.local_addr().unwrap());
    (refused, silent, frozen)
}

async fn a_turn_with_no_collector_then_shutdown() {
    let (refused, _silent, frozen) = addresses();
    for endpoint in [refused, frozen] {
        let telemetry = Telemetry::from_env_or(&endpoint).unwrap();
        let runner = Runner::new(agent()).hooks(telemetry.hooks());
        let began = Instant::now();
        assert_eq!(runner.turn("Hi!", "s").await.unwrap().text(), "Hello.");
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "the turn does not wait for telemetry"
        );
        let began = Instant::now();
        lost_four(telemetry.shutdown().await.traces);
        assert!(began.elapsed() < BOUND, "{endpoint}: {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn without_a_collector_shutdown_is_bounded_on_a_current_thread_runtime() {
    a_turn_with_no_collector_then_shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_shutdown_is_bounded_on_a_multi_thread_runtime() {
    a_turn_with_no_collector_then_shutdown().await;
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_telemetry_is_bounded_inside_a_current_thread_runtime() {
    let (_refused, _silent, frozen) = addresses();
    let telemetry = Telemetry::from_env_or(&frozen).unwrap();
    let runner = Runner::new(agent()).hooks(telemetry.hooks());
    runner.turn("Hi!", "s").await.unwrap();
    let began = Instant::now();
    drop(telemetry);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[test]
fn without_a_runtime_telemetry_starts_and_stops() {
    let (refused, _silent, _frozen) = addresses();
    let telemetry = Telemetry::from_env_or(&refused).unwrap();
    let hooks = Hooks::new(telemetry.hooks());
    hooks
        .turn(Turn::new("assistant"))
        .complete(TurnOutcome::default());
    let began = Instant::now();
    drop(telemetry);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[test]
fn a_hook_whose_provider_is_shut_down_says_so_once() {
    kaos_tests::subscribed();
    let written = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&written);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || crate::hooks::Shared(Arc::clone(&to)))
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let provider = SdkTracerProvider::builder().build();
        provider.shutdown().unwrap();
        let hooks = Hooks::new(OTelHook::with_provider(&provider));
        for _ in 0..3 {
            hooks
                .turn(Turn::new("assistant"))
                .complete(TurnOutcome::default());
        }
    });
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text.matches("OTelHook exports nothing").count(),
        1,
        "{text}"
    );
    assert!(
        text.contains("let telemetry = Telemetry::from_env()?;"),
        "{text}"
    );
}

#[test]
fn a_bad_endpoint_is_an_error_that_says_what_to_set() {
    kaos_tests::subscribed();
    check_bad_endpoint();
}

#[tokio::test]
async fn a_bad_endpoint_is_an_error_inside_a_runtime_too() {
    check_bad_endpoint();
}

#[track_caller]
fn check_bad_endpoint() {
    let error = Telemetry::from_env_or("not a url").unwrap_err();
    assert!(
        error.to_string().contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{error}"
    );
}
