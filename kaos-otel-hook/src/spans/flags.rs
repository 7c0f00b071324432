//! Whether a run is sampled, told from hook to hook.

use std::cell::Cell;

use opentelemetry::trace::TraceFlags;

thread_local! {
    /// What the span observer of the run whose event is being told has said of it last.
    static FLAGS: Cell<Option<(kaos_hooks::TraceId, TraceFlags)>> = const { Cell::new(None) };
}

/// Says whether a run is sampled, to the hooks that hear the same event behind this one.
pub(crate) fn set(run: kaos_hooks::TraceId, flags: TraceFlags) {
    FLAGS.set(Some((run, flags)));
}

/// Whether a run is sampled, where a hook before this one has made its spans.
pub(crate) fn of_run(run: kaos_hooks::TraceId) -> Option<TraceFlags> {
    let (sampled, flags) = FLAGS.get()?;
    (sampled == run).then_some(flags)
}
