//! OTLP over gRPC.

use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::{
    Compression, LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig,
};

use super::{Built, tls};
use crate::settings::Otlp;

pub(super) fn spans(otlp: &Otlp) -> Built<SpanExporter> {
    let builder = SpanExporter::builder().with_tonic();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

pub(super) fn logs(otlp: &Otlp) -> Built<LogExporter> {
    let builder = LogExporter::builder().with_tonic();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

pub(super) fn metrics(otlp: &Otlp) -> Built<MetricExporter> {
    let builder = MetricExporter::builder().with_tonic();
    let exporter = configured(otlp, builder)?.build();
    exporter.map_err(|error| otlp.refused(error))
}

fn configured<B: WithExportConfig + WithTonicConfig>(otlp: &Otlp, builder: B) -> Built<B> {
    let mut builder = builder
        .with_endpoint(&otlp.endpoint)
        .with_timeout(otlp.timeout)
        .with_metadata(MetadataMap::from_headers(otlp.header_map()?));
    if otlp.gzip {
        builder = builder.with_compression(Compression::Gzip);
    }
    Ok(match tls::of_grpc(otlp)? {
        Some(tls) => builder.with_tls_config(tls),
        None => builder,
    })
}
