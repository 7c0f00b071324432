//! The OTLP exporter that the environment asks for.

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};

/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExporterError {
    /// The protocol is not one of those this crate speaks.
    #[error("{variable} is `{value}`; use `grpc` or `http/protobuf`")]
    UnknownProtocol {
        /// The variable it stands in.
        variable: &'static str,
        /// What stands there.
        value: String,
    },
    /// The endpoint is not a URL, or the exporter refuses it.
    #[error(
        "cannot export to `{endpoint}`; set OTEL_EXPORTER_OTLP_ENDPOINT to a URL such as http://localhost:4317"
    )]
    BadEndpoint {
        /// The endpoint.
        endpoint: String,
        /// Why.
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The exporter's own runtime could not be made.
    #[error("cannot start the exporter's runtime")]
    Runtime(#[source] std::io::Error),
}

/// Where to export to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The URL as it is used, with its path.
    pub(crate) endpoint: String,
    pub(crate) http: bool,
}

const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

impl Target {
    /// What the variables say; `None` when they name no endpoint and there is no `default`.
    ///
    /// gRPC unless a protocol is set, as in the ancestors; the OpenTelemetry specification (1.59,
    /// OTLP exporter) recommends `http/protobuf`.
    pub(crate) fn from_vars(
        var: impl Fn(&str) -> Option<String>,
        default: Option<&str>,
    ) -> Result<Option<Self>, ExporterError> {
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let protocol = [TRACES_PROTOCOL, PROTOCOL]
            .into_iter()
            .find_map(|variable| Some((variable, var(variable)?)));
        let http = match protocol {
            None => false,
            Some((variable, value)) => match value.trim() {
                "grpc" => false,
                "http/protobuf" => true,
                _ => return Err(ExporterError::UnknownProtocol { variable, value }),
            },
        };
        if let Some(endpoint) = var(TRACES_ENDPOINT) {
            return Ok(Some(Self { endpoint, http }));
        }
        let base = var(ENDPOINT).or_else(|| default.map(str::to_owned));
        Ok(base.map(|base| {
            // The general endpoint is a base: HTTP has a path per signal.
            let endpoint = if http {
                format!("{}/v1/traces", base.trim_end_matches('/'))
            } else {
                base
            };
            Self { endpoint, http }
        }))
    }

    /// What to do when nothing arrives.
    pub(crate) fn advice(&self) -> String {
        let Self { endpoint, http } = self;
        let (speaks, other, port) = if *http {
            ("http/protobuf", "grpc", "4317")
        } else {
            ("grpc", "http/protobuf", "4318")
        };
        let usual = if endpoint.contains(&format!(":{port}")) {
            format!("port {port} usually expects {other}")
        } else {
            format!("if it expects {other} instead")
        };
        format!(
            "Is a collector listening at {endpoint}? This is OTLP over {speaks}; {usual}: set \
             OTEL_EXPORTER_OTLP_PROTOCOL={other}"
        )
    }

    /// Must be called inside the runtime that will export.
    pub(crate) fn exporter(&self) -> Result<SpanExporter, ExporterError> {
        let built = if self.http {
            SpanExporter::builder()
                .with_http()
                .with_http_client(reqwest::Client::new())
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(&self.endpoint)
                .build()
        } else {
            SpanExporter::builder()
                .with_tonic()
                .with_endpoint(&self.endpoint)
                .build()
        };
        let endpoint = self.endpoint.clone();
        built.map_err(|source| ExporterError::BadEndpoint { endpoint, source })
    }
}

#[cfg(test)]
mod tests;
