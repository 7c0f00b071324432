//! What Python code prints, as log lines: redacted, not without end, on the standard error.

use kaos_hooks::redact::Redactor;
use kaos_otel_hook::{LogLine, Telemetry};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tracing::{Metadata, info};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::config::variable;
use crate::output::Failed;

/// The most bytes of a line; the rest of it is left out.
const MAX_LINE: usize = 4096;

/// The most lines of a call; how many more there were is said.
const MAX_LINES: usize = 1000;

/// Shows log lines with ids from now on, and sends them where telemetry goes.
pub(super) fn install(telemetry: &Telemetry) -> Result<(), Failed> {
    let level = variable("MCP_LOG_LEVEL").or_else(|| variable("LOG_LEVEL"));
    let level = level.unwrap_or_else(|| "info".to_owned()).to_lowercase();
    let level = if level == "warning" { "warn" } else { &level };
    let chosen = EnvFilter::try_from_default_env()
        .or_else(|_unset| EnvFilter::try_new(format!("warn,rmcp=off,kaos={level}")));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LogLine::new())
        .with_ansi(false)
        .with_writer(crate::warnings::errors)
        .log_internal_errors(false)
        .with_filter(chosen.unwrap_or_else(|_no_level| EnvFilter::new("info")));
    let lines = tracing_subscriber::registry()
        .with(lines)
        .with(telemetry.log_layer().with_filter(filter_fn(is_ours)));
    Ok(tracing::subscriber::set_global_default(lines)?)
}

/// The protocol's library warns of each refused call, with what its client wrote: spans say that, as the
/// content policy has it.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("rmcp")
}

/// The lines of a worker.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from: BufReader::new(from),
            line: Vec::new(),
        }
    }

    /// The next one; `None` when there is no other.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            let read = self.from.fill_buf().await.ok()?;
            let (end, all) = (read.iter().position(|it| *it == b'\n'), read.len());
            let piece = read.get(..end.unwrap_or(all)).unwrap_or_default();
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            self.from.consume(end.map_or(all, |at| at + 1));
            if end.is_none() && all > 0 {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if all == 0 && line.is_empty() {
                return None;
            }
            return Some(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

/// What one call prints.
pub(super) struct Printed<'a> {
    tool: &'a str,
    redactor: &'a Redactor,
    lines: usize,
}

impl<'a> Printed<'a> {
    pub(super) fn of(tool: &'a str, redactor: &'a Redactor) -> Self {
        let lines = 0;
        Self {
            tool,
            redactor,
            lines,
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        self.lines += 1;
        if self.lines <= MAX_LINES {
            let line = self.redactor.text(line);
            info!(target: "kaos::tool", tool = self.tool, "{}", line.as_str());
        }
    }
}

impl Drop for Printed<'_> {
    fn drop(&mut self) {
        let more = self.lines.saturating_sub(MAX_LINES);
        if more > 0 {
            info!(target: "kaos::tool", tool = self.tool, "… {more} more lines");
        }
    }
}
