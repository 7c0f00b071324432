//! OTLP over either protocol: batches as requests, and what is answered to them.

mod cut;
#[cfg(feature = "otlp-grpc")]
mod grpc;
#[cfg(feature = "otlp-http")]
mod http;
mod request;
mod retry;
mod tls;

use std::error::Error;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::LogBatch;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use prost::bytes::Bytes;

use self::request::parts;
use self::retry::{Fault, persistently};
use super::choice::{Built, ExporterError};
use crate::export::{Answer, Exporter, Record};
use crate::settings::{Otlp, Protocol, Signal};
use crate::text::bounded;

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

    async fn sent(&self, body: Bytes) -> Result<Answer, String> {
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

    async fn send(&self, part: Bytes) -> Result<Answer, String> {
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

    async fn send(&self, part: Bytes) -> Result<Answer, String> {
        self.sent(part).await
    }
}

impl Exporter<ResourceMetrics> for OtlpExporter {
    type Part = Bytes;

    fn parts(&self, metrics: ResourceMetrics) -> Vec<(u64, Bytes)> {
        parts(ExportMetricsServiceRequest::from(&metrics), self.largest)
    }

    async fn send(&self, part: Bytes) -> Result<Answer, String> {
        self.sent(part).await
    }
}

/// What a receiver answered. The answers to the three signals are the same bytes: a count of what
/// was rejected, and a message (OTLP 1.10, `Export*PartialSuccess`).
pub(super) fn answer(body: &[u8]) -> Option<Answer> {
    let answer = ExportTraceServiceResponse::decode(body).ok()?;
    let partial = answer.partial_success.unwrap_or_default();
    Some(Answer {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: of_receiver(&partial.error_message),
    })
}

/// What a receiver says, as it may be shown.
pub(super) fn of_receiver(text: &str) -> String {
    kaos_hooks::plain(&bounded(text, Some(200)))
}

impl Fault {
    /// With the causes of an error, from the outermost to the root.
    pub(super) fn text(error: &dyn Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.ends_with(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        of_receiver(&text)
    }
}

impl Otlp {
    pub(super) fn refused(&self, source: impl Error + Send + Sync + 'static) -> ExporterError {
        ExporterError::Refused {
            endpoint: self.shown(),
            source: Box::new(source),
        }
    }

    pub(super) fn header_map(&self) -> Built<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|error| self.refused(error))?;
            let mut value: HeaderValue = value.parse().map_err(|error| self.refused(error))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    pub(super) fn is_https(&self) -> bool {
        let scheme = self.endpoint.get(..8);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }
}
