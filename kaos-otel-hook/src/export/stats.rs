use std::fmt;

use kaos_hooks::queue::Account;

/// What became of the spans, the data points or the log records of one telemetry start-up.
///
/// `offered = waiting + exported + failed + dropped`, at every moment. After shutdown nothing waits but
/// a batch of an exporter that blocks its thread.
///
/// # Example
///
/// What an alert looks at:
///
/// ```
/// use kaos_otel_hook::{ExportStats, Telemetry};
///
/// let (telemetry, _spans) = Telemetry::in_memory();
/// let ExportStats { failed, dropped, .. } = telemetry.stats().traces;
/// if failed > 0 { println!("the collector did not take {failed} spans") }
/// if dropped > 0 { println!("{dropped} spans found no room: raise OTEL_BSP_MAX_QUEUE_SIZE") }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportStats {
    /// Sampled spans that ended; log records that were emitted; data points that were collected.
    pub offered: u64,
    /// What is in the queue, or in a batch that is being sent.
    pub waiting: u64,
    /// What the receiver accepted.
    pub exported: u64,
    /// What was in batches that could not be sent.
    pub failed: u64,
    /// What found the queue full or closed, or was left when the time for shutdown was up.
    pub dropped: u64,
}

impl From<Account> for ExportStats {
    fn from(account: Account) -> Self {
        Self {
            offered: account.offered,
            waiting: account.waiting,
            exported: account.done,
            failed: account.failed,
            dropped: account.dropped,
        }
    }
}

impl ExportStats {
    /// What no receiver has.
    pub const fn lost(&self) -> u64 {
        self.failed + self.dropped
    }
}

/// What became of all that one telemetry start-up had to export, by signal.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::TelemetryStats;
///
/// let nothing = TelemetryStats::default();
/// assert_eq!(
///     nothing.to_string(),
///     "exported 0 spans, lost 0; 0 data points, lost 0; 0 log records, lost 0"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TelemetryStats {
    /// Spans.
    pub traces: ExportStats,
    /// Data points: one for each instrument and set of attributes, each time they are collected.
    pub metrics: ExportStats,
    /// Log records.
    pub logs: ExportStats,
}

impl TelemetryStats {
    /// What no receiver has, of all signals.
    pub const fn lost(&self) -> u64 {
        self.traces.lost() + self.metrics.lost() + self.logs.lost()
    }
}

impl fmt::Display for TelemetryStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            traces,
            metrics,
            logs,
        } = self;
        write!(
            f,
            "exported {} spans, lost {}; {} data points, lost {}; {} log records, lost {}",
            traces.exported,
            traces.lost(),
            metrics.exported,
            metrics.lost(),
            logs.exported,
            logs.lost()
        )
    }
}
