//! Telemetry that cannot export: the turn is unaffected, shutdown keeps its bound, the loss counts.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kaos_hooks::{Hooks, Turn, TurnOutcome};
use kaos_otel_hook::{ExportStats, OTelHook, Telemetry, TelemetryStats};
use kaos_runner::{Agent, FunctionModel, Runner};
use kaos_tests::agents;
use kaos_tests::collectors::Collector;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;

/// Shutdown's stated bound, and the grace for a busy machine.
const BOUND: Duration = Duration::from_millis(5_000 + 1_500);

/// An agent with no tools: a turn has four spans.
fn agent() -> Agent {
    agents::agent("assistant", FunctionModel::answer("Hello."))
}

/// Telemetry to this endpoint, with these variables and none of the environment.
fn telemetry(endpoint: &str, vars: &[(&str, &str)]) -> Telemetry {
    kaos_tests::subscribed();
    Telemetry::from_vars(|name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(endpoint.to_owned()),
        "OTEL_SERVICE_NAME" => Some("suite".to_owned()),
        _ => {
            let known = vars.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        }
    })
    .unwrap()
}

const HTTP: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");

/// Data points that telemetry measures about itself: three results of three signals.
const OF_THE_PIPELINE: u64 = 9;

/// Three data points and two log records.
fn measure_and_log(telemetry: &Telemetry) {
    let meter = telemetry.meter_provider().unwrap().meter("test");
    let counter = meter.u64_counter("calls").build();
    for tool in ["a", "b", "c"] {
        counter.add(1, &[opentelemetry::KeyValue::new("tool", tool)]);
    }
    let logger = telemetry.logger_provider().unwrap().logger("test");
    for _ in 0..2 {
        let mut record = logger.create_log_record();
        record.set_body("hello".into());
        logger.emit(record);
    }
}

/// All of these failed.
fn failed(offered: u64) -> ExportStats {
    ExportStats {
        offered,
        waiting: 0,
        exported: 0,
        failed: offered,
        dropped: 0,
    }
}

fn exported(offered: u64) -> ExportStats {
    ExportStats {
        offered,
        waiting: 0,
        exported: offered,
        failed: 0,
        dropped: 0,
    }
}

/// A turn and its telemetry, then shutdown: in time, with every span, data point and log record
/// accounted for.
async fn check(collector: Collector, vars: &[(&str, &str)], expected: fn(u64) -> ExportStats) {
    let running = collector.start();
    let telemetry = telemetry(&running.url, vars);
    // `MetricsHook` measures the turn too: how much is its own matter.
    let runner = Runner::new(agent()).hooks(telemetry.hooks());
    let began = Instant::now();
    assert_eq!(runner.turn("Hi!", "s").await.unwrap().text(), "Hello.");
    measure_and_log(&telemetry);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "the turn does not wait for telemetry"
    );
    let began = Instant::now();
    let TelemetryStats {
        traces,
        metrics,
        logs,
        ..
    } = telemetry.shutdown().await;
    assert!(
        began.elapsed() < BOUND,
        "{collector:?}: {:?}",
        began.elapsed()
    );
    assert_eq!(traces, expected(4), "{collector:?} {vars:?}");
    assert!(metrics.offered >= 3 && logs.offered >= 2);
    assert_eq!(metrics, expected(metrics.offered), "{collector:?} {vars:?}");
    assert_eq!(logs, expected(logs.offered), "{collector:?} {vars:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_healthy_collector_gets_all_three_signals() {
    check(Collector::Healthy, &[HTTP], exported).await;
    let gzip = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    check(Collector::Healthy, &[HTTP, gzip], exported).await;
}

