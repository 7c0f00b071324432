use std::collections::HashMap;
use std::time::Duration;

use kaos_events::{
    Body, BodyBuf, Event, EventBuf, Observer as _, Phase, Run, Slot, Span, SpanId, Subject, Time,
    TraceId,
};

use crate::Hooks;
use crate::dispatch::fanout::Fanout;

/// Tells hooks what happened earlier: recorded events go through them as live ones did, with the
/// same ids and times.
///
/// Events of several runs may come interleaved, each run's in their order. Gates are not asked.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Event, Hooks, Replay, codec};
///
/// let lines = [
///     r#"{"timestamp":1.0,"sequence":0,"run_id":"r","time_unix_nano":"100","subject":"turn","phase":"start","span_id":"00000000000000a1","name":"agent.turn","type":"span"}"#,
///     r#"{"timestamp":1.5,"sequence":1,"run_id":"r","time_unix_nano":"600","subject":"turn","phase":"complete","span_id":"00000000000000a1","name":"agent.turn","duration_ms":500,"type":"span"}"#,
/// ];
/// let hooks = Hooks::new(|event: &Event<'_>| println!("{}", codec::encode(event)));
/// let mut replay = Replay::new(&hooks);
/// for line in lines {
///     replay.event(&codec::decode(line.as_bytes())?);
/// }
/// assert_eq!(replay.finish().runs, 1);
/// # Ok::<(), codec::DecodeError>(())
/// ```
pub struct Replay<'h> {
    hooks: &'h Hooks,
    /// By the number of the run.
    streams: HashMap<u64, Stream>,
    /// Of each open span, its stream.
    by_span: HashMap<(TraceId, SpanId), u64>,
    replayed: Replayed,
}

/// What was replayed.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Event, Hooks, Replay, Replayed};
///
/// let hooks = Hooks::new(|_event: &Event<'_>| ());
/// let replayed: Replayed = Replay::new(&hooks).finish();
/// if replayed.unended > 0 {
///     println!("{} spans were open when their process died", replayed.unended);
/// }
/// # assert_eq!(replayed, Replayed::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Root runs.
    pub runs: u64,
    /// Events.
    pub events: u64,
    /// Spans that never ended, because their process died; they were ended as cancelled at their
    /// run's last event.
    pub unended: u64,
    /// Events of runs whose beginning was not there.
    pub left_out: u64,
}

/// One root run.
struct Stream {
    fanout: Fanout,
    seq: u64,
    /// The open spans, by slot.
    open: Vec<Option<OpenSpan>>,
    last: Time,
}

struct OpenSpan {
    id: SpanId,
    parent: Option<SpanId>,
    slot: Slot,
    /// As it was at the start, content included.
    subject: Subject,
    run: Run,
    since: Time,
}

impl<'h> Replay<'h> {
    /// A replay to these hooks.
    pub fn new(hooks: &'h Hooks) -> Self {
        Self {
            hooks,
            streams: HashMap::new(),
            by_span: HashMap::new(),
            replayed: Replayed::default(),
        }
    }

    /// Tells the next event.
    pub fn event(&mut self, event: &EventBuf) {
        let trace = event.run.trace_id;
        let (span, begins) = match &event.body {
            BodyBuf::Span(span) => {
                let starts = matches!(span.phase.as_phase(), Phase::Start);
                (
                    Some(if starts {
                        span.parent.unwrap_or(span.id)
                    } else {
                        span.id
                    }),
                    starts,
                )
            }
            BodyBuf::Value { span, .. } => (*span, false),
            BodyBuf::Unknown(_) => (None, false),
        };
        let known = span.and_then(|span| self.by_span.get(&(trace, span)).copied());
        // A turn that begins a stream; one inside another run's span may, too.
        let is_root = begins
            && (event.seq == 0 || known.is_none())
            && event.span().is_some_and(|span| span.subject.is_root());
        let at = if is_root {
            self.replayed.runs += 1;
            let stream = Stream::new(self.hooks, event);
            self.streams.insert(self.replayed.runs, stream);
            Some(self.replayed.runs)
        } else {
            known
        };
        let found = at.and_then(|at| Some((at, self.streams.get_mut(&at)?)));
        let Some((at, stream)) = found else {
            self.replayed.left_out += 1;
            return;
        };
        stream.tell(event);
        self.replayed.events += 1;
        if let Some(span) = event.span() {
            if begins {
                self.by_span.insert((trace, span.id), at);
            } else if span.phase.as_phase().is_end() {
                self.by_span.remove(&(trace, span.id));
            }
        }
        // The root's end is the run's last event.
        if stream.open.iter().all(Option::is_none) {
            self.streams.remove(&at);
        }
    }

