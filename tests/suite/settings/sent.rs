//! What headers and compression arrive at a collector. The SDK reads these variables of the process
//! once more, so each case is a process of its own.

use std::process::Command;

use kaos_otel_hook::Telemetry;
use kaos_tests::collectors;
use opentelemetry::logs::{Logger as _, LoggerProvider as _};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};

use super::Vars;

const CHILD: &str = "KAOS_TESTS_SENT";

/// The heads of the requests with traces and with logs, and what was said on standard error.
fn sent(test: &str, vars: Vars<'_>) -> ([String; 2], String) {
    let (collector, requests) = collectors::recording();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(CHILD, "1")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_SERVICE_NAME", "sent")
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{vars:?}: {said}");
    let requests: Vec<_> = requests.try_iter().collect();
    let of = |path: &str| {
        let mut heads = requests.iter().filter(|(head, _)| head.contains(path));
        let (head, body) = heads.next().unwrap_or_else(|| panic!("{vars:?}: {said}"));
        assert!(heads.next().is_none(), "one request to {path}");
        let gzip = body.starts_with(&[0x1f, 0x8b]);
        assert_eq!(head.contains("content-encoding: gzip\r\n"), gzip, "{head}");
        head.clone()
    };
    ([of("/v1/traces"), of("/v1/logs")], said)
}

/// The other process: one span, one log record.
fn child() {
    let telemetry = Telemetry::from_env().unwrap();
    let tracer = telemetry.tracer_provider().unwrap().tracer("test");
    tracer.start("span").end();
    let logger = telemetry.logger_provider().unwrap().logger("test");
    logger.emit(logger.create_log_record());
    drop(telemetry);
}

/// The values of a header, in the order they came in.
fn values(head: &str, name: &str) -> Vec<String> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .collect()
}

#[test]
fn headers_arrive_once_each_decoded_and_as_the_signal_has_them() {
    const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
    const OF_LOGS: &str = "OTEL_EXPORTER_OTLP_LOGS_HEADERS";
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    // The values of `api-key` that traces and logs carry, and the warnings.
    let check = |vars: Vars<'_>, traces: &[&str], logs: &[&str], warned: &[&str]| {
        let test = "settings::sent::headers_arrive_once_each_decoded_and_as_the_signal_has_them";
        let (heads, said) = sent(test, vars);
        let [of_traces, of_logs] = heads.map(|head| values(&head, "api-key"));
        assert_eq!(of_traces, traces, "{vars:?}");
        assert_eq!(of_logs, logs, "{vars:?}");
        let mut warnings: Vec<_> = said
            .lines()
            .filter_map(|line| line.strip_prefix("kaos: "))
            .collect();
        warnings.sort_unstable();
        warnings.dedup();
        assert_eq!(warnings, warned, "{vars:?}");
    };
    check(&[], &[], &[], &[]);
    check(&[(HEADERS, "")], &[], &[], &[]);
    check(&[(HEADERS, "api-key=one")], &["one"], &["one"], &[]);
    check(
        &[(HEADERS, "x=y, API-Key = a%20b%3D ,")],
        &["a b="],
        &["a b="],
        &[],
    );
    check(&[(HEADERS, "api-key=1,api-key=2")], &["2"], &["2"], &[]);
    check(&[(HEADERS, "api-key=a=b")], &["a=b"], &["a=b"], &[]);
    check(&[(OF_LOGS, "api-key=two")], &[], &["two"], &[]);
    let both = [(HEADERS, "api-key=one"), (OF_LOGS, "api-key=two")];
    check(&both, &["one"], &["two"], &[]);
    let other = [(HEADERS, "api-key=one"), (OF_LOGS, "x=y")];
    check(&other, &["one"], &[], &[]);
    let empty = [(HEADERS, "api-key=one"), (OF_LOGS, " ")];
    check(&empty, &["one"], &["one"], &[]);

    let percent = "entry 1 of OTEL_EXPORTER_OTLP_HEADERS is not percent-encoded; using it as it is";
    check(
        &[(HEADERS, "api-key=100%")],
        &["100%"],
        &["100%"],
        &[percent],
    );
    let none = |at| {
        format!(
            "entry {at} of OTEL_EXPORTER_OTLP_HEADERS is not `name=value` of a header; using the others"
        )
    };
    let bad = [(HEADERS, "api-key,api key=1,=2,x=%0A,api-key=3")];
    let warnings = [none(1), none(2), none(3), none(4)];
    let warnings = warnings.each_ref().map(String::as_str);
    check(&bad, &["3"], &["3"], &warnings);
}

#[test]
fn compression_is_as_the_signal_has_it_and_a_bad_word_counts_as_none() {
    const COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION";
    const OF_LOGS: &str = "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION";
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    // Whether traces and logs are compressed, and the warnings.
    let check = |vars: Vars<'_>, traces, logs, warned: &[&str]| {
        let test =
            "settings::sent::compression_is_as_the_signal_has_it_and_a_bad_word_counts_as_none";
        let (heads, said) = sent(test, vars);
        let of_each = heads.map(|head| values(&head, "content-encoding") == ["gzip"]);
        assert_eq!(of_each, [traces, logs], "{vars:?}");
        let mut warnings: Vec<_> = said
            .lines()
            .filter_map(|line| line.strip_prefix("kaos: "))
            .collect();
        warnings.dedup();
        assert_eq!(warnings, warned, "{vars:?}");
    };
    check(&[], false, false, &[]);
    check(&[(COMPRESSION, "")], false, false, &[]);
    check(&[(COMPRESSION, "gzip")], true, true, &[]);
    check(&[(COMPRESSION, "GZip")], true, true, &[]);
    check(&[(COMPRESSION, "none")], false, false, &[]);
    check(&[(OF_LOGS, "gzip")], false, true, &[]);
    check(
        &[(COMPRESSION, "gzip"), (OF_LOGS, "none")],
        true,
        false,
        &[],
    );
    let bad = "OTEL_EXPORTER_OTLP_COMPRESSION is `zstd`, not gzip or none; using none";
    check(&[(COMPRESSION, "zstd")], false, false, &[bad]);
    let bad = "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION is `zstd`, not gzip or none; using gzip";
    check(
        &[(COMPRESSION, "gzip"), (OF_LOGS, "zstd")],
        true,
        true,
        &[bad],
    );
}
