use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord};

use super::exporter::OfSdk;
use super::{Export, Exporter, Lane, Receipt};

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
        self.export_by(OfSdk(exporter))
    }

    pub(crate) fn export_by(&self, exporter: impl Exporter<Vec<Record>> + 'static) -> Export {
        let lane = Arc::clone(&self.0);
        Box::pin(async move { lane.run(exporter).await })
    }
}

impl<E: LogExporter> Exporter<Vec<Record>> for OfSdk<E> {
    type Part = Vec<Record>;

    fn parts(&self, batch: Vec<Record>) -> Vec<(u64, Vec<Record>)> {
        vec![(batch.len() as u64, batch)]
    }

    async fn send(&self, batch: Vec<Record>) -> Result<Receipt, String> {
        let records: Vec<_> = batch
            .iter()
            .map(|(record, scope)| (record, scope))
            .collect();
        let sent = self.0.export(LogBatch::new(&records)).await;
        sent.map(|()| Receipt::default())
            .map_err(|error| error.to_string())
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
