//! The program's subscriber, set by us.

use std::process::Command;

use kaos_otel_hook::{LogSettings, Telemetry};
use opentelemetry::logs::AnyValue;

use super::Heard;

#[test]
fn a_second_subscriber_is_an_error_that_says_what_to_do() {
    kaos_tests::subscribed();
    let error = LogSettings::default().install(None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a `tracing` subscriber is set already; to have log records with it, add \
         `.with(telemetry.log_layer())` to it"
    );
}

/// A process has one subscriber, so this test is a process of its own.
#[test]
fn installed_lines_are_on_stdout_and_in_records() {
    const CHILD: &str = "KAOS_TESTS_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return installed();
    }
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("logs::install::installed_lines_are_on_stdout_and_in_records")
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    assert_eq!(
        text.matches("Z INFO app: heard rows=3\n").count(),
        1,
        "{text}"
    );
    assert_eq!(text.matches("Z WARN hyper: heard\n").count(), 1, "{text}");
    for unheard in ["DEBUG", "too quiet", "chatter"] {
        assert!(!text.contains(unheard), "{text}");
    }
}

fn installed() {
    let heard = Heard::unsubscribed();
    LogSettings::default()
        .install(Some(&heard.provider))
        .unwrap();
    tracing::info!(target: "app", rows = 3, "heard");
    tracing::warn!(target: "hyper", "heard");
    tracing::debug!(target: "app", "too quiet");
    tracing::info!(target: "hyper", "chatter");
    let records = heard.records();
    assert_eq!(records.len(), 2, "{records:#?}");
    let body = AnyValue::from("heard");
    assert!(records.iter().all(|record| record.body() == Some(&body)));
}

/// What telemetry says of itself at the start: when there is a subscriber then, or else when it
/// sets one. Each case is a process of its own.
#[test]
fn the_first_line_says_what_is_exported_once_there_is_somebody_to_hear_it() {
    const CHILD: &str = "KAOS_TESTS_FIRST_LINE";
    const LINE: &str = "kaos: OTel: on, traces to http://127.0.0.1:1/v1/traces, no metrics, no logs \
                        (service lease-desk, log level info)";
    match std::env::var(CHILD).as_deref() {
        Ok("installed") => return drop(first_line(|start| start())),
        Ok("subscribed") => {
            let heard = Heard::unsubscribed();
            let subscriber = heard.subscriber();
            let telemetry =
                first_line(|start| tracing::subscriber::with_default(subscriber, start));
            let lines = heard.lines();
            let said = lines.iter().filter(|line| line.ends_with(LINE));
            assert_eq!(said.count(), 1, "at the start: {lines:?}");
            return drop(telemetry);
        }
        Ok("memory") => return Telemetry::in_memory().0.install_logs().unwrap(),
        _ => {}
    }
    let check = |child: &str, expected: usize| {
        let out = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("logs::install::the_first_line_says_what_is_exported_once_there_is_somebody_to_hear_it")
            .env(CHILD, child)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{child}: {text}");
        assert!(text.contains("1 passed"), "{child}: {text}");
        let said = text.matches(LINE).count();
        assert_eq!(said, expected, "{child}: {text}");
    };
    check("installed", 1);
    check("subscribed", 0);
    check("memory", 0);
}

/// Starts telemetry, by this, and then sets the subscriber.
fn first_line(by: impl FnOnce(fn() -> Telemetry) -> Telemetry) -> Telemetry {
    let telemetry = by(|| {
        Telemetry::from_vars(|name| {
            let value = match name {
                "OTEL_SERVICE_NAME" => "lease-desk",
                "OTEL_EXPORTER_OTLP_ENDPOINT" => "http://127.0.0.1:1",
                "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf",
                "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => "none",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap()
    });
    telemetry.install_logs().unwrap();
    telemetry.install_logs().unwrap_err();
    telemetry
}
