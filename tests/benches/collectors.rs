//! What a turn costs while its telemetry goes to a dead, a slow, an erroring or a half-open
//! collector, as a ratio to the same turn's with a healthy one.
//!
//! `cargo bench -p kaos-tests --bench collectors`; `-- --json` prints one JSON object a line.

use kaos_otel_hook::Telemetry;
use kaos_runner::{Agent, FunctionModel, Runner};
use kaos_tests::collectors::Collector;
use kaos_tests::interleaved::{Case, compare};

/// The first is what the others are compared with.
const COLLECTORS: [(&str, Collector); 5] = [
    ("collector healthy", Collector::Healthy),
    ("collector dead", Collector::Dead),
    ("collector slow", Collector::Slow),
    ("collector erroring", Collector::Erroring),
    ("collector half-open", Collector::HalfOpen),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut started = Vec::new();
    for (name, collector) in COLLECTORS {
        let running = collector.start();
        let telemetry = Telemetry::from_vars(|variable| match variable {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(running.url.clone()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("http/protobuf".to_owned()),
            "OTEL_SERVICE_NAME" => Some("bench".to_owned()),
            // Often enough that something is being exported in most rounds.
            "OTEL_BSP_SCHEDULE_DELAY" | "OTEL_METRIC_EXPORT_INTERVAL" => Some("100".to_owned()),
            _ => None,
        })?;
        started.push((name, running, telemetry));
    }
    let mut cases: Vec<_> = started
        .iter()
        .map(|(name, _running, telemetry)| {
            let agent = Agent::new("assistant", FunctionModel::answer("Hello."));
            let runner = Runner::new(agent).hooks(telemetry.hooks());
            let runtime = &runtime;
            Case::new(name, move || {
                drop(runtime.block_on(async { runner.turn("Hi!", "s").await }));
            })
        })
        .collect();
    compare(&mut cases, 200, 50);
    drop(cases);
    for (name, _, telemetry) in started {
        let stats = runtime.block_on(telemetry.shutdown()).traces;
        let accounted = stats.exported + stats.failed + stats.dropped;
        assert_eq!(stats.offered, accounted, "{name}: {stats:?}");
    }
    Ok(())
}
