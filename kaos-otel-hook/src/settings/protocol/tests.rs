//! What settings say of what is not built in: these run under every set of features.

use crate::{ExporterChoice, Settings};

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317");

/// What spans, metrics and logs are exported by, and the warnings.
fn read(vars: &[(&str, &str)]) -> ([&'static str; 3], Vec<String>) {
    let settings = Settings::from_vars(|name| {
        let named = vars.iter().find(|(known, _)| *known == name);
        let value = named.map(|(_, value)| *value);
        value
            .or((name == "OTEL_SERVICE_NAME").then_some("desk"))
            .map(str::to_owned)
    });
    let exporter = |choice: &ExporterChoice| match choice {
        ExporterChoice::Otlp(otlp) if otlp.protocol.is_http() => "http",
        ExporterChoice::Otlp(_) => "grpc",
        ExporterChoice::None => "none",
        #[cfg(feature = "console")]
        ExporterChoice::Console => "console",
    };
    let exporters = [&settings.traces, &settings.metrics, &settings.logs].map(exporter);
    (exporters, settings.warnings)
}

#[test]
fn a_protocol_that_is_not_built_in_is_off_and_the_warning_names_the_feature() {
    for (word, feature, is_in) in [
        ("grpc", "otlp-grpc", cfg!(feature = "otlp-grpc")),
        ("http/protobuf", "otlp-http", cfg!(feature = "otlp-http")),
    ] {
        let (exporters, warnings) = read(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", word)]);
        if is_in {
            assert_eq!(exporters, [word.split('/').next().unwrap_or(word); 3]);
            assert!(warnings.is_empty(), "{warnings:?}");
        } else {
            assert_eq!(exporters, ["none"; 3]);
            let warning = |what| {
                format!(
                    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OTLP over {word} needs the feature \
                     `{feature}` of kaos-otel-hook, which this program is built without; using \
                     none: {what} are not exported"
                )
            };
            assert_eq!(warnings, ["spans", "metrics", "log records"].map(warning));
        }
    }
}

#[test]
fn the_default_protocol_is_the_one_that_is_built_in() {
    let (exporters, warnings) = read(&[ENDPOINT]);
    let (grpc, http) = (cfg!(feature = "otlp-grpc"), cfg!(feature = "otlp-http"));
    let expected = match (grpc, http) {
        (true, _) => "grpc",
        (false, true) => "http",
        (false, false) => "none",
    };
    assert_eq!(exporters, [expected; 3]);
    assert_eq!(
        warnings.len(),
        if grpc || http { 0 } else { 3 },
        "{warnings:?}"
    );
}

#[test]
fn the_console_is_built_in_or_the_warning_names_the_feature() {
    let (exporters, warnings) = read(&[("OTEL_TRACES_EXPORTER", "console")]);
    if cfg!(feature = "console") {
        assert_eq!(exporters, ["console", "none", "none"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    } else {
        assert_eq!(exporters, ["none"; 3]);
        assert_eq!(
            warnings,
            [
                "OTEL_TRACES_EXPORTER is `console`, which needs the feature `console` of \
              kaos-otel-hook, which this program is built without; using none: spans are not \
              exported"
            ]
        );
    }
}

#[test]
fn without_variables_nothing_is_said() {
    assert_eq!(read(&[]), (["none"; 3], Vec::new()));
}
