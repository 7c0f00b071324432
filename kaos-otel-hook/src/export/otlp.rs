//! OTLP over either protocol: batches as requests, and what is answered to them.

mod connect;
mod cut;
#[cfg(feature = "otlp-grpc")]
mod grpc;
#[cfg(feature = "otlp-http")]
mod http;
mod probe;
mod receipt;
mod request;
mod retry;
mod tls;

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::LogBatch;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::trace::SpanData;
use prost::bytes::Bytes;

pub use self::probe::SignalProbe;
use self::request::parts;
use self::retry::persistently;
use super::error::Built;
use crate::export::{Exporter, Receipt, Record};
use crate::settings::{Otlp, Protocol, Signal};

/// Sends one signal.
pub(super) struct OtlpExporter {
    transport: Transport,
    resource: ResourceAttributesWithSchema,
    /// Of one request with its retries.
    timeout: Duration,
    /// Bytes of one request.
    largest: usize,
}

enum Transport {
    #[cfg(feature = "otlp-grpc")]
    Grpc(grpc::Grpc),
    #[cfg(feature = "otlp-http")]
    Http(http::Http),
}

impl OtlpExporter {
    #[cfg_attr(
        not(feature = "otlp-grpc"),
        expect(unused_variables, reason = "an endpoint over HTTP says what it takes")
    )]
    pub(super) fn new(otlp: &Otlp, signal: Signal, resource: &Resource) -> Built<Self> {
        let transport = match otlp.protocol {
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => Transport::Grpc(grpc::Grpc::new(otlp, signal)?),
            #[cfg(feature = "otlp-http")]
            Protocol::HttpProtobuf => Transport::Http(http::Http::new(otlp)?),
        };
        Ok(Self {
            transport,
            resource: resource.into(),
            timeout: otlp.timeout,
            largest: otlp.max_request_bytes,
        })
    }

    async fn sent(&self, body: Bytes) -> Result<Receipt, String> {
        persistently(self.timeout, async || match &self.transport {
            #[cfg(feature = "otlp-grpc")]
            Transport::Grpc(grpc) => grpc.send(body.clone()).await,
            #[cfg(feature = "otlp-http")]
            Transport::Http(http) => http.send(body.clone()).await,
        })
        .await
    }
}

impl Exporter<Vec<SpanData>> for OtlpExporter {
    type Part = Bytes;

    fn parts(&self, batch: Vec<SpanData>) -> Vec<(u64, Bytes)> {
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        parts(ExportTraceServiceRequest { resource_spans }, self.largest)
    }

    async fn send(&self, part: Bytes) -> Result<Receipt, String> {
        self.sent(part).await
    }
}

impl Exporter<Vec<Record>> for OtlpExporter {
    type Part = Bytes;

    fn parts(&self, batch: Vec<Record>) -> Vec<(u64, Bytes)> {
        let records: Vec<_> = batch
            .iter()
            .map(|(record, scope)| (record, scope))
            .collect();
        let records = LogBatch::new(&records);
        let resource_logs = group_logs_by_resource_and_scope(&records, &self.resource);
        parts(ExportLogsServiceRequest { resource_logs }, self.largest)
    }

    async fn send(&self, part: Bytes) -> Result<Receipt, String> {
        self.sent(part).await
    }
}

impl Exporter<ResourceMetrics> for OtlpExporter {
    type Part = Bytes;

    fn parts(&self, metrics: ResourceMetrics) -> Vec<(u64, Bytes)> {
        parts(ExportMetricsServiceRequest::from(&metrics), self.largest)
    }

    async fn send(&self, part: Bytes) -> Result<Receipt, String> {
        self.sent(part).await
    }
}
