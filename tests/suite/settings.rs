//! What `Settings` makes of each variable: valid, invalid and absent; and whose word goes first.

mod endpoints;
mod sent;

use std::process::Command;
use std::time::Duration;

use kaos_otel_hook::{
    Capture, ExporterChoice, ExporterError, Limits, Otlp, Protocol, Settings, SpanNames, Telemetry,
    TelemetryConfig,
};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::metrics::Temporality;

type Vars<'a> = &'a [(&'a str, &'a str)];

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
const NAME: (&str, &str) = ("OTEL_SERVICE_NAME", "lease-desk");
const HTTP: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");

fn lookup(vars: Vars<'_>) -> impl Fn(&str) -> Option<String> {
    |name| {
        let known = vars.iter().rfind(|(known, _)| *known == name);
        known.map(|(_, value)| (*value).to_owned())
    }
}

/// Settings of a named service with an endpoint, and these variables.
fn settings(vars: Vars<'_>) -> Settings {
    let all = [&[ENDPOINT, NAME], vars].concat();
    Settings::from_vars(lookup(&all))
}

fn otlp(choice: &ExporterChoice) -> &Otlp {
    match choice {
        ExporterChoice::Otlp(otlp) => otlp,
        other => panic!("{other:?} is not OTLP"),
    }
}

/// A variable's cases: what a value makes of a setting, and whether it is warned about. The empty
/// value must be as none.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    name: &str,
    read: impl Fn(&Settings) -> T,
    cases: &[(&str, T, bool)],
) {
    let absent = settings(&[]);
    assert_eq!(absent.warnings, [""; 0]);
    assert_eq!(
        read(&settings(&[(name, " ")])),
        read(&absent),
        "{name} empty"
    );
    for (value, expected, warned) in cases {
        let settings = settings(&[(name, value)]);
        assert_eq!(read(&settings), *expected, "{name}={value}");
        let warnings = settings.warnings;
        if *warned {
            assert_eq!(warnings.len(), 1, "{name}={value}: {warnings:?}");
            let start = format!("{name} is `{value}`, not ");
            assert!(warnings[0].starts_with(&start), "{}", warnings[0]);
            assert!(warnings[0].contains("; using "), "{}", warnings[0]);
        } else {
            assert_eq!(warnings, [""; 0], "{name}={value}");
        }
    }
}

#[test]
fn disabled_is_true_in_any_case_and_1_and_yes_with_a_warning() {
    let cases = [
        ("", false, false),
        ("true", true, false),
        ("TRUE", true, false),
        ("false", false, false),
        ("1", true, true),
        ("Yes", true, true),
        ("0", false, true),
        ("on", false, true),
    ];
    check("OTEL_SDK_DISABLED", |it| it.disabled, &cases);
    check("OTEL_SDK_DISABLED", |it| !it.is_on(), &cases);
}

#[test]
fn an_exporter_is_otlp_console_or_none() {
    type Of = fn(&Settings) -> &ExporterChoice;
    let signals: [(&str, Of); 3] = [
        ("OTEL_TRACES_EXPORTER", |it| &it.traces),
        ("OTEL_METRICS_EXPORTER", |it| &it.metrics),
        ("OTEL_LOGS_EXPORTER", |it| &it.logs),
    ];
    for (name, of) in signals {
        let kind = |settings: &Settings| match of(settings) {
            ExporterChoice::Otlp(_) => "otlp",
            ExporterChoice::Console => "console",
            ExporterChoice::None => "none",
            _ => "?",
        };
        check(
            name,
            kind,
            &[
                ("", "otlp", false),
                ("otlp", "otlp", false),
                ("Console", "console", false),
                ("none", "none", false),
                ("otlp,console", "otlp", true),
                ("zipkin", "otlp", true),
            ],
        );
    }
}

#[test]
fn the_general_endpoint_is_a_base_over_http_and_the_signal_s_own_is_used_as_it_is() {
    let traces = |vars: Vars<'_>| otlp(&settings(vars).traces).endpoint.clone();
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:2/x");
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1/");
    assert_eq!(traces(&[general]), "http://a:1/");
    assert_eq!(traces(&[general, own]), "http://b:2/x");
    assert_eq!(traces(&[general, HTTP]), "http://a:1/v1/traces");
    assert_eq!(traces(&[general, HTTP, own]), "http://b:2/x");
    let settings = settings(&[general, HTTP]);
    assert_eq!(otlp(&settings.metrics).endpoint, "http://a:1/v1/metrics");
    assert_eq!(otlp(&settings.logs).endpoint, "http://a:1/v1/logs");
}

