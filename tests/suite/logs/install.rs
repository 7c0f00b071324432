//! The program's subscriber, set by us.

use std::process::Command;

use kaos_otel_hook::LogSettings;
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
