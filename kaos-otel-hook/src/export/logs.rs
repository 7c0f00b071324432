use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord};

use super::{Export, Lane};

/// A log record with who wrote it.
pub(crate) type Record = (SdkLogRecord, InstrumentationScope);

/// The logger provider's end of the lane of log records.
#[derive(Debug, Clone)]
pub(crate) struct LogLane(pub(crate) Arc<Lane<Record>>);

impl LogLane {
    pub(crate) fn export(
        &self,
        mut exporter: impl LogExporter + 'static,
        resource: &Resource,
    ) -> Export {
        exporter.set_resource(resource);
        let lane = Arc::clone(&self.0);
        Box::pin(async move {
            lane.run(async |batch| {
                let batch: Vec<_> = batch
                    .iter()
                    .map(|(record, scope)| (record, scope))
                    .collect();
                exporter.export(LogBatch::new(&batch)).await
            })
            .await;
        })
    }
}

impl LogProcessor for LogLane {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.0.offer((record.clone(), scope.clone()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.flush(Duration::from_secs(5))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shut_down(timeout)
    }
}