#[test]
fn a_signal_without_an_endpoint_is_off() {
    let vars = [NAME, ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://b:2")];
    let settings = Settings::from_vars(lookup(&vars));
    assert!(settings.is_on());
    assert_eq!(settings.traces, ExporterChoice::None);
    assert_eq!(settings.metrics, ExporterChoice::None);
    assert_eq!(otlp(&settings.logs).endpoint, "http://b:2");
}

#[test]
fn an_endpoint_that_is_no_url_is_warned_about_and_off() {
    let misspelt = [
        "http://a:99999",
        "http://[::1]:x",
        "htp:/x",
        "http:/a:4317",
        "http:a:4317",
        "a:",
        "a:/v1",
    ];
    for bad in ["not a url", "ftp://a", "http://"]
        .into_iter()
        .chain(misspelt)
    {
        let settings = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", bad)]);
        assert!(!settings.is_on(), "{bad}");
        assert_eq!(
            settings.warnings[0],
            format!(
                "OTEL_EXPORTER_OTLP_ENDPOINT is `{bad}`, not a URL such as \
                 http://localhost:4317; using none: spans are not exported"
            )
        );
        assert!(
            !Telemetry::from_vars(lookup(&[("OTEL_EXPORTER_OTLP_ENDPOINT", bad)]))
                .unwrap()
                .is_on()
        );
    }
}

#[test]
fn without_a_scheme_insecure_decides_for_grpc() {
    let bare = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    let endpoint = |vars: Vars<'_>| otlp(&settings(vars).traces).endpoint.clone();
    assert_eq!(endpoint(&[bare]), "https://collector:4317");
    let told = "OTEL_EXPORTER_OTLP_ENDPOINT is `collector:4317`, without a scheme: https is used. For a \
                collector without TLS: http://collector:4317";
    assert_eq!(settings(&[bare]).warnings, [told]);
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "True");
    assert_eq!(endpoint(&[bare, insecure]), "http://collector:4317");
    assert_eq!(settings(&[bare, insecure]).warnings, [""; 0]);
    let own = ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false");
    assert_eq!(endpoint(&[bare, insecure, own]), "https://collector:4317");
    assert_eq!(
        endpoint(&[insecure]),
        "http://collector:4317",
        "the scheme goes first"
    );
    let all = settings(&[("OTEL_EXPORTER_OTLP_INSECURE", "maybe")]);
    assert_eq!(all.warnings.len(), 1, "once for all: {:?}", all.warnings);
}

/// A field of OTLP that each signal may have of its own.
#[track_caller]
fn check_otlp<T: PartialEq + std::fmt::Debug + Clone>(
    field: &str,
    read: impl Fn(&Otlp) -> T,
    default: &T,
    (valid, meaning): (&str, T),
    invalid: Option<&str>,
) {
    let general = format!("OTEL_EXPORTER_OTLP_{field}");
    let own = format!("OTEL_EXPORTER_OTLP_METRICS_{field}");
    let of_all = |settings: &Settings| {
        [&settings.traces, &settings.metrics, &settings.logs].map(|it| read(otlp(it)))
    };
    let three = |it: &T| [it.clone(), it.clone(), it.clone()];
    assert_eq!(of_all(&settings(&[])), three(default));
    assert_eq!(of_all(&settings(&[(&general, " ")])), three(default));
    assert_eq!(of_all(&settings(&[(&general, valid)])), three(&meaning));
    let one = [default.clone(), meaning, default.clone()];
    assert_eq!(of_all(&settings(&[(&own, valid)])), one);
    if let Some(invalid) = invalid {
        let settings = settings(&[(&own, invalid)]);
        assert_eq!(of_all(&settings), three(default));
        let warnings = &settings.warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with(&format!("{own} is `{invalid}`, not ")));
    }
}

