//! The program's own `tracing` events, as log lines and records.

use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::Telemetry;
use crate::AlreadyInstalled;

impl Telemetry {
    /// A layer for a `tracing` subscriber of your own: its events become log records, with the ids
    /// of the span they belong to. `None` when telemetry is off.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_otel_hook::Telemetry;
    /// use tracing_subscriber::layer::SubscriberExt as _;
    ///
    /// let (telemetry, memory) = Telemetry::in_memory();
    /// let subscriber = tracing_subscriber::registry().with(telemetry.log_layer());
    /// tracing::subscriber::with_default(subscriber, || tracing::info!("hello"));
    /// assert_eq!(memory.logs().len(), 1);
    /// ```
    pub fn log_layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + 'static + use<S>>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let logger = self.logger_provider()?;
        Some(self.logs.layer(logger))
    }

    /// Makes log lines on stdout, with ids, and log records of the program's `tracing` events. Once
    /// a program; also when telemetry is off, for the lines.
    ///
    /// The first line says what is exported and where to, unless a subscriber has heard that at
    /// the start.
    ///
    /// # Errors
    ///
    /// The program has a subscriber already: use [`log_layer`](Self::log_layer) with that one.
    pub fn install_logs(&self) -> Result<(), AlreadyInstalled> {
        self.logs.install(self.logger_provider())?;
        if let Some(started) = &self.started {
            started.greet();
        }
        Ok(())
    }
}