    /// Ends what never ended.
    pub fn finish(mut self) -> Replayed {
        for stream in self.streams.values_mut() {
            self.replayed.unended += stream.end_all();
        }
        self.replayed
    }
}

impl Stream {
    fn new(hooks: &Hooks, event: &EventBuf) -> Self {
        Self {
            fanout: hooks.observers(&event.run),
            seq: event.seq,
            open: Vec::new(),
            last: event.time,
        }
    }

    fn tell(&mut self, event: &EventBuf) {
        self.seq = event.seq;
        self.last = event.time;
        match &event.body {
            BodyBuf::Span(span) => {
                if matches!(span.phase.as_phase(), Phase::Start) {
                    self.start(event, span.id, span.parent, span.subject.clone());
                }
                let ends = span.phase.as_phase().is_end();
                let at = self.place_of(span.id);
                let Some(open) = at.and_then(|at| self.open.get_mut(at)) else {
                    return;
                };
                let Some(known) = open else { return };
                let body = known.body(span.phase.as_phase());
                self.fanout.on_event(&Event {
                    seq: event.seq,
                    time: event.time,
                    run: &known.run,
                    body,
                });
                if ends {
                    *open = None;
                }
            }
            BodyBuf::Value { span, value } => {
                let Some(span) = *span else { return };
                self.fanout.on_event(&Event {
                    seq: event.seq,
                    time: event.time,
                    run: &event.run,
                    body: Body::Value { span, value },
                });
            }
            BodyBuf::Unknown(_) => {}
        }
    }

    fn place_of(&self, id: SpanId) -> Option<usize> {
        let is = |open: &Option<OpenSpan>| open.as_ref().is_some_and(|open| open.id == id);
        self.open.iter().position(is)
    }

    /// Gives a span the smallest free slot, as a live run does.
    fn start(&mut self, event: &EventBuf, id: SpanId, parent: Option<SpanId>, subject: Subject) {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let free = self.open.iter().position(Option::is_none);
        let at = free.unwrap_or(self.open.len());
        let slot = Slot {
            own: number(at),
            parent: parent.and_then(|parent| self.place_of(parent)).map(number),
        };
        if at == self.open.len() {
            self.open.push(None);
        }
        if let Some(place) = self.open.get_mut(at) {
            *place = Some(OpenSpan {
                id,
                parent,
                slot,
                subject,
                run: event.run.clone(),
                since: event.time,
            });
        }
    }

    /// Ends all open spans, the youngest first; says how many there were.
    fn end_all(&mut self) -> u64 {
        let mut open: Vec<OpenSpan> = self.open.drain(..).flatten().collect();
        open.sort_by_key(|open| std::cmp::Reverse(open.since.monotonic_nanos));
        for open in &open {
            self.seq += 1;
            let nanos = self
                .last
                .monotonic_nanos
                .saturating_sub(open.since.monotonic_nanos);
            let (outcome, duration) = (None, Duration::from_nanos(nanos));
            self.fanout.on_event(&Event {
                seq: self.seq,
                time: self.last,
                run: &open.run,
                body: open.body(Phase::Cancelled { outcome, duration }),
            });
        }
        open.len() as u64
    }
}

impl OpenSpan {
    fn body<'a>(&'a self, phase: Phase<'a>) -> Body<'a> {
        Body::Span(Span {
            id: self.id,
            parent: self.parent,
            slot: self.slot,
            subject: &self.subject,
            phase,
        })
    }
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("replayed", &self.replayed)
            .finish_non_exhaustive()
    }
}
