//! The exporter's account. That its own thread panics is a test of the crate (`export::tests`): no
//! receiver can make it.

use kaos_otel_hook::{ExportStats, Telemetry};
use kaos_tests::receivers::{Receiver, Reply};

use super::*;

/// A turn and its step, three times.
const SPANS: u64 = 6;

fn telemetry(receiver: &Receiver) -> Telemetry {
    Telemetry::from_vars(|name| {
        let value = match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => receiver.url.as_str(),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf",
            "OTEL_EXPORTER_OTLP_TIMEOUT" => "500",
            "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => "none",
            "OTEL_BSP_MAX_QUEUE_SIZE" | "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" => "8",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}

fn balanced(it: ExportStats) -> ExportStats {
    let accounted = it.waiting + it.exported + it.failed + it.dropped;
    assert_eq!(it.offered, accounted, "{it:?}");
    it
}

/// Offers spans, ends the exporter so, and gives its last account, looked at all the while.
fn account(end: End, receiver: &Receiver) -> ExportStats {
    let telemetry = telemetry(receiver);
    let hooks = Hooks::new(telemetry.hooks());
    let runs_on = (end != End::NoRuntime).then(runtime);
    {
        let _entered = runs_on.as_ref().map(Runtime::enter);
        three_turns(&hooks);
    }
    balanced(telemetry.stats().traces);
    match end {
        End::ShutDown => {
            let provider = telemetry.tracer_provider().unwrap().clone();
            let shut = std::thread::spawn(move || provider.shutdown().is_ok());
            while !shut.is_finished() {
                three_turns(&hooks);
                balanced(telemetry.stats().traces);
            }
            let all_is_well = shut.join().unwrap();
            let stats = balanced(telemetry.stats().traces);
            assert!(!all_is_well || stats.failed == 0, "{stats:?}");
        }
        End::RuntimeGone => drop(runs_on),
        End::Full => {
            for _ in 0..100 {
                three_turns(&hooks);
                balanced(telemetry.stats().traces);
            }
        }
        End::Panic | End::NoRuntime | End::Dropped => {}
    }
    if end == End::Dropped {
        let stats = telemetry.stats().traces;
        drop((hooks, telemetry));
        return stats;
    }
    runtime().block_on(telemetry.shutdown()).traces
}

#[test]
fn an_exporter_s_account_is_exact_however_it_ends() {
    kaos_tests::subscribed();
    for end in ENDS {
        for is_alive in [true, false] {
            println!("{end:?}, receiver alive: {is_alive}");
            let reply = if is_alive {
                Reply::Http(200, Vec::new(), Vec::new())
            } else {
                Reply::Never
            };
            let receiver = Receiver::start(false, [reply]);
            let stats = balanced(account(end, &receiver));
            let asked = receiver.got().len();
            assert!(asked > 0, "a request was made: {stats:?}");
            match end {
                // Nothing was sent yet when this was looked at; the drop sent it.
                End::Dropped => assert_eq!((stats.offered, asked), (SPANS, 1)),
                _ => check(end, is_alive, &stats),
            }
        }
    }
}

fn check(end: End, is_alive: bool, stats: &ExportStats) {
    assert_eq!(stats.waiting, 0, "{stats:?}");
    if !is_alive {
        assert_eq!(stats.exported, 0, "{stats:?}");
        assert_eq!(stats.lost(), stats.offered);
    }
    match end {
        End::Full => assert!(is_alive || stats.dropped > 0, "{stats:?}"),
        End::ShutDown => assert!(stats.offered >= SPANS, "{stats:?}"),
        _ => assert_eq!((stats.offered, stats.dropped), (SPANS, 0), "{stats:?}"),
    }
}
