//! What OTLP is sent over, as far as it is built in.

use super::vars::Vars;

/// What OTLP is sent over: what this crate is built with, by its features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// `grpc`.
    #[cfg(feature = "otlp-grpc")]
    Grpc,
    /// `http/protobuf`.
    #[cfg(feature = "otlp-http")]
    HttpProtobuf,
}

/// A protocol by its name, or its name and the feature that it needs.
pub(super) type Named = Result<Protocol, (&'static str, &'static str)>;

impl Protocol {
    #[cfg(feature = "otlp-grpc")]
    const GRPC: Named = Ok(Self::Grpc);
    #[cfg(not(feature = "otlp-grpc"))]
    const GRPC: Named = Err(("grpc", "otlp-grpc"));

    #[cfg(feature = "otlp-http")]
    const HTTP: Named = Ok(Self::HttpProtobuf);
    #[cfg(not(feature = "otlp-http"))]
    const HTTP: Named = Err(("http/protobuf", "otlp-http"));

    const WORDS: [(&'static str, Named); 2] = [("grpc", Self::GRPC), ("http/protobuf", Self::HTTP)];

    /// A protocol of the specification that is not spoken here, and what stands in for it: the same
    /// receivers take it on the same ports.
    const JSON: (&'static str, &'static str) = ("http/json", "http/protobuf");

    /// What the first of these variables names.
    pub(super) fn of(vars: &Vars<'_>, names: &[String; 2]) -> Named {
        let (default, word) = Self::DEFAULT;
        let (json, instead) = Self::JSON;
        match vars.first(names) {
            Some((name, value)) if value.eq_ignore_ascii_case(json) => {
                vars.bad(&name, &value, "grpc or http/protobuf", instead);
                Self::HTTP
            }
            _ => vars.word(names, &Self::WORDS, default, word),
        }
    }

    /// gRPC unless a protocol is set, as in Python KAOS; the OpenTelemetry specification (1.59,
    /// OTLP exporter) recommends `http/protobuf`. Where only one is built in, that one.
    const DEFAULT: (Named, &'static str) = match (Self::GRPC, Self::HTTP) {
        (Err(_), Ok(_)) => (Self::HTTP, "http/protobuf"),
        _ => (Self::GRPC, "grpc"),
    };

    pub(super) const fn is_http(self) -> bool {
        match self {
            #[cfg(feature = "otlp-grpc")]
            Self::Grpc => false,
            #[cfg(feature = "otlp-http")]
            Self::HttpProtobuf => true,
        }
    }
}

#[cfg(test)]
mod tests;
