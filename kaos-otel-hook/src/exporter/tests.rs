use super::Target;

#[track_caller]
fn check(vars: &[(&str, &str)], expected: Option<(&str, bool)>) {
    let lookup = |name: &str| {
        vars.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let target = Target::from_vars(lookup, None).unwrap();
    let expected = expected.map(|(endpoint, http)| Target {
        endpoint: endpoint.to_owned(),
        http,
    });
    assert_eq!(target, expected);
}

#[test]
fn the_endpoint_is_a_base_over_http_and_the_signal_s_own_is_used_as_it_is() {
    check(&[], None);
    check(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], None);
    check(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1")],
        Some(("http://a:1", false)),
    );
    let http = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    let grpc = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc");
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1/");
    let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:2/x");
    check(&[http, general], Some(("http://a:1/v1/traces", true)));
    check(&[http, general, traces], Some(("http://b:2/x", true)));
    check(&[http, grpc, general], Some(("http://a:1/", false)));
}

#[test]
fn an_unknown_protocol_names_its_variable_and_what_is_accepted() {
    let json = |name: &str| (name == "OTEL_EXPORTER_OTLP_PROTOCOL").then(|| "http/json".to_owned());
    let error = Target::from_vars(json, None).unwrap_err().to_string();
    assert_eq!(
        error,
        "OTEL_EXPORTER_OTLP_PROTOCOL is `http/json`; use `grpc` or `http/protobuf`"
    );
}

#[test]
fn a_failure_against_the_other_protocol_s_port_says_which_variable_to_set() {
    let grpc = Target {
        endpoint: "http://localhost:4318".to_owned(),
        http: false,
    };
    assert!(
        grpc.advice()
            .contains("set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
    );
    let http = Target {
        endpoint: "http://localhost:4317/v1/traces".to_owned(),
        http: true,
    };
    assert!(
        http.advice()
            .contains("set OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
    );
}
