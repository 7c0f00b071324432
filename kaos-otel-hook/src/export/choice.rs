//! The exporters that the settings ask for.

#![cfg_attr(
    not(any(feature = "otlp-grpc", feature = "otlp-http")),
    expect(
        clippy::unnecessary_wraps,
        reason = "only OTLP exporters can be refused"
    )
)]

use opentelemetry_sdk::Resource;

use super::error::Built;
use super::nothing::Nothing;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
use super::otlp::OtlpExporter;
use super::{Export, LogLane, MetricLane, SpanLane};
use crate::settings::ExporterChoice;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
use crate::settings::Signal;

/// The exporting end of the lane of spans. Must be called inside the runtime that will export.
pub(crate) fn spans(
    choice: &ExporterChoice,
    lane: &SpanLane,
    resource: &Resource,
) -> Built<Export> {
    Ok(match choice {
        #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
        ExporterChoice::Otlp(otlp) => {
            lane.export_by(OtlpExporter::new(otlp, Signal::Traces, resource)?)
        }
        #[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
        ExporterChoice::Otlp(otlp) => match otlp.protocol {},
        #[cfg(feature = "console")]
        ExporterChoice::Console => lane.export(super::console::Spans::default(), resource),
        ExporterChoice::None => lane.export(Nothing, resource),
    })
}

/// As [`spans`], for log records.
pub(crate) fn logs(choice: &ExporterChoice, lane: &LogLane, resource: &Resource) -> Built<Export> {
    Ok(match choice {
        #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
        ExporterChoice::Otlp(otlp) => {
            lane.export_by(OtlpExporter::new(otlp, Signal::Logs, resource)?)
        }
        #[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
        ExporterChoice::Otlp(otlp) => match otlp.protocol {},
        #[cfg(feature = "console")]
        ExporterChoice::Console => {
            lane.export(opentelemetry_stdout::LogExporter::default(), resource)
        }
        ExporterChoice::None => lane.export(Nothing, resource),
    })
}

/// As [`spans`], for metrics: they carry their resource themselves, and their temporality is the
/// lane's.
pub(crate) fn metrics(choice: &ExporterChoice, lane: &MetricLane) -> Built<Export> {
    Ok(match choice {
        #[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
        ExporterChoice::Otlp(otlp) => lane.export_by(OtlpExporter::new(
            otlp,
            Signal::Metrics,
            &Resource::builder_empty().build(),
        )?),
        #[cfg(not(any(feature = "otlp-grpc", feature = "otlp-http")))]
        ExporterChoice::Otlp(otlp) => match otlp.protocol {},
        #[cfg(feature = "console")]
        ExporterChoice::Console => lane.export(opentelemetry_stdout::MetricExporter::default()),
        ExporterChoice::None => lane.export(Nothing),
    })
}
