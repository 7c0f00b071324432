//! Which events are heard, by variable.

use kaos_otel_hook::LogSettings;
use tracing_subscriber::layer::SubscriberExt as _;

use super::Heard;

/// Says something at each level, and as the libraries say it.
fn say() {
    tracing::trace!(target: "app", "TRACE");
    tracing::debug!(target: "app", "DEBUG");
    tracing::info!(target: "app", "INFO");
    tracing::warn!(target: "app", "WARN");
    tracing::error!(target: "app", "ERROR");
    tracing::info!(target: "hyper::proto::h1", "hyper");
    tracing::warn!(target: "hyper::proto::h1", "hyper!");
    tracing::info!(target: "reqwest::connect", "reqwest");
    tracing::info!(target: "rmcp::service", "rmcp: a server's instructions");
    tracing::info!(target: "tower_http::trace", "tower_http");
    tracing::info!(target: "axum_demo", "axum_demo");
    tracing::info!(target: "opentelemetry_sdk", "otel");
    tracing::info!(target: "opentelemetry-otlp", "otel");
    tracing::warn!(target: "opentelemetry_sdk", "otel!");
}

/// Checks what is heard and which warnings there are, with these variables.
#[track_caller]
fn check(variables: &[(&str, &str)], expected: &str, warned: &[&str]) {
    let (settings, warnings) = LogSettings::from_vars(|name| {
        let found = variables.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    assert_eq!(warnings, warned, "{variables:?}");
    let heard = Heard::new();
    let subscriber = tracing_subscriber::registry().with(settings.layer(&heard.provider));
    tracing::subscriber::with_default(subscriber, say);
    let bodies: Vec<_> = heard
        .records()
        .iter()
        .map(|record| match record.body() {
            Some(opentelemetry::logs::AnyValue::String(text)) => text.as_str().to_owned(),
            body => panic!("{body:?}"),
        })
        .collect();
    assert_eq!(bodies.join(" "), expected, "{variables:?}");
}

const INFO: &str = "INFO WARN ERROR hyper! axum_demo otel!";
const WARN: &str = "WARN ERROR hyper! otel!";
const DEBUG: &str = "DEBUG INFO WARN ERROR hyper! axum_demo otel!";
const TRACE: &str = "TRACE DEBUG INFO WARN ERROR hyper! axum_demo otel!";

#[test]
fn without_variables_the_level_is_info() {
    check(&[], INFO, &[]);
    check(&[("RUST_LOG", ""), ("LOG_LEVEL", " ")], INFO, &[]);
}

#[test]
fn log_level_is_a_level_in_any_case() {
    for variable in ["LOG_LEVEL", "AGENT_LOG_LEVEL"] {
        check(&[(variable, "TRACE")], TRACE, &[]);
        check(&[(variable, "debug")], DEBUG, &[]);
        check(&[(variable, " Info ")], INFO, &[]);
        check(&[(variable, "WARN")], WARN, &[]);
        check(&[(variable, "warning")], WARN, &[]);
        check(&[(variable, "Error")], "ERROR", &[]);
    }
}

#[test]
fn rust_log_is_a_list_of_directives() {
    check(
        &[("RUST_LOG", "warn,app=debug")],
        "DEBUG INFO WARN ERROR hyper! otel!",
        &[],
    );
    check(&[("RUST_LOG", "off")], "", &[]);
    check(&[("RUST_LOG", "app=error")], "ERROR", &[]);
}

#[test]
fn rust_log_goes_before_log_level_and_that_before_agent_log_level() {
    let all = [
        ("AGENT_LOG_LEVEL", "TRACE"),
        ("LOG_LEVEL", "DEBUG"),
        ("RUST_LOG", "warn"),
    ];
    check(&all, WARN, &[]);
    check(&all[..2], DEBUG, &[]);
    check(&all[..1], TRACE, &[]);
}

#[test]
fn a_value_that_is_not_valid_is_told_with_what_is_used_instead() {
    check(
        &[("LOG_LEVEL", "LOUD")],
        INFO,
        &["LOG_LEVEL is `LOUD`, not TRACE, DEBUG, INFO, WARN, WARNING or ERROR; using info"],
    );
    check(
        &[("AGENT_LOG_LEVEL", "5x")],
        INFO,
        &["AGENT_LOG_LEVEL is `5x`, not TRACE, DEBUG, INFO, WARN, WARNING or ERROR; using info"],
    );
    check(
        &[
            ("RUST_LOG", "app=loud"),
            ("LOG_LEVEL", "LOUD"),
            ("AGENT_LOG_LEVEL", "DEBUG"),
        ],
        DEBUG,
        &[
            "RUST_LOG is `app=loud`, not a list of directives; using debug",
            "LOG_LEVEL is `LOUD`, not TRACE, DEBUG, INFO, WARN, WARNING or ERROR; using debug",
        ],
    );
    // What is not used is not judged.
    check(&[("RUST_LOG", "warn"), ("LOG_LEVEL", "LOUD")], WARN, &[]);
    check(
        &[
            ("OTEL_INCLUDE_HTTP_CLIENT", "maybe"),
            ("OTEL_INCLUDE_HTTP_SERVER", "2"),
        ],
        INFO,
        &[
            "OTEL_INCLUDE_HTTP_CLIENT is `maybe`, not true or false; using false",
            "OTEL_INCLUDE_HTTP_SERVER is `2`, not true or false; using false",
        ],
    );
}

#[test]
fn http_libraries_speak_below_warn_only_when_asked_to() {
    let client =
        "INFO WARN ERROR hyper hyper! reqwest rmcp: a server's instructions axum_demo otel!";
    let server = "INFO WARN ERROR hyper hyper! tower_http axum_demo otel!";
    for yes in ["true", "TRUE", "1", "Yes"] {
        check(&[("OTEL_INCLUDE_HTTP_CLIENT", yes)], client, &[]);
        check(&[("OTEL_INCLUDE_HTTP_SERVER", yes)], server, &[]);
    }
    for no in ["false", "0", "No", ""] {
        check(&[("OTEL_INCLUDE_HTTP_CLIENT", no)], INFO, &[]);
        check(&[("OTEL_INCLUDE_HTTP_SERVER", no)], INFO, &[]);
    }
    // The level goes for them, too, and they follow no directive without the variable.
    check(
        &[("OTEL_INCLUDE_HTTP_CLIENT", "true"), ("LOG_LEVEL", "WARN")],
        WARN,
        &[],
    );
    check(&[("RUST_LOG", "hyper=trace")], "hyper!", &[]);
}
