//! OTLP over HTTP.

use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithHttpConfig,
};

use super::{Built, tls};
use crate::settings::Otlp;

pub(super) fn spans(otlp: &Otlp) -> Built<SpanExporter> {
    let builder = SpanExporter::builder().with_http();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

pub(super) fn logs(otlp: &Otlp) -> Built<LogExporter> {
    let builder = LogExporter::builder().with_http();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

pub(super) fn metrics(otlp: &Otlp) -> Built<MetricExporter> {
    let builder = MetricExporter::builder().with_http();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

/// The client is given, so that no other crate's features choose it.
fn configured<B: WithExportConfig + WithHttpConfig>(otlp: &Otlp, builder: B) -> Built<B> {
    let client = reqwest::Client::builder()
        .default_headers(otlp.header_map()?)
        .timeout(otlp.timeout)
        .tls_backend_preconfigured(tls::of_http(otlp)?)
        .build()
        .map_err(|error| otlp.refused(error))?;
    let builder = builder
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&otlp.endpoint)
        .with_timeout(otlp.timeout);
    Ok(if otlp.gzip {
        builder.with_compression(Compression::Gzip)
    } else {
        builder
    })
}
