//! The line that says who exports what, and where to.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{ExporterChoice, Settings};

pub(super) struct Greeting {
    line: String,
    said: AtomicBool,
}

impl Greeting {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            line: settings.summary(),
            said: AtomicBool::new(false),
        }
    }

    /// Says it once, when somebody listens: most programs set their subscriber after start-up.
    pub(super) fn say(&self) {
        let is_logged = tracing::enabled!(target: "kaos", tracing::Level::INFO);
        if is_logged && !self.said.swap(true, Ordering::Relaxed) {
            tracing::info!(target: "kaos", "{}", self.line);
        }
    }
}

impl Settings {
    /// A line that says what is exported, as whom and where to; or why nothing is.
    pub fn summary(&self) -> String {
        let Self {
            traces,
            metrics,
            logs,
            service_name,
            resource_attributes,
            ..
        } = self;
        if self.disabled {
            return "OTel: off, because OTEL_SDK_DISABLED is true".to_owned();
        }
        if !self.is_on() {
            return "OTel: off, because no endpoint is set; OTEL_EXPORTER_OTLP_ENDPOINT names one"
                .to_owned();
        }
        let places: Vec<_> = [("traces", traces), ("metrics", metrics), ("logs", logs)]
            .into_iter()
            .map(|(signal, choice)| match choice {
                ExporterChoice::Otlp(otlp) => format!("{signal} to {}", otlp.shown()),
                #[cfg(feature = "console")]
                ExporterChoice::Console => format!("{signal} to the console"),
                ExporterChoice::None => format!("no {signal}"),
            })
            .collect();
        let resource = resource_attributes.iter();
        let resource: Vec<_> = resource
            .map(|(key, value)| format!(", {key} {value}"))
            .collect();
        #[cfg(feature = "logs")]
        let level = format!(", log level {}", self.log_lines.level());
        #[cfg(not(feature = "logs"))]
        let level = "";
        let (places, resource) = (places.join(", "), resource.concat());
        format!("OTel: on, {places} (service {service_name}{resource}{level})")
    }
}
