//! What receivers say, as it may be shown.

use std::error::Error;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

use super::retry::Fault;
use crate::export::Receipt;
use crate::text::bounded;

/// What a receiver answered. The answers to the three signals are the same bytes: a count of what
/// was rejected, and a message (OTLP 1.10, `Export*PartialSuccess`).
pub(super) fn receipt(body: &[u8]) -> Option<Receipt> {
    let answer = ExportTraceServiceResponse::decode(body).ok()?;
    let partial = answer.partial_success.unwrap_or_default();
    Some(Receipt {
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
