//! The line that says who exports what, and where to.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{ExporterChoice, Settings};

pub(super) struct Greeting {
    line: String,
    said: AtomicBool,
}

impl Greeting {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings {
            traces,
            metrics,
            logs,
            service_name,
            ..
        } = settings;
        let places: Vec<_> = [("traces", traces), ("metrics", metrics), ("logs", logs)]
            .into_iter()
            .map(|(signal, choice)| match choice {
                ExporterChoice::Otlp(otlp) => format!("{signal} to {}", otlp.shown()),
                #[cfg(feature = "console")]
                ExporterChoice::Console => format!("{signal} to the console"),
                ExporterChoice::None => format!("no {signal}"),
            })
            .collect();
        Self {
            line: format!("telemetry of {service_name} is on: {}", places.join(", ")),
            said: AtomicBool::new(false),
        }
    }

    /// Says it once, when somebody listens: most programs set their subscriber after start-up.
    pub(super) fn say(&self) {
        let heard = tracing::enabled!(target: "kaos", tracing::Level::INFO);
        if heard && !self.said.swap(true, Ordering::Relaxed) {
            tracing::info!(target: "kaos", "{}", self.line);
        }
    }
}
