//! What a program of a team tells whoever leads it of its spans: when each begins and ends, and whether it failed, on
//! lines of its standard output that begin with a word of the leader's. Names, numbers and kinds of errors, no content.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use kaos_hooks::{
    Body, Event, IdSource as _, Incoming, Phase, RandomIds, SpanId, SubjectName, TraceId, plain,
};
use serde::{Deserialize, Serialize};

use crate::config::variable;
use crate::terminal;

/// The variable with the word; without it nothing is reported.
pub(crate) const MARK: &str = "KAOS_REPORT_MARK";

/// What waits to be written; more is left out and counted. Whoever acts never waits for it.
const WAITING: usize = 4096;

/// Letters of a name, or of a kind of error.
const LETTERS: usize = 120;

/// What is reported. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    Begun(Begun),
    Ended(Ended),
    /// So many were left out.
    LeftOut(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) parent: Option<SpanId>,
    pub(crate) name: Short,
    /// Since 1970.
    pub(crate) at: u64,
    /// Whether it is what another asked for: a turn, a tool's call or a model's.
    pub(crate) asked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    pub(crate) took: u64,
    /// The kind of its error, or `cancelled`.
    pub(crate) error: Option<Short>,
}

/// A text of one line and bounded length, whoever wrote it: what is read is made so, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Short(String);

impl From<String> for Short {
    fn from(text: String) -> Self {
        Self(plain(&text).chars().take(LETTERS).collect())
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Tells it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reporter {
    to: SyncSender<Report>,
    left_out: Arc<AtomicU64>,
}

/// A call that is forwarded. That it has ended is reported when this is dropped.
pub(crate) struct ReportedCall {
    reporter: Reporter,
    ended: Ended,
    began: Instant,
}

impl Reporter {
    /// One, if a team wants to know.
    pub(crate) fn of_team() -> Option<Self> {
        let mark = variable(MARK)?;
        let (to, from) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        let write = move || write(&mark, &from, &counted);
        let thread = std::thread::Builder::new().name("reports".to_owned());
        // Without it the team goes without numbers.
        thread.spawn(write).ok()?;
        Some(Self { to, left_out })
    }

    fn report(&self, report: Report) {
        if self.to.try_send(report).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The hook that tells the spans of its events.
    pub(crate) fn hook(self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        move |event| {
            let Body::Span(span) = &event.body else {
                return;
            };
            let (trace, id) = (event.run.trace_id, span.id);
            match span.phase {
                Phase::Start => self.report(Report::Begun(Begun {
                    trace,
                    span: id,
                    parent: span.parent,
                    name: span.subject.span_name().to_string().into(),
                    at: nanos(event.time.system_time()),
                    asked: span.slot.parent.is_none() && is_asked_for(span.subject.name()),
                })),
                Phase::Progress(_) => {}
                end => {
                    let took = end.duration().unwrap_or_default();
                    let error = match end {
                        Phase::Error { failure, .. } => Some(failure.kind.to_string().into()),
                        Phase::Cancelled { .. } => Some("cancelled".into()),
                        _ => None,
                    };
                    self.report(Report::Ended(Ended {
                        trace,
                        span: id,
                        took: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
                        error,
                    }));
                }
            }
        }
    }

    /// Tells of a call of a model that is forwarded for the caller of a request.
    pub(crate) fn call(&self, caller: Option<Incoming>, model: &str) -> ReportedCall {
        let caller = caller.and_then(|it| it.span);
        let ended = Ended {
            trace: caller.as_ref().map_or_else(new_trace, |it| it.trace_id),
            span: new_span(),
            took: 0,
            error: Some("cancelled".into()),
        };
        self.report(Report::Begun(Begun {
            trace: ended.trace,
            span: ended.span,
            parent: caller.map(|it| it.span_id),
            name: format!("chat {model}").into(),
            at: nanos(now()),
            asked: true,
        }));
        ReportedCall {
            reporter: self.clone(),
            ended,
            began: Instant::now(),
        }
    }
}

impl ReportedCall {
    /// How it has ended; cancelled, where nobody says.
    pub(crate) fn ends(&mut self, error: Option<&str>) {
        self.ended.error = error.map(Short::from);
    }
}

impl Drop for ReportedCall {
    fn drop(&mut self) {
        let mut ended = self.ended.clone();
        ended.took = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.reporter.report(Report::Ended(ended));
    }
}

fn is_asked_for(subject: SubjectName) -> bool {
    matches!(subject, SubjectName::Turn | SubjectName::ServedCall)
}

fn new_trace() -> TraceId {
    loop {
        let bits = [RandomIds.next(), RandomIds.next()].map(u128::from);
        if let Some(id) = TraceId::new((bits[0] << 64) | bits[1]) {
            return id;
        }
    }
}

fn new_span() -> SpanId {
    loop {
        if let Some(id) = SpanId::new(RandomIds.next()) {
            return id;
        }
    }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or(Duration::ZERO).as_nanos()).unwrap_or(u64::MAX)
}

fn now() -> SystemTime {
    jiff::Timestamp::now().into()
}

fn write(mark: &str, from: &Receiver<Report>, left_out: &AtomicU64) {
    let line = |report: &Report| {
        let Ok(json) = serde_json::to_string(report) else {
            return;
        };
        let mut out = terminal::people();
        // Whoever has closed the pipe leads no team any more.
        let _written = writeln!(out, "{mark} {json}").and_then(|()| out.flush());
    };
    for report in from {
        let count = left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            line(&Report::LeftOut(count));
        }
        line(&report);
    }
}
