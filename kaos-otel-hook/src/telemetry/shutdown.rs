//! How telemetry ends.

use std::sync::Arc;

use super::Telemetry;
use super::started::Started;
use crate::{TelemetryStats, notice};

impl Telemetry {
    /// Sends what still waits, within [`Self::SHUTDOWN_LIMIT`], and reports: the one way to end the
    /// process's telemetry, log records included, after `Hooks::shutdown` has ended what hooks own.
    ///
    /// While another shares it, telemetry goes on after that; the last one stops it.
    ///
    /// # Cancel safety
    ///
    /// When dropped it goes on in the background; the report is lost.
    pub async fn shutdown(mut self) -> TelemetryStats {
        let Some(started) = self.started.take() else {
            return TelemetryStats::default();
        };
        let (done, finished) = tokio::sync::oneshot::channel();
        // A thread, not `spawn_blocking`: it works under any executor.
        let thread = std::thread::Builder::new().name("kaos-otel-shutdown".to_owned());
        let spawned = thread.spawn(move || {
            // Whoever waited may be gone.
            let _sent: Result<(), _> = done.send(end(started));
        });
        if let Err(error) = spawned {
            notice::say(&format!("telemetry could not be shut down: {error}"));
        }
        // An error means that the thread is gone, and with it what it had.
        finished.await.unwrap_or_default()
    }
}

/// Stops it, or only flushes it while another shares it.
fn end(started: Arc<Started>) -> TelemetryStats {
    match Arc::try_unwrap(started) {
        Ok(last) => {
            last.stop();
            last.stats()
        }
        Err(shared) => {
            shared.flush();
            let stats = shared.stats();
            // The others may have ended meanwhile.
            if let Some(last) = Arc::into_inner(shared) {
                last.stop();
            }
            stats
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let Some(started) = self.started.take().and_then(Arc::into_inner) else {
            return;
        };
        started.stop();
        let stats = started.stats();
        if stats.lost() > 0 {
            notice::say(&stats.to_string());
        }
    }
}
