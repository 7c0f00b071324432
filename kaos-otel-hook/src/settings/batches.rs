use std::time::Duration;

use super::vars::Vars;

/// How long an export may take, unless set.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// How spans or log records are batched.
///
/// # Example
///
/// What a program says of itself when it starts:
///
/// ```
/// use kaos_otel_hook::{Batches, ExporterChoice, HttpSettings, Otlp, Settings, TlsFile};
///
/// fn shown(settings: &Settings) -> String {
///     let Otlp { endpoint, certificate, .. } = match &settings.traces {
///         ExporterChoice::Otlp(otlp) => &**otlp,
///         ExporterChoice::None => return "no traces".to_owned(),
///         _ => return "traces on the standard output".to_owned(),
///     };
///     let trusts = |it: &TlsFile| format!(", which {} of {} answers for", it.path, it.variable);
///     let Batches { size, queue, .. } = settings.span_batches;
///     let HttpSettings { server, .. } = settings.http;
///     let trusts = certificate.as_ref().map_or(String::new(), trusts);
///     format!("traces go to {endpoint}{trusts}: {size} at a time, {queue} may wait; requests: {server}")
/// }
/// # let settings = Settings::from_vars(|name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://localhost:4317".to_owned()));
/// # assert!(shown(&settings).ends_with("512 at a time, 2048 may wait; requests: false"), "{}", shown(&settings));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batches {
    /// How many wait at most. Default: 2048.
    pub queue: usize,
    /// How many a batch has at most; not more than `queue`. Default: 512.
    pub size: usize,
    /// How long one waits at most for its batch to fill. Default: 5 s for spans, 1 s for logs.
    pub delay: Duration,
    /// How long the export of one batch may take. Default: 30 s.
    pub timeout: Duration,
}

impl Batches {
    pub(super) fn of(prefix: &str, delay: u64, vars: &Vars<'_>) -> Self {
        let name = |field| format!("{prefix}_{field}");
        let queue = vars.number(&name("MAX_QUEUE_SIZE"), 1, 2048);
        let largest = name("MAX_EXPORT_BATCH_SIZE");
        let size = vars.number(&largest, 1, queue.min(512));
        if size > queue {
            let expected = format!("at most {}", name("MAX_QUEUE_SIZE"));
            vars.bad(&largest, &size.to_string(), &expected, queue);
        }
        Self {
            queue,
            size: size.min(queue),
            delay: vars.millis(&name("SCHEDULE_DELAY"), 0, Duration::from_millis(delay)),
            timeout: vars.millis(&name("EXPORT_TIMEOUT"), 1, EXPORT_TIMEOUT),
        }
    }
}