#[tokio::test(flavor = "current_thread")]
async fn without_a_collector_shutdown_is_bounded_on_a_current_thread_runtime() {
    check(Collector::Dead, &[], failed).await;
    check(Collector::Dead, &[HTTP], failed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_shutdown_is_bounded_on_a_multi_thread_runtime() {
    check(Collector::Dead, &[], failed).await;
    check(Collector::Dead, &[HTTP], failed).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_half_open_collector_costs_the_bound_over_grpc() {
    check(Collector::HalfOpen, &[], failed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_collector_costs_the_bound_over_http() {
    check(Collector::HalfOpen, &[HTTP], failed).await;
}

#[tokio::test]
async fn a_slow_collector_costs_the_bound() {
    check(Collector::Slow, &[HTTP], failed).await;
}

#[tokio::test]
async fn an_erroring_collector_s_batches_failed() {
    check(Collector::Erroring, &[HTTP], failed).await;
}

#[test]
fn what_finds_a_full_queue_is_dropped_and_every_item_is_counted() {
    let running = Collector::HalfOpen.start();
    let telemetry = telemetry(
        &running.url,
        &[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
            ("OTEL_BLRP_MAX_QUEUE_SIZE", "8"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "100"),
            ("OTEL_BLRP_EXPORT_TIMEOUT", "100"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "100"),
        ],
    );
    let tracer = telemetry.tracer_provider().unwrap().tracer("test");
    let logger = telemetry.logger_provider().unwrap().logger("test");
    for _ in 0..1000 {
        tracer.start("span").end();
        logger.emit(logger.create_log_record());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let stats = runtime.block_on(telemetry.shutdown());
    for stats in [stats.traces, stats.logs] {
        assert_eq!(stats.offered, 1000);
        assert_eq!(stats.exported, 0);
        assert_eq!(stats.offered, stats.failed + stats.dropped, "{stats:?}");
        assert!(stats.dropped >= 900, "the memory is bounded: {stats:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_telemetry_is_bounded_inside_a_current_thread_runtime() {
    let running = Collector::HalfOpen.start();
    let telemetry = telemetry(&running.url, &[]);
    let runner = Runner::new(agent()).hooks(telemetry.hooks());
    runner.turn("Hi!", "s").await.unwrap();
    let began = Instant::now();
    drop(telemetry);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[test]
fn without_a_runtime_telemetry_starts_and_stops() {
    let running = Collector::Dead.start();
    let telemetry = telemetry(&running.url, &[]);
    let hooks = Hooks::new(telemetry.hooks());
    hooks
        .turn(Turn::new("assistant"))
        .complete(TurnOutcome::default());
    let began = Instant::now();
    drop(telemetry);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[test]
fn a_flush_that_the_caller_asks_for_sends_what_there_is() {
    let running = Collector::Healthy.start();
    let telemetry = telemetry(&running.url, &[HTTP]);
    let tracer = telemetry.tracer_provider().unwrap();
    tracer.tracer("test").start("span").end();
    measure_and_log(&telemetry);
    tracer.force_flush().unwrap();
    telemetry.meter_provider().unwrap().force_flush().unwrap();
    telemetry.logger_provider().unwrap().force_flush().unwrap();
    let stats = telemetry.stats();
    assert_eq!(stats.traces, exported(1));
    assert_eq!(stats.metrics, exported(3 + OF_THE_PIPELINE));
    assert_eq!(stats.logs, exported(2));
}

#[test]
fn an_instrument_whose_callback_panics_does_not_stop_the_others() {
    let running = Collector::Healthy.start();
    let telemetry = telemetry(&running.url, &[HTTP]);
    let meter = telemetry.meter_provider().unwrap().meter("test");
    let _gauge = meter
        .u64_observable_gauge("bad")
        .with_callback(|_| panic!("a callback panics"))
        .build();
    let tracer = telemetry.tracer_provider().unwrap().tracer("test");
    tracer.start("span").end();
    let stats = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(telemetry.shutdown());
    assert_eq!(stats.traces, exported(1));
    assert_eq!(stats.metrics, ExportStats::default());
}

#[tokio::test]
async fn in_memory_there_are_spans_metrics_and_logs() {
    kaos_tests::subscribed();
    let (telemetry, memory) = Telemetry::in_memory();
    let runner = Runner::new(agent()).hooks(telemetry.hooks());
    runner.turn("Hi!", "s").await.unwrap();
    measure_and_log(&telemetry);
    assert_eq!(memory.spans().len(), 4);
    assert!(memory.logs().len() >= 2);
    let metrics = memory.metrics();
    let mut scopes = metrics.scope_metrics();
    assert!(scopes.any(|scope| scope.scope().name() == "test"));
}

/// In a process of its own: the console is standard output.
#[test]
fn the_console_shows_all_three_signals_and_counts_them() {
    const CHILD: &str = "KAOS_TESTS_CONSOLE";
    if std::env::var(CHILD).is_err() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("telemetry::the_console_shows_all_three_signals_and_counts_them")
            .env(CHILD, "1")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shown}");
        for expected in ["span-of-mine", "calls", "hello", "suite"] {
            assert!(shown.contains(expected), "no {expected}: {shown}");
        }
        return;
    }
    let console = [
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "console"),
        ("OTEL_LOGS_EXPORTER", "console"),
    ];
    let telemetry = telemetry("", &console);
    let tracer = telemetry.tracer_provider().unwrap().tracer("test");
    tracer.start("span-of-mine").end();
    measure_and_log(&telemetry);
    let stats = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(telemetry.shutdown());
    assert_eq!(stats.traces, exported(1));
    assert_eq!(stats.metrics, exported(3 + OF_THE_PIPELINE));
    assert_eq!(stats.logs, exported(2));
}

/// In a process of its own, whose standard error is a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_warning_that_cannot_be_written_harms_nobody() {
    const CHILD: &str = "KAOS_TESTS_FULL";
    if std::env::var_os(CHILD).is_some() {
        let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let bad = Telemetry::from_vars(|name| (name == endpoint).then(|| "not a url".to_owned()));
        return assert!(!bad.unwrap().is_on());
    }
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("telemetry::a_warning_that_cannot_be_written_harms_nobody")
        .env(CHILD, "1")
        .stderr(full)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
}

/// The caller's side of each lane: what runs on the turn's path.
#[test]
fn the_turn_s_path_neither_awaits_nor_sends_nor_meets_an_exporter() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../kaos-otel-hook/src/export/");
    let read = |file: &str| std::fs::read_to_string(format!("{source}{file}")).unwrap();
    let (spans, logs, lane) = (read("spans.rs"), read("logs.rs"), read("lane.rs"));
    let queue = read("../../../kaos-hooks/src/dispatch/queue.rs");
    let state = read("../../../kaos-hooks/src/dispatch/queue/state.rs");
    let path = [
        function(&spans, "fn on_end("),
        function(&logs, "fn emit("),
        function(&lane, "fn offer("),
        function(&queue, "fn push("),
        function(&queue, "fn lock("),
        function(&state, "fn add("),
    ];
    for text in path {
        let forbidden = [
            "await", "async", "block_on", "send(", "recv", "export(", "exporter", "blocking",
            "wait", "sleep", "spawn",
        ];
        for word in forbidden {
            assert!(!text.contains(word), "{word} on the turn's path:\n{text}");
        }
    }
    let push = function(&queue, "fn push(");
    assert_eq!(push.matches("lock()").count(), 1, "one short lock:\n{push}");
    assert!(
        !push.contains("format!") && !push.contains("notice"),
        "nothing is said under the lock:\n{push}"
    );
}

/// The text of a function, to the closing brace of its own indentation.
fn function<'a>(source: &'a str, signature: &str) -> &'a str {
    let at = source.find(signature).unwrap();
    let begin = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = source[begin..].len() - source[begin..].trim_start().len();
    let end = format!("\n{}}}\n", " ".repeat(indent));
    let length = source[begin..].find(&end).unwrap();
    &source[begin..begin + length]
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
