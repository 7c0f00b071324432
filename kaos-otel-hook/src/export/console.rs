//! Spans on the standard output. (Log records and attributes are printed as Rust's `{:?}` has them, and
//! labels of metrics have no control characters.)

use kaos_hooks::plain;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// The SDK's exporter, which prints names as they are: here none commands a terminal.
#[derive(Debug, Default)]
pub(crate) struct Spans(opentelemetry_stdout::SpanExporter);

impl SpanExporter for Spans {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            span.name = plain(&span.name).into();
        }
        self.0.export(batch).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
