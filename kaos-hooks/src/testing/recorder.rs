use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_events::{BodyBuf, Event, EventBuf, Observer, PhaseName, Run, SpanId, TraceId};

use crate::Hook;

/// A hook that keeps every event of every run.
///
/// Clones share what is recorded. It grows without bound: for tests only.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Recorded>>>);

#[derive(Debug)]
struct Recorded {
    root: u64,
    event: EventBuf,
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was recorded so far: the runs one after the other, each in its order.
    pub fn events(&self) -> Vec<EventBuf> {
        self.runs().into_iter().flatten().collect()
    }

    /// What was recorded so far, by root run, in the order the runs began.
    pub fn runs(&self) -> Vec<Vec<EventBuf>> {
        let mut runs: Vec<(u64, Vec<EventBuf>)> = Vec::new();
        for recorded in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let event = recorded.event.clone();
            match runs.iter_mut().find(|(root, _)| *root == recorded.root) {
                Some((_, events)) => events.push(event),
                None => runs.push((recorded.root, vec![event])),
            }
        }
        runs.into_iter().map(|(_, events)| events).collect()
    }

    /// Forgets what was recorded.
    pub fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Checks every recorded run against the promises of the stream.
    ///
    /// # Errors
    ///
    /// The first broken promise: a gap in `seq`, time that goes backwards, a span that starts
    /// twice, ends twice or never, that begins before its parent or ends after it, that changes its
    /// parent, subject or run, whose duration is not the time since its start, or a root that does
    /// not end last.
    pub fn check(&self) -> Result<(), Malformed> {
        self.runs().iter().try_for_each(|run| check(run))
    }
}

impl Hook for Recorder {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let all = Arc::clone(&self.0);
        let root = next_root();
        Some(Box::new(move |event: &Event<'_>| {
            let event = event.to_buf();
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Recorded { root, event });
        }))
    }
}

fn next_root() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A recorded run breaks a promise of the stream.
///
/// # Example
///
/// ```
/// use kaos_hooks::testing::{Malformed, Recorder};
/// use kaos_hooks::{Hooks, Turn};
///
/// let recorder = Recorder::new();
/// let turn = Hooks::new(recorder.clone()).turn(Turn::new("assistant"));
/// let open: Result<(), Malformed> = recorder.check();
/// assert!(open.is_err()); // the turn has no end
/// drop(turn);
/// assert!(recorder.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {seq} of trace {trace_id}: {what}")]
pub struct Malformed {
    trace_id: TraceId,
    seq: u64,
    what: String,
}

fn check(run: &[EventBuf]) -> Result<(), Malformed> {
    let mut open: HashMap<SpanId, &EventBuf> = HashMap::new();
    let mut ended: Vec<SpanId> = Vec::new();
    let mut last: Option<&EventBuf> = None;
    let mut root = None;
    for event in run {
        let (trace_id, seq) = (event.run.trace_id, event.seq);
        let broken = |what: String| {
            Err(Malformed {
                trace_id,
                seq,
                what,
            })
        };
        if seq != last.map_or(0, |last| last.seq + 1) {
            return broken("a gap in the sequence".to_owned());
        }
        if last.is_some_and(|last| event.time < last.time) {
            return broken("time goes backwards".to_owned());
        }
        if let Some(last) = last.filter(|last| last.run.trace_id != trace_id) {
            return broken(format!("another trace than {}", last.run.trace_id));
        }
        last = Some(event);
        let span = match &event.body {
            BodyBuf::Span(span) => span,
            BodyBuf::Value { span, .. } => {
                if span.is_none_or(|span| !open.contains_key(&span)) {
                    return broken("a value of a span that is not open".to_owned());
                }
                continue;
            }
            BodyBuf::Unknown(_) => continue,
        };
        let id = span.id;
        match span.phase.name() {
            PhaseName::Start => {
                if root.is_some() && span.parent.is_none_or(|parent| !open.contains_key(&parent)) {
                    return broken(format!("span {id} starts in a span that is not open"));
                }
                root.get_or_insert(id);
                if ended.contains(&id) || open.insert(id, event).is_some() {
                    return broken(format!("span {id} starts twice"));
                }
            }
            PhaseName::Progress => match open.get(&id) {
                Some(start) if is_same(start, event) => {}
                Some(_) => return broken(format!("span {id} is not what it was")),
                None => return broken(format!("span {id} goes on after its end")),
            },
            PhaseName::Complete
            | PhaseName::Error
            | PhaseName::Cancelled
            | PhaseName::Suspended => {
                match open.remove(&id) {
                    Some(start) if is_same(start, event) => {}
                    Some(_) => return broken(format!("span {id} is not what it was")),
                    None => return broken(format!("span {id} ends but is not open")),
                }
                let parent_of = |start: &EventBuf| start.span().and_then(|span| span.parent);
                if open.values().any(|start| parent_of(start) == Some(id)) {
                    return broken(format!("span {id} ends before its children"));
                }
                ended.push(id);
            }
        }
    }
    match (last, ended.last()) {
        (Some(last), ended) if !open.is_empty() || ended != root.as_ref() => Err(Malformed {
            trace_id: last.run.trace_id,
            seq: last.seq,
            what: format!("{} spans never end", open.len()),
        }),
        _ => Ok(()),
    }
}

/// Whether a later event of a span agrees with its start.
fn is_same(start: &EventBuf, later: &EventBuf) -> bool {
    let (Some(was), Some(is)) = (start.span(), later.span()) else {
        return false;
    };
    let lasted = is.phase.as_phase().duration();
    was.parent == is.parent
        && was.subject.without_content() == is.subject
        && start.run == later.run
        && lasted.is_none_or(|lasted| lasted == later.time.since(start.time))
}
