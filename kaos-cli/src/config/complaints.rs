//! What a server's program writes to its standard error, as lines of ours: redacted, and not without end.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kaos_hooks::redact::Redactor;
use tracing::warn;

/// The most lines that are shown in each [`WINDOW`]: enough for what is wrong, too few to fill a disk.
const MAX_LISTED: usize = 100;

const WINDOW: Duration = Duration::from_secs(1);

/// The lines of one server.
pub(super) struct Complaints {
    server: String,
    redactor: Redactor,
    lately: Mutex<Lately>,
}

/// The current window.
struct Lately {
    since: Instant,
    lines: usize,
}

impl Complaints {
    pub(super) fn of(server: String) -> Self {
        let lately = Lately {
            since: Instant::now(),
            lines: 0,
        };
        Self {
            server,
            redactor: Redactor::new(),
            lately: Mutex::new(lately),
        }
    }

    pub(super) fn line(&self, line: &str) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.since.elapsed() >= WINDOW {
            self.rest(&lately);
            *lately = Lately {
                since: Instant::now(),
                lines: 0,
            };
        }
        lately.lines += 1;
        if lately.lines <= MAX_LISTED {
            let (server, line) = (&self.server, self.redactor.text(line));
            warn!(target: "kaos::mcp", "{server}: {}", line.as_str());
        }
    }

    /// Says how many were not shown.
    fn rest(&self, lately: &Lately) {
        let (server, left_out) = (&self.server, lately.lines.saturating_sub(MAX_LISTED));
        if left_out > 0 {
            warn!(target: "kaos::mcp", "{server}: … {left_out} more lines");
        }
    }
}

impl Drop for Complaints {
    fn drop(&mut self) {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        self.rest(&lately);
    }
}