#[test]
fn each_signal_may_have_its_own_protocol_headers_timeout_compression_and_files() {
    let s = str::to_owned;
    check_otlp(
        "PROTOCOL",
        |it| it.protocol,
        &Protocol::Grpc,
        ("http/protobuf", Protocol::HttpProtobuf),
        Some("thrift"),
    );
    check_otlp(
        "TIMEOUT",
        |it| it.timeout,
        &Duration::from_secs(10),
        ("250", Duration::from_millis(250)),
        Some("1s"),
    );
    let of_all = ("OTEL_EXPORTER_OTLP_TIMEOUT", "250");
    let bad = settings(&[of_all, ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1s")]);
    assert_eq!(otlp(&bad.logs).timeout, Duration::from_millis(250));
    check_otlp(
        "COMPRESSION",
        |it| it.gzip,
        &false,
        ("gzip", true),
        Some("zstd"),
    );
    check_otlp("COMPRESSION", |it| it.gzip, &false, ("none", false), None);
    check_otlp(
        "HEADERS",
        |it| it.headers.clone(),
        &Vec::new(),
        (
            "api-key=a%20b%3D, x = y",
            vec![(s("api-key"), s("a b=")), (s("x"), s("y"))],
        ),
        None,
    );
    check_otlp(
        "CERTIFICATE",
        |it| it.certificate.as_ref().map(|file| file.path.clone()),
        &None,
        ("/ca.pem", Some(s("/ca.pem"))),
        None,
    );
}

#[test]
fn a_malformed_header_is_left_out_and_its_text_is_not_said() {
    let vars = (
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "a=1,secret,b=%zz,=c,d=%4,e f=1",
    );
    let settings = settings(&[vars]);
    let kept = [("a", "1"), ("b", "%zz"), ("d", "%4")];
    let kept = kept.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(otlp(&settings.traces).headers, kept);
    let entry = |at, what| format!("entry {at} of OTEL_EXPORTER_OTLP_TRACES_HEADERS is not {what}");
    let none = "`name=value` of a header; using the others";
    let raw = "percent-encoded; using it as it is";
    let said = [(2, none), (3, raw), (4, none), (5, raw), (6, none)];
    assert_eq!(settings.warnings, said.map(|(at, what)| entry(at, what)));
    let debug = format!("{settings:?}");
    assert!(!debug.contains("secret"), "{debug}");
}

#[test]
fn a_client_s_certificate_needs_its_key() {
    let certificate = ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c.pem");
    let key = ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k.pem");
    let traces = settings(&[certificate, key]).traces;
    let (certificate_file, key_file) = otlp(&traces).client.as_ref().unwrap();
    assert_eq!(
        (&*certificate_file.path, &*key_file.path),
        ("/c.pem", "/k.pem")
    );
    for alone in [certificate, key] {
        let settings = settings(&[alone]);
        assert_eq!(otlp(&settings.traces).client, None);
        assert!(settings.warnings[0].ends_with("is not set; using neither"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_its_variable() {
    for protocol in ["grpc", "http/protobuf"] {
        let vars = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem"),
        ];
        let error = Telemetry::from_vars(lookup(&vars)).unwrap_err();
        assert!(
            matches!(error, ExporterError::Certificate { .. }),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            "OTEL_EXPORTER_OTLP_CERTIFICATE is `/no/such/file.pem`, which cannot be used; set it \
             to a PEM file that can be read"
        );
    }
}

#[test]
fn the_service_s_name_goes_over_the_resource_attribute() {
    let attributes = "service.name=other,team=a%2Cb,broken";
    let named = settings(&[("OTEL_RESOURCE_ATTRIBUTES", attributes)]);
    assert_eq!(named.service_name, "lease-desk");
    assert_eq!(
        named.resource_attributes,
        [("team".to_owned(), "a,b".to_owned())]
    );
    assert_eq!(named.warnings.len(), 1, "{:?}", named.warnings);
    let by_attribute = Settings::from_vars(lookup(&[
        ENDPOINT,
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other"),
    ]));
    assert_eq!(by_attribute.service_name, "other");
    assert_eq!(by_attribute.warnings, [""; 0]);
}

#[test]
fn a_service_without_a_name_is_called_after_its_program_with_one_warning() {
    let unnamed = Settings::from_vars(lookup(&[ENDPOINT]));
    assert!(unnamed.service_name.starts_with("unknown_service:suite"));
    let warning = format!(
        "OTEL_SERVICE_NAME is not set; using {}",
        unnamed.service_name
    );
    assert_eq!(unnamed.warnings, [warning]);
    assert_eq!(
        Settings::from_vars(|_| None).warnings,
        [""; 0],
        "off: no matter"
    );
}

#[test]
fn samplers_are_the_six_of_the_specification() {
    let sampler = |settings: &Settings| format!("{:?}", settings.sampler);
    let by_parent = |root: &str| format!("ParentBased({root})");
    check(
        "OTEL_TRACES_SAMPLER",
        sampler,
        &[
            ("", by_parent("AlwaysOn"), false),
            ("always_on", "AlwaysOn".into(), false),
            ("always_off", "AlwaysOff".into(), false),
            ("traceidratio", "TraceIdRatioBased(1.0)".into(), false),
            ("parentbased_always_on", by_parent("AlwaysOn"), false),
            ("parentbased_always_off", by_parent("AlwaysOff"), false),
            (
                "parentbased_traceidratio",
                by_parent("TraceIdRatioBased(1.0)"),
                false,
            ),
            ("xray", by_parent("AlwaysOn"), true),
        ],
    );
    for (argument, ratio, warned) in [("0.25", "0.25", 0), ("7", "1.0", 1), ("half", "1.0", 1)] {
        let settings = settings(&[
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ]);
        assert_eq!(sampler(&settings), format!("TraceIdRatioBased({ratio})"));
        assert_eq!(settings.warnings.len(), warned);
    }
}

#[test]
fn lengths_of_values_are_limited_in_general_and_by_signal() {
    let limits = |settings: &Settings| settings.limits;
    let both = |value_length, log_value_length| Limits {
        value_length: Some(value_length),
        log_value_length: Some(log_value_length),
    };
    let default = 32_768;
    check(
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        limits,
        &[
            ("", both(default, default), false),
            ("100", both(100, 100), false),
            ("-1", both(default, default), true),
        ],
    );
    check(
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        limits,
        &[
            ("9", both(9, default), false),
            ("x", both(default, default), true),
        ],
    );
    check(
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        limits,
        &[
            ("9", both(default, 9), false),
            ("x", both(default, default), true),
        ],
    );
}

#[test]
fn counts_batches_and_intervals_are_numbers() {
    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }
    type Read = fn(&Settings) -> u64;
    fn as_millis(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap()
    }
    let cases: &[(&str, u64, Read)] = &[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_attributes_per_span.into()
        }),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_attributes_per_span.into()
        }),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_events_per_span.into()
        }),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_links_per_span.into()
        }),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_attributes_per_event.into()
        }),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", 128, |it| {
            it.span_limits.max_attributes_per_link.into()
        }),
        ("OTEL_BSP_MAX_QUEUE_SIZE", 2048, |it| {
            it.span_batches.queue as u64
        }),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, |it| {
            it.span_batches.size as u64
        }),
        ("OTEL_BSP_SCHEDULE_DELAY", 5000, |it| {
            as_millis(it.span_batches.delay)
        }),
        ("OTEL_BSP_EXPORT_TIMEOUT", 30_000, |it| {
            as_millis(it.span_batches.timeout)
        }),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", 2048, |it| {
            it.log_batches.queue as u64
        }),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", 512, |it| {
            it.log_batches.size as u64
        }),
        ("OTEL_BLRP_SCHEDULE_DELAY", 1000, |it| {
            as_millis(it.log_batches.delay)
        }),
        ("OTEL_BLRP_EXPORT_TIMEOUT", 30_000, |it| {
            as_millis(it.log_batches.timeout)
        }),
        ("OTEL_METRIC_EXPORT_INTERVAL", 60_000, |it| {
            as_millis(it.metric_interval)
        }),
        ("OTEL_METRIC_EXPORT_TIMEOUT", 30_000, |it| {
            as_millis(it.metric_timeout)
        }),
    ];
    for (name, default, read) in cases {
        check(
            name,
            read,
            &[
                ("", *default, false),
                ("77", 77, false),
                ("-7", *default, true),
                ("many", *default, true),
            ],
        );
    }
    let small = settings(&[("OTEL_BSP_MAX_QUEUE_SIZE", "10")]).span_batches;
    assert_eq!((small.queue, small.size, small.delay), (10, 10, ms(5000)));
    let large = settings(&[("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "5000")]);
    assert_eq!(large.log_batches.size, 2048);
    assert_eq!(
        large.warnings,
        [
            "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE is `5000`, not at most OTEL_BLRP_MAX_QUEUE_SIZE; using 2048"
        ]
    );
}

#[test]
fn temporality_and_names_are_words() {
    check(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        |it| it.temporality,
        &[
            ("", Temporality::Cumulative, false),
            ("cumulative", Temporality::Cumulative, false),
            ("DELTA", Temporality::Delta, false),
            ("lowmemory", Temporality::LowMemory, false),
            ("low", Temporality::Cumulative, true),
        ],
    );
    check(
        "KAOS_SPAN_NAMES",
        |it| it.names,
        &[
            ("", SpanNames::Kaos, false),
            ("kaos", SpanNames::Kaos, false),
            ("GenAI", SpanNames::GenAi, false),
            ("operator", SpanNames::Operator, false),
            ("other", SpanNames::Kaos, true),
        ],
    );
}

#[test]
fn what_content_and_which_exceptions_are_exported() {
    check(
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        |it| it.capture,
        &[
            ("", Capture::NoContent, false),
            ("NO_CONTENT", Capture::NoContent, false),
            ("span_only", Capture::SpanOnly, false),
            ("EVENT_ONLY", Capture::EventOnly, false),
            ("SPAN_AND_EVENT", Capture::SpanAndEvent, false),
            ("true", Capture::NoContent, true),
        ],
    );
    check(
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
        |it| it.exception_events,
        &[
            ("", true, false),
            ("logs", false, false),
            ("logs/dup", true, false),
            ("spans", true, true),
        ],
    );
}

#[test]
fn telemetry_is_on_with_an_endpoint_or_the_console() {
    let console = ("OTEL_LOGS_EXPORTER", "console");
    let disabled = ("OTEL_SDK_DISABLED", "true");
    let none = [
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    let cases: &[(Vars<'_>, bool)] = &[
        (&[], false),
        (&[NAME], false),
        (&[ENDPOINT], true),
        (&[console], true),
        (&[ENDPOINT, disabled], false),
        (&[console, disabled], false),
        (&[ENDPOINT, none[0], none[1]], true),
        (&[ENDPOINT, none[0], none[1], none[2]], false),
    ];
    for (vars, on) in cases {
        assert_eq!(Settings::from_vars(lookup(vars)).is_on(), *on, "{vars:?}");
    }
}

#[test]
fn the_ancestors_rule_asks_for_a_name_and_an_endpoint() {
    let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a:1");
    let cases: &[(Vars<'_>, bool)] = &[
        (&[], false),
        (&[NAME], false),
        (&[ENDPOINT], false),
        (&[ENDPOINT, ("OTEL_SERVICE_NAME", " ")], false),
        (&[ENDPOINT, NAME], true),
        (&[metrics, NAME], true),
        (&[ENDPOINT, NAME, ("OTEL_SDK_DISABLED", "yes")], false),
        (&[ENDPOINT, NAME, ("OTEL_SDK_DISABLED", "false")], true),
    ];
    for (vars, expected) in cases {
        assert_eq!(
            Telemetry::should_enable_by(lookup(vars)),
            *expected,
            "{vars:?}"
        );
    }
}

#[test]
fn a_component_s_configuration_goes_over_the_global_one_field_by_field() {
    let config = |enabled, endpoint: Option<&str>| TelemetryConfig {
        enabled,
        endpoint: endpoint.map(str::to_owned),
    };
    let (none, on, off) = (
        config(None, None),
        config(Some(true), None),
        config(Some(false), None),
    );
    let (a, b) = (
        config(None, Some("http://a")),
        config(None, Some("http://b")),
    );
    let cases = [
        (&none, &none, &none),
        (&none, &on, &on),
        (&off, &on, &off),
        (&on, &off, &on),
        (&a, &b, &a),
        (&none, &b, &b),
        (&on, &b, &config(Some(true), Some("http://b"))),
    ];
    for (component, global, expected) in cases {
        assert_eq!(component.over(global), *expected);
    }
    let read: TelemetryConfig = serde_json::from_str(r#"{"enabled":true}"#).unwrap();
    assert_eq!(read, on);
}

#[test]
fn a_configuration_goes_over_the_environment() {
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:1");
    let disabled = ("OTEL_SDK_DISABLED", "true");
    let endpoint = Some("http://config:1".to_owned());
    let of = |enabled, endpoint: &Option<String>, vars: Vars<'_>| {
        let config = TelemetryConfig {
            enabled,
            endpoint: endpoint.clone(),
        };
        let vars = [&[NAME], vars].concat();
        Settings::from_config(&config, lookup(&vars))
    };
    let by_config = of(None, &endpoint, &[ENDPOINT, own]);
    assert_eq!(otlp(&by_config.traces).endpoint, "http://config:1");
    assert_eq!(otlp(&by_config.logs).endpoint, "http://config:1");
    assert!(of(None, &None, &[ENDPOINT]).is_on());
    assert!(!of(None, &endpoint, &[disabled]).is_on());
    assert!(!of(Some(false), &endpoint, &[ENDPOINT]).is_on());

    let over = of(Some(true), &endpoint, &[disabled]);
    assert!(over.is_on());
    assert!(
        over.warnings[0].starts_with("OTEL_SDK_DISABLED is set"),
        "{:?}",
        over.warnings
    );

    let nowhere = of(Some(true), &None, &[]);
    assert!(!nowhere.is_on());
    assert!(
        nowhere.warnings[0].contains("has no endpoint"),
        "{:?}",
        nowhere.warnings
    );
}

#[test]
fn a_configuration_s_debug_text_shows_no_credentials() {
    let config = TelemetryConfig {
        enabled: Some(true),
        endpoint: Some("https://user:pass-w0rd@collector:4318/base?api_key=s3cret".to_owned()),
    };
    let text = format!("{config:?}");
    assert!(text.contains("collector:4318"), "{text}");
    for secret in ["pass-w0rd", "s3cret"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_endpoint_in_a_configuration_that_is_no_url_is_an_error() {
    let config = TelemetryConfig {
        enabled: None,
        endpoint: Some("not a url".to_owned()),
    };
    let error = Telemetry::from_config(&config).unwrap_err();
    assert!(
        matches!(error, ExporterError::BadEndpoint { .. }),
        "{error}"
    );
}

/// Runs in a process of its own, with an environment of its own.
#[test]
fn started_twice_it_is_shared_and_says_when_the_name_differs() {
    const CHILD: &str = "KAOS_TESTS_START_TWICE";
    if std::env::var(CHILD).is_err() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("settings::started_twice_it_is_shared_and_says_when_the_name_differs")
            .env(CHILD, "1")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
            .env("OTEL_SERVICE_NAME", "first")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let expected = "telemetry runs already as first; it is shared, and second is not used";
        assert_eq!(said.matches(expected).count(), 1, "{said}");
        return;
    }
    let first = Telemetry::from_env().unwrap();
    let same = Telemetry::from_env().unwrap();
    #[expect(
        unsafe_code,
        reason = "a process of its own, in which nobody else reads variables"
    )]
    // SAFETY: no other thread of this process reads or writes the environment meanwhile.
    unsafe {
        std::env::set_var("OTEL_SERVICE_NAME", "second");
    }
    let differs = Telemetry::from_env().unwrap();
    let tracer = first.tracer_provider().unwrap().tracer("test");
    tracer.start("span").end();
    assert_eq!(same.stats().traces.offered, 1, "one account");
    assert_eq!(differs.stats().traces.offered, 1, "one account");
    drop(same);
    drop(first);
    tracer.start("span").end();
    assert_eq!(differs.stats().traces.offered, 2, "it goes on");
    drop(differs);
    let anew = Telemetry::from_env().unwrap();
    assert_eq!(anew.stats().traces.offered, 0, "after the last, a new one");
    // Settings changed by code start as the environment does.
    let mut settings = Settings::from_vars(|name| std::env::var(name).ok());
    settings.sampler = kaos_otel_hook::sdk::Sampler::AlwaysOff;
    let shared = Telemetry::from_settings(&settings).unwrap();
    let offered = |telemetry: &Telemetry| {
        let tracer = telemetry.tracer_provider().unwrap().tracer("test");
        tracer.start("span").end();
        telemetry.stats().traces.offered
    };
    assert_eq!(offered(&shared), 1, "it shares what runs");
    drop((shared, anew));
    let own = Telemetry::from_settings(&settings).unwrap();
    assert_eq!(offered(&own), 0, "nothing is sampled");
    settings.disabled = true;
    drop(own);
    assert!(!Telemetry::from_settings(&settings).unwrap().is_on());
}
