//! The exporters that the settings ask for.

mod tls;

use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter,
    WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::LogExporter as _;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::SpanExporter as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::export::{Export, LogLane, MetricLane, SpanLane};
use crate::settings::{ExporterChoice, Otlp};

/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExporterError {
    /// The endpoint given in code or configuration is not a URL.
    #[error(
        "cannot export to `{endpoint}`; set OTEL_EXPORTER_OTLP_ENDPOINT to a URL such as http://localhost:4317"
    )]
    BadEndpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// The exporter cannot be built as the settings ask for.
    #[error("cannot export to `{endpoint}`")]
    Refused {
        /// The endpoint.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of certificates or a key cannot be used.
    #[error("{variable} is `{path}`, which cannot be used; set it to a PEM file that can be read")]
    Certificate {
        /// The variable that names it.
        variable: String,
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that exports, or its runtime, could not be started.
    #[error("cannot start the thread that exports")]
    Thread(#[source] std::io::Error),
}

type Built<T> = Result<T, ExporterError>;

/// The exporting end of the lane of spans. Must be called inside the runtime that will export.
pub(crate) fn spans(
    choice: &ExporterChoice,
    lane: &SpanLane,
    resource: &Resource,
) -> Built<Export> {
    Ok(match choice {
        ExporterChoice::Otlp(otlp) => {
            let builder = SpanExporter::builder();
            let mut exporter = if otlp.http {
                built(otlp, otlp.over_http(builder.with_http())?.build())?
            } else {
                built(otlp, otlp.over_grpc(builder.with_tonic())?.build())?
            };
            exporter.set_resource(resource);
            lane.export(exporter)
        }
        ExporterChoice::Console | ExporterChoice::None => {
            let mut exporter = opentelemetry_stdout::SpanExporter::default();
            exporter.set_resource(resource);
            lane.export(exporter)
        }
    })
}

/// As [`spans`], for log records.
pub(crate) fn logs(choice: &ExporterChoice, lane: &LogLane, resource: &Resource) -> Built<Export> {
    Ok(match choice {
        ExporterChoice::Otlp(otlp) => {
            let builder = LogExporter::builder();
            let mut exporter = if otlp.http {
                built(otlp, otlp.over_http(builder.with_http())?.build())?
            } else {
                built(otlp, otlp.over_grpc(builder.with_tonic())?.build())?
            };
            exporter.set_resource(resource);
            lane.export(exporter)
        }
        ExporterChoice::Console | ExporterChoice::None => {
            let mut exporter = opentelemetry_stdout::LogExporter::default();
            exporter.set_resource(resource);
            lane.export(exporter)
        }
    })
}

/// As [`spans`], for metrics: they carry their resource themselves.
pub(crate) fn metrics(
    choice: &ExporterChoice,
    lane: &MetricLane,
    temporality: Temporality,
) -> Built<Export> {
    Ok(match choice {
        ExporterChoice::Otlp(otlp) => {
            let builder = MetricExporter::builder().with_temporality(temporality);
            lane.export(if otlp.http {
                built(otlp, otlp.over_http(builder.with_http())?.build())?
            } else {
                built(otlp, otlp.over_grpc(builder.with_tonic())?.build())?
            })
        }
        ExporterChoice::Console | ExporterChoice::None => {
            lane.export(opentelemetry_stdout::MetricExporter::default())
        }
    })
}

fn built<T>(otlp: &Otlp, exporter: Result<T, ExporterBuildError>) -> Built<T> {
    exporter.map_err(|error| otlp.refused(error))
}

impl Otlp {
    fn refused(&self, source: impl std::error::Error + Send + Sync + 'static) -> ExporterError {
        ExporterError::Refused {
            endpoint: self.endpoint.clone(),
            source: Box::new(source),
        }
    }

    fn over_grpc<B: WithExportConfig + WithTonicConfig>(&self, builder: B) -> Built<B> {
        let mut builder = builder
            .with_endpoint(&self.endpoint)
            .with_timeout(self.timeout)
            .with_metadata(MetadataMap::from_headers(self.header_map()?));
        if self.gzip {
            builder = builder.with_compression(Compression::Gzip);
        }
        Ok(match tls::of_grpc(self)? {
            Some(tls) => builder.with_tls_config(tls),
            None => builder,
        })
    }

    /// The client is given, so that no other crate's features choose it.
    fn over_http<B: WithExportConfig + WithHttpConfig>(&self, builder: B) -> Built<B> {
        let client = reqwest::Client::builder()
            .default_headers(self.header_map()?)
            .timeout(self.timeout)
            .tls_backend_preconfigured(tls::of_http(self)?)
            .build()
            .map_err(|error| self.refused(error))?;
        let builder = builder
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&self.endpoint)
            .with_timeout(self.timeout);
        Ok(if self.gzip {
            builder.with_compression(Compression::Gzip)
        } else {
            builder
        })
    }

    fn header_map(&self) -> Built<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|error| self.refused(error))?;
            let value: HeaderValue = value.parse().map_err(|error| self.refused(error))?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}
