//! A call on its way: its span, and what is reported of it.

use axum::http::HeaderMap;
use kaos_hooks::Propagator;
use kaos_otel_hook::{ForwardedCall, ForwardedCalls, Propagators, Telemetry};

use crate::reports::{ReportedCall, Reporter};

/// Begins calls.
pub(super) struct Calls {
    spans: ForwardedCalls,
    reporter: Option<Reporter>,
    propagators: Propagators,
}

/// One of them. Dropped before it is complete, it ends as cancelled.
pub(super) struct Call {
    span: ForwardedCall,
    report: Option<ReportedCall>,
}

impl Calls {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            spans: ForwardedCalls::new(telemetry),
            reporter: Reporter::of_team(),
            propagators: telemetry.propagators().clone(),
        }
    }

    pub(super) fn begin(
        &self,
        headers: &HeaderMap,
        provider: &str,
        model: &str,
        streams: bool,
    ) -> Call {
        let report = self.reporter.as_ref().map(|reporter| {
            let headers = headers.iter();
            let headers: Vec<_> = headers
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect();
            reporter.call(Propagator::extract(&self.propagators, &headers), model)
        });
        Call {
            span: self.spans.begin(headers, provider, model, streams),
            report,
        }
    }
}

impl Call {
    pub(super) fn span(&mut self) -> &mut ForwardedCall {
        &mut self.span
    }

    /// Ends it: it has been answered.
    pub(super) fn complete(mut self) {
        if let Some(report) = &mut self.report {
            report.ends(None);
        }
        self.span.complete();
    }

    /// Ends it: it has failed, for this reason of few, such as a status.
    pub(super) fn fail(mut self, error_type: &str) {
        if let Some(report) = &mut self.report {
            report.ends(Some(error_type));
        }
        self.span.fail(error_type);
    }
}
