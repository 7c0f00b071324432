//! OTLP over gRPC.

use http::uri::PathAndQuery;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Extensions, Request, Status, client};
use tonic_types::StatusExt as _;

use super::receipt::{of_receiver, receipt};
use super::retry::{Again, Fault};
use super::tls;
use crate::export::Receipt;
use crate::export::error::Built;
use crate::settings::{Otlp, Signal};

/// A connection, and what goes with each request.
pub(super) struct Grpc {
    channel: Channel,
    method: PathAndQuery,
    metadata: MetadataMap,
    gzip: bool,
}

impl Grpc {
    /// Connects when there is something to send.
    pub(super) fn new(otlp: &Otlp, signal: Signal) -> Built<Self> {
        let refused = |error| otlp.refused(error);
        let endpoint = Endpoint::from_shared(otlp.endpoint.clone()).map_err(refused)?;
        let endpoint = match tls::of_grpc(otlp)? {
            Some(tls) => endpoint.tls_config(tls).map_err(refused)?,
            None => endpoint,
        };
        Ok(Self {
            channel: endpoint.connect_timeout(otlp.timeout).connect_lazy(),
            method: PathAndQuery::from_static(method(signal)),
            metadata: MetadataMap::from_headers(otlp.header_map()?),
            gzip: otlp.gzip,
        })
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Receipt, Fault> {
        let mut client = client::Grpc::new(self.channel.clone());
        if self.gzip {
            let gzip = CompressionEncoding::Gzip;
            client = client.send_compressed(gzip).accept_compressed(gzip);
        }
        client.ready().await.map_err(|error| Fault {
            why: Fault::text(&error),
            again: Again::Soon,
        })?;
        let request = Request::from_parts(self.metadata.clone(), Extensions::default(), body);
        let answered = client.unary(request, self.method.clone(), Encoded).await;
        let body = answered.map_err(|status| fault(&status))?.into_inner();
        receipt(&body).ok_or_else(|| Fault {
            why: "answered something that is no OTLP".to_owned(),
            again: Again::Never,
        })
    }
}

const fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// What is tried again is the protocol's word (OTLP 1.10, failures of OTLP/gRPC).
fn fault(status: &Status) -> Fault {
    let details = status.get_details_retry_info();
    let wanted = details.and_then(|it| it.retry_delay);
    // A status of ours, and not the receiver's: the connection did not last.
    let broken = std::error::Error::source(status);
    let again = match (status.code(), wanted) {
        _ if broken.is_some() => Again::Soon,
        (Code::ResourceExhausted | Code::Unavailable, Some(wanted)) => Again::After(wanted),
        (
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss,
            _,
        ) => Again::Soon,
        _ => Again::Never,
    };
    let said = broken.map_or_else(|| of_receiver(status.message()), Fault::text);
    Fault {
        why: format!("{:?}: {said}", status.code()),
        again,
    }
}

/// Messages that are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
