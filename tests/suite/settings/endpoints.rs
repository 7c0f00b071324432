//! Endpoints and protocols that are nearly right: what is used instead is said once.

use super::*;

#[test]
fn json_over_http_becomes_protocol_buffers_with_one_warning() {
    for (variable, count) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", 3),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", 1),
    ] {
        let settings = settings(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1"),
            (variable, "http/json"),
        ]);
        let signals = [&settings.traces, &settings.metrics, &settings.logs];
        let http = signals.map(|it| otlp(it).protocol == Protocol::HttpProtobuf);
        assert_eq!(http.iter().filter(|it| **it).count(), count);
        let warning =
            format!("{variable} is `http/json`, not grpc or http/protobuf; using http/protobuf");
        assert_eq!(settings.warnings, [warning]);
    }
}

#[test]
fn a_base_with_the_path_of_a_signal_loses_it_with_one_warning() {
    let http = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    for (given, base) in [
        ("http://a:1/v1/traces", "http://a:1"),
        ("http://a:1/v1/logs/", "http://a:1"),
        ("http://a:1/otlp/v1/metrics?key=k", "http://a:1/otlp"),
    ] {
        let settings = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", given), http]);
        let query = given.find('?').map_or("", |at| &given[at..]);
        let expected = ["traces", "metrics", "logs"].map(|it| format!("{base}/v1/{it}{query}"));
        let signals = [&settings.traces, &settings.metrics, &settings.logs];
        assert_eq!(signals.map(|it| otlp(it).endpoint.clone()), expected);
        let [warning] = settings.warnings.as_slice() else {
            panic!("{:?}", settings.warnings);
        };
        assert!(warning.contains(&format!("using {base}")), "{warning}");
        assert!(warning.contains("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"));
        assert!(!warning.contains("key=k"), "{warning}");
    }
    // A signal's own endpoint is used as it is.
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a:1/v1/traces");
    let settings = settings(&[own, http]);
    assert_eq!(otlp(&settings.traces).endpoint, "http://a:1/v1/traces");
    assert!(settings.warnings.is_empty());
}
