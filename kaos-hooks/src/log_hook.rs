use kaos_events::{Body, Event, Observer, Phase, Run};

use crate::Hook;

/// Writes a structured `tracing` line for the end of each span.
///
/// Level INFO when it is complete or suspended, WARN when it failed or was cancelled. The fields
/// are `trace_id`, `span_id`, `span`, `phase`, `duration_ms` and, for failures, `error_type`.
/// Never content, never an error's text.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Hooks, LogHook};
///
/// let hooks = Hooks::new(LogHook::new());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LogHook {
    only_failures: bool,
}

impl LogHook {
    /// The hook; lines go wherever the program's `tracing` subscriber sends them.
    pub const fn new() -> Self {
        Self {
            only_failures: false,
        }
    }

    /// A hook that writes the lines of level WARN alone.
    pub const fn failures() -> Self {
        Self {
            only_failures: true,
        }
    }
}

impl Hook for LogHook {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let only_failures = self.only_failures;
        Some(Box::new(move |event: &Event<'_>| log(event, only_failures)))
    }
}

fn log(event: &Event<'_>, only_failures: bool) {
    let Body::Span(span) = &event.body else {
        return;
    };
    let Some(duration) = span.phase.duration() else {
        return;
    };
    let (trace_id, span_id) = (event.run.trace_id, span.id);
    let (name, phase) = (span.subject.span_name(), span.phase.name());
    let duration_ms = duration.as_secs_f64() * 1000.0;
    match span.phase {
        Phase::Error { failure, .. } => {
            let error_type = failure.kind.as_str();
            tracing::warn!(%trace_id, %span_id, span = %name, %phase, duration_ms, error_type);
        }
        Phase::Cancelled { .. } => {
            tracing::warn!(%trace_id, %span_id, span = %name, %phase, duration_ms);
        }
        _ if only_failures => {}
        Phase::Start | Phase::Progress(_) | Phase::Complete { .. } | Phase::Suspended { .. } => {
            tracing::info!(%trace_id, %span_id, span = %name, %phase, duration_ms);
        }
    }
}
