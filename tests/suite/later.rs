//! Hooks that hear of events later hear what others heard at once: the same spans, the same measures,
//! the same account, and nobody else notices.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use kaos_hooks::audit::AuditHook;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    AtOnce, BodyBuf, Event, EventBuf, Hook, Hooks, IntoHooks, Later, Observer, PhaseName, Progress,
    Registry, Replay, Run, Step, Str, Subject, SubjectName, TextDelta, ToLater, ToolCall, Turn,
    TurnOutcome, Value, marker,
};
use kaos_otel_hook::{
    Capture, ContentSettings, EventIds, LateSpans, MetricsHook, OTelHook, Telemetry,
};
use kaos_tests::receivers::{Receiver, Reply};
use kaos_tests::reference::{self, EVENTS, Fixture};
use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SamplingDecision, SamplingResult, SdkTracerProvider,
    ShouldSample, SpanData,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::codec::{arbitrary, cases};

/// One hook, at once and later, over one stream of events.
struct Both {
    at_once: InMemorySpanExporter,
    late: InMemorySpanExporter,
    later: Later,
    hooks: Hooks,
}

fn provider(sampler: impl ShouldSample + 'static, to: &InMemorySpanExporter) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_id_generator(EventIds::default())
        .with_simple_exporter(to.clone())
        .build()
}

impl Both {
    fn new(sampler: Sampler, content: bool) -> Self {
        let (at_once, late) = <(InMemorySpanExporter, InMemorySpanExporter)>::default();
        let capture = if content {
            Capture::SpanOnly
        } else {
            Capture::NoContent
        };
        let hook = |provider| {
            OTelHook::with_provider(&provider).with_content(ContentSettings::new(capture))
        };
        let later = Later::start("later").unwrap();
        let of_late = (
            hook(provider(sampler.clone(), &InMemorySpanExporter::default())),
            hook(provider(Sampler::AlwaysOn, &late)),
        );
        let late_spans = LateSpans::new(of_late, sampler.clone(), later.clone(), false).unwrap();
        let hooks = Hooks::new((hook(provider(sampler, &at_once)), late_spans));
        Self {
            at_once,
            late,
            later,
            hooks,
        }
    }

    /// What both have exported.
    fn spans(&self) -> [Vec<SpanData>; 2] {
        self.later.flush_within(Duration::from_secs(20)).unwrap();
        [&self.at_once, &self.late].map(|it| it.get_finished_spans().unwrap())
    }
}

/// A span of a run: where it stands in those that are open, how it begins, goes on and ends.
type Part = (Index, EventBuf, Vec<EventBuf>, Vec<EventBuf>, EventBuf);

fn part(subject: impl Strategy<Value = SubjectName> + 'static) -> BoxedStrategy<Part> {
    let ends: Vec<PhaseName> = PhaseName::ALL[2..].to_vec();
    (subject, select(ends))
        .prop_flat_map(|(subject, end)| {
            (
                any::<Index>(),
                arbitrary::span_event(subject, PhaseName::Start).boxed(),
                vec(
                    arbitrary::span_event(subject, PhaseName::Progress).boxed(),
                    0..2,
                ),
                vec(
                    select(Value::NAMES).prop_flat_map(arbitrary::value_event),
                    0..3,
                ),
                arbitrary::span_event(subject, end).boxed(),
            )
        })
        .boxed()
}

/// A run of these spans, whose ids and places they are given here.
fn run(mut parts: Vec<Part>) -> Vec<EventBuf> {
    let trace = parts[0].1.run.trace_id;
    if let BodyBuf::Span(span) = &mut parts[0].1.body
        && let Subject::Turn(turn) = &mut span.subject
        && let Some(parent) = &mut turn.parent
    {
        parent.trace_id = trace;
    }
    let mut events: Vec<EventBuf> = Vec::new();
    let mut open: Vec<EventBuf> = Vec::new();
    let root = parts[0].1.clone();
    let outer = root.span().and_then(|span| span.parent);
    let about = |mut event: EventBuf, like: &EventBuf| {
        let like = like.span().unwrap();
        match &mut event.body {
            BodyBuf::Span(span) => {
                (span.id, span.parent) = (like.id, like.parent);
                span.subject = if span.phase.name() == PhaseName::Start {
                    span.subject.clone()
                } else {
                    like.subject.without_content()
                };
            }
            BodyBuf::Value { span, .. } => *span = Some(like.id),
            BodyBuf::Unknown(_) => unreachable!("the suite knows its events"),
        }
        event
    };
    for (number, (at, start, progress, values, end)) in parts.into_iter().enumerate() {
        let mut start = start;
        let around = if open.is_empty() {
            0
        } else {
            at.index(open.len()) + 1
        };
        if number > 0 {
            // Those inside the one that it stands in have ended.
            for end in open.drain(around.max(1)..).rev() {
                events.push(end);
            }
        }
        if let BodyBuf::Span(span) = &mut start.body {
            span.id = kaos_hooks::SpanId::new(number as u64 + 1).unwrap();
            span.parent = open.last().map_or(outer, |it| Some(it.span().unwrap().id));
        }
        let end = about(end, &start);
        let rest = progress.into_iter().chain(values);
        let rest: Vec<EventBuf> = rest.map(|it| about(it, &start)).collect();
        events.push(start);
        events.extend(rest);
        open.push(end);
    }
    events.extend(open.into_iter().rev());
    for (seq, event) in events.iter_mut().enumerate() {
        event.seq = seq as u64;
        event.run = root.run.clone();
        let since = u64::try_from(seq).unwrap() * 1000;
        event.time = kaos_hooks::Time {
            unix_nanos: root.time.unix_nanos % (1 << 60) + since,
            monotonic_nanos: since,
        };
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases("KAOS_CASES", 100))
    })]

    /// Any subjects, outcomes, values and failures; with and without content.
    #[test]
    fn spans_that_are_made_later_are_those_that_are_made_at_once(
        root in part(Just(SubjectName::Turn)),
        parts in vec(part(select(SubjectName::ALL)), 0..8),
        content in any::<bool>(),
    ) {
        let parts = std::iter::once(root).chain(parts).collect();
        let events = run(parts);
        let both = Both::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)), content);
        let mut replay = Replay::new(&both.hooks);
        for event in &events {
            replay.event(event);
        }
        replay.finish();
        let [at_once, late] = both.spans();
        prop_assert_eq!(at_once, late);
    }
}

/// Wants what begins with an attribute, and counts how often it was asked.
#[derive(Debug, Clone)]
struct Picky(&'static str, Arc<AtomicU64>);

impl ShouldSample for Picky {
    fn should_sample(
        &self,
        _parent: Option<&Context>,
        _trace_id: TraceId,
        name: &str,
        _kind: &SpanKind,
        attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        self.1.fetch_add(1, Ordering::SeqCst);
        let is_it = |it: &KeyValue| it.key.as_str() == self.0;
        SamplingResult {
            decision: if name == "agent.turn" && attributes.iter().any(is_it) {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: opentelemetry::trace::TraceState::default(),
        }
    }
}

#[test]
fn a_sampler_is_asked_once_a_run_with_what_it_would_be_asked_at_once() {
    for (wanted, spans) in [("gen_ai.agent.name", 13), ("no.such", 0)] {
        let asked = Arc::<AtomicU64>::default();
        let sampler = Picky(wanted, Arc::clone(&asked));
        let both = Both::new(Sampler::ParentBased(Box::new(sampler)), false);
        reference::turn(&both.hooks, &Fixture::default(), false);
        let [at_once, late] = both.spans();
        assert_eq!(at_once, late);
        assert_eq!(late.len(), spans);
        assert_eq!(asked.load(Ordering::SeqCst), 2, "once by each");
    }
}

#[test]
fn a_future_that_is_entered_has_the_span_that_is_made_later() {
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
        let both = Both::new(sampler, false);
        let turn = both.hooks.turn(Turn::new("assistant"));
        let seen = turn.entered(async { Context::current().span().span_context().clone() });
        let seen = futures_util::FutureExt::now_or_never(seen).unwrap();
        assert_eq!(seen.span_id().to_string(), turn.id().to_string());
        turn.complete(TurnOutcome::default());
        let [at_once, late] = both.spans();
        assert_eq!(at_once, late);
        assert_eq!(seen.is_sampled(), !late.is_empty());
        if let [span] = late.as_slice() {
            assert_eq!(span.span_context, seen);
        }
    }
}

fn measures(hook: impl FnOnce(MetricsHook) -> Hooks, flush: impl FnOnce()) -> String {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let hooks = hook(MetricsHook::with_provider(&provider));
    let recorder = Recorder::new();
    // The very same events, so that durations are the same.
    let clock = kaos_hooks::ManualClock::at_unix_nanos(1_000);
    let emitter = kaos_hooks::Emitter::new().with_clock(clock);
    let hooks = Hooks::with_emitter(emitter, (hooks, recorder));
    for _ in 0..3 {
        reference::turn(&hooks, &Fixture::default(), false);
    }
    flush();
    provider.force_flush().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for metrics in exporter.get_finished_metrics().unwrap() {
        for metric in metrics
            .scope_metrics()
            .flat_map(opentelemetry_sdk::metrics::data::ScopeMetrics::metrics)
        {
            if metric.name() != "kaos.hooks.events" {
                // Points and their labels come in any order, and times are the SDK's own.
                let data = format!("{:?}", metric.data());
                let points = data.split("DataPoint { attributes").skip(1);
                let points = points.map(|point| {
                    let end = point.find("exemplars").unwrap_or(point.len());
                    let mut words: Vec<&str> = point[..end].split([' ', '[', ']', ',']).collect();
                    words.sort_unstable();
                    format!("{} {}", metric.name(), words.join(" "))
                });
                lines.extend(points);
            }
        }
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn what_is_measured_later_is_what_is_measured_at_once() {
    let at_once = measures(Hooks::new, || ());
    let later = Later::start("later").unwrap();
    let flush = || later.flush_within(Duration::from_secs(20)).unwrap();
    let late = measures(|hook| Hooks::new(hook.later(later.clone())), flush);
    assert_eq!(at_once, late);
    assert!(late.contains("kaos.tool.calls"), "{late}");
}

/// A hook that hears of events later.
struct On<H>(H, Later);

impl<H: Hook> IntoHooks<marker::Own> for On<H> {
    fn register(self, to: &mut Registry) {
        to.later(Arc::new(self.0), &self.1);
    }
}

/// Keeps the events' positions.
#[derive(Clone, Default)]
struct Positions(Arc<Mutex<Vec<u64>>>);

impl Hook for Positions {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let seen = Arc::clone(&self.0);
        Some(Box::new(move |event: &Event<'_>| {
            seen.lock().unwrap().push(event.seq);
        }))
    }
}

struct Panics;

impl Hook for Panics {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(|_event: &Event<'_>| {
            std::panic::resume_unwind(Box::new("a hook of the tests panics"))
        }))
    }
}

/// Waits within its first event until it is let go.
struct Stuck(Mutex<Option<mpsc::Receiver<()>>>);

impl Hook for Stuck {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        let mut gate = self.0.lock().unwrap().take();
        Some(Box::new(move |_event: &Event<'_>| {
            if let Some(gate) = gate.take() {
                let _gone: Result<(), _> = gate.recv();
            }
        }))
    }
}

const TURNS: u64 = 20;

#[test]
fn a_hook_that_panics_or_is_stuck_or_ends_changes_nothing_for_others() {
    let [with_panics, stuck, closed, fine] =
        ["panics", "stuck", "closed", "fine"].map(|name| Later::start(name).unwrap());
    let (let_go, gate) = mpsc::channel();
    closed.close(Duration::from_secs(20));
    let [now, same, beside, alone] = [(); 4].map(|()| Positions::default());
    let hooks = Hooks::new((
        now.clone(),
        On(Panics, with_panics.clone()),
        On(same.clone(), with_panics.clone()),
        On(Stuck(Mutex::new(Some(gate))), stuck.clone()),
        On(beside.clone(), stuck.clone()),
        On(Positions::default(), closed.clone()),
        On(alone.clone(), fine.clone()),
    ));
    for _ in 0..TURNS {
        reference::turn(&hooks, &Fixture::default(), false);
    }
    let limit = Duration::from_secs(20);
    with_panics.flush_within(limit).unwrap();
    fine.flush_within(limit).unwrap();
    let expected = now.0.lock().unwrap().clone();
    assert_eq!(expected.len() as u64, TURNS * EVENTS);
    assert_eq!(*same.0.lock().unwrap(), expected);
    assert_eq!(*alone.0.lock().unwrap(), expected);
    assert_eq!(
        beside.0.lock().unwrap().len(),
        0,
        "it stands behind one that is stuck"
    );
    let stats = stuck.stats();
    assert_eq!(
        (stats.offered, stats.waiting),
        (TURNS * EVENTS, TURNS * EVENTS)
    );
    assert_eq!(closed.stats().dropped, TURNS * EVENTS);
    let hooks_stats = hooks.stats();
    assert_eq!(hooks_stats[1].panics, kaos_hooks::MAX_PANICS);
    assert!(
        hooks_stats
            .iter()
            .all(|it| it.events == TURNS * EVENTS && it.live_observers == 0)
    );

    let_go.send(()).unwrap();
    stuck.flush_within(limit).unwrap();
    assert_eq!(*beside.0.lock().unwrap(), expected);
    assert_eq!(stuck.stats().delivered, TURNS * EVENTS);
}

/// Hears of no run of this agent's.
struct Declines(Positions, &'static str);

impl Hook for Declines {
    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        self.0.observe(run)
    }

    fn at_once(&self, run: &Run, later: &ToLater) -> Option<AtOnce> {
        let declines = (run.agent == self.1).then(|| later.clone());
        Some(AtOnce::First(Box::new(move |event: &Event<'_>| {
            assert_eq!(event.seq, 0, "it is told of the first event alone");
            if let Some(later) = &declines {
                later.decline();
            }
        })))
    }
}

/// Declines each run, too late.
struct DeclinesLate(Positions);

impl Hook for DeclinesLate {
    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
        self.0.observe(run)
    }

    fn at_once(&self, _run: &Run, later: &ToLater) -> Option<AtOnce> {
        let later = later.clone();
        Some(AtOnce::Each(Box::new(move |event: &Event<'_>| {
            if event.seq > 0 {
                later.decline();
            }
        })))
    }
}

#[test]
fn a_hook_that_declines_a_run_hears_nothing_of_it() {
    let later = Later::start("later").unwrap();
    let (declining, other) = (Positions::default(), Positions::default());
    let hooks = Hooks::new((
        On(Declines(declining.clone(), "two"), later.clone()),
        On(Declines(other.clone(), "three"), later.clone()),
    ));
    for agent in ["one", "two", "three"] {
        hooks
            .turn(Turn::new(agent))
            .complete(TurnOutcome::default());
    }
    later.flush_within(Duration::from_secs(20)).unwrap();
    for seen in [declining, other] {
        assert_eq!(*seen.0.lock().unwrap(), [0, 1, 0, 1]);
    }
    assert_eq!(later.stats().delivered, 6);

    let late = Positions::default();
    let hooks = Hooks::new(On(DeclinesLate(late.clone()), later.clone()));
    drop(hooks.turn(Turn::new("one")));
    later.flush_within(Duration::from_secs(20)).unwrap();
    assert_eq!(*late.0.lock().unwrap(), [0, 1], "the first event has come");
}

/// Runs that are busy keep nobody from hearing of one that stands still.
#[test]
fn a_quiet_run_is_heard_of_while_others_are_busy() {
    struct Tells(Mutex<mpsc::Sender<Str>>);
    impl Hook for Tells {
        fn observe(&self, run: &Run) -> Option<Box<dyn Observer>> {
            let (to, agent) = (self.0.lock().unwrap().clone(), run.agent.clone());
            (agent == "quiet").then(|| {
                Box::new(move |_: &Event<'_>| to.send(agent.clone()).unwrap()) as Box<dyn Observer>
            })
        }
    }
    let (to, heard) = mpsc::channel();
    let later = Later::start("later").unwrap();
    let hooks = Hooks::new(On(Tells(Mutex::new(to)), later.clone()));
    let over = Arc::<AtomicU64>::default();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let fixture = Fixture::default();
            while over.load(Ordering::Relaxed) == 0 {
                reference::turn(&hooks, &fixture, false);
            }
        });
        while later.stats().delivered < 10_000 {
            std::thread::yield_now();
        }
        let quiet = hooks.turn(Turn::new("quiet"));
        let first = heard.recv_timeout(Duration::from_secs(20));
        over.store(1, Ordering::Relaxed);
        drop(quiet);
        assert_eq!(first.unwrap(), "quiet");
    });
}

/// What hears of events later is part of the set's flush and end.
#[tokio::test]
async fn a_set_s_flush_and_end_wait_for_who_hears_later() {
    let later = Later::start("later").unwrap();
    let seen = Positions::default();
    let hooks = Hooks::new(On(seen.clone(), later));
    hooks
        .turn(Turn::new("one"))
        .complete(TurnOutcome::default());
    hooks.force_flush().await.unwrap();
    assert_eq!(seen.0.lock().unwrap().len(), 2);
    hooks
        .turn(Turn::new("two"))
        .complete(TurnOutcome::default());
    hooks.shutdown().await.unwrap();
    assert_eq!(seen.0.lock().unwrap().len(), 4);
}

/// It would wait for itself.
#[test]
fn a_hook_that_hears_later_cannot_flush_or_close_where_it_hears() {
    struct Flushes(Later, Mutex<mpsc::Sender<bool>>);
    impl Hook for Flushes {
        fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
            let (later, to) = (self.0.clone(), self.1.lock().unwrap().clone());
            Some(Box::new(move |_event: &Event<'_>| {
                let limit = Duration::from_secs(3600);
                let flushed = later.flush_within(limit).is_ok();
                to.send(flushed || later.close(limit)).unwrap();
            }))
        }
    }
    let (to, waited) = mpsc::channel();
    let later = Later::start("later").unwrap();
    let hooks = Hooks::new(On(Flushes(later.clone(), Mutex::new(to)), later));
    drop(hooks.turn(Turn::new("one")));
    assert_eq!(waited.recv_timeout(Duration::from_secs(20)), Ok(false));
}

/// However many hooks stand before it, a trail has its records, and says what it has not.
#[tokio::test]
async fn a_trail_behind_many_other_hooks_has_its_records() {
    for readers in [1, 63, 200] {
        let folder = tempfile::tempdir().unwrap();
        let audit = AuditHook::open(folder.path().join("trail")).unwrap();
        let shared = Later::start("shared").unwrap();
        let others: Vec<_> = (0..readers)
            .map(|_| On(Positions::default(), shared.clone()))
            .collect();
        let own: Vec<_> = (0..readers.min(70))
            .map(|_| On(Positions::default(), Later::start("own").unwrap()))
            .collect();
        let hooks = Hooks::new((others, own, audit.clone()));
        let turn = hooks.turn(Turn::new("assistant"));
        turn.settled().await.unwrap();
        turn.complete(TurnOutcome::default());
        audit.force_flush().await.unwrap();
        assert_eq!(audit.stats().recorded, 2, "behind {readers}");
    }
}

/// Large pieces of an answer, which a trail does not record, take none of its room.
#[test]
fn what_a_reader_does_not_want_takes_none_of_its_room() {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditHook::open(folder.path().join("trail")).unwrap();
    let later = Later::start("later").unwrap();
    let hooks = Hooks::new((On(Positions::default(), later), audit.clone()));
    let turn = hooks.turn(Turn::new("assistant"));
    let content = Str::from("x".repeat(1 << 20));
    for _ in 0..40 {
        turn.progress(Progress::new("chunk"));
        let content = content.clone();
        turn.emit(TextDelta { content });
    }
    let most = audit.stats().most_waiting_bytes;
    assert!(most < 1 << 20, "{most} bytes");
}

/// A megabyte of arguments.
fn large() -> ToolCall {
    ToolCall {
        arguments: Some("x".repeat(1 << 20).into()),
        ..ToolCall::new("echo")
    }
}

#[test]
fn who_had_no_room_for_a_part_hears_nothing_more_of_that_run() {
    let later = Later::start("later").unwrap();
    let (let_go, gate) = mpsc::channel();
    let (seen, beside) = (Positions::default(), Recorder::new());
    let hooks = Hooks::new((
        On(Stuck(Mutex::new(Some(gate))), later.clone()),
        On(seen.clone(), later.clone()),
        beside.clone(),
    ));
    // It is stuck within the first run, and has the second one's beginning.
    drop(hooks.turn(Turn::new("first")));
    let second = hooks.turn(Turn::new("second"));
    drop(second.open(Step::new(1)));
    assert_eq!(later.stats().dropped, 0);
    let mut large_calls = 0;
    while later.stats().dropped == 0 {
        drop(second.open(large()));
        large_calls += 1;
    }
    assert!((60..=70).contains(&large_calls), "{large_calls} MiB wait");
    let_go.send(()).unwrap();
    later.flush_within(Duration::from_secs(20)).unwrap();
    // There is room again, but it would not know what it missed.
    second.complete(TurnOutcome::default());
    drop(hooks.turn(Turn::new("third")));
    later.flush_within(Duration::from_secs(20)).unwrap();

    let stats = later.stats();
    assert_eq!(stats.waiting, 0);
    assert_eq!(stats.offered, stats.delivered + stats.dropped);
    assert_eq!(stats.offered, beside.events().len() as u64);
    assert!(stats.dropped >= 3, "{stats:?}");
    assert_eq!(hooks.stats()[1].missed, stats.dropped);
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen.len() as u64, stats.delivered);
    assert_eq!(
        (&seen[..2], &seen[seen.len() - 2..]),
        (&[0, 1][..], &[0, 1][..])
    );
}

/// A collector that never answers: the turns go on, and each span has an outcome.
#[test]
fn the_account_of_spans_is_exact_while_the_exporter_stands_still() {
    let turns = u64::from(cases("KAOS_STALLED_TURNS", 1_000));
    let receiver = Receiver::start(false, [Reply::Never]);
    let telemetry = Telemetry::from_vars(|name| {
        let value = match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => receiver.url.as_str(),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => "http/protobuf",
            "OTEL_EXPORTER_OTLP_TIMEOUT" => "200",
            "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => "none",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap();
    let (hooks, recorder) = (telemetry.hooks(), Positions::default());
    let hooks = Hooks::new((hooks, recorder.clone()));
    let fixture = Fixture::default();
    for number in 0..turns {
        reference::turn(&hooks, &fixture, false);
        if number % 64 == 0 {
            let it = telemetry.stats().traces;
            let accounted = it.waiting + it.exported + it.failed + it.dropped;
            assert_eq!(it.offered, accounted, "{it:?}");
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread();
    let stats = { runtime }.build().unwrap().block_on(telemetry.shutdown());
    // In a release build there are more turns than the queue of 64 MiB has room for.
    let missed = hooks.stats()[0].missed;
    let without_spans = 13 * turns - stats.traces.offered;
    println!("{stats}: {missed} events missed, {without_spans} spans never made");
    assert!(without_spans <= missed && (without_spans > 0) == (missed > 0));
    assert_eq!(stats.traces.lost(), stats.traces.offered);
    assert_eq!(recorder.0.lock().unwrap().len() as u64, EVENTS * turns);
}

/// Neither asks: a run that stands still is read all the same.
#[test]
fn events_of_a_run_that_goes_on_are_heard_of_within_a_while() {
    struct Tells(Mutex<mpsc::Sender<u64>>);
    impl Hook for Tells {
        fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
            let to = self.0.lock().unwrap().clone();
            Some(Box::new(move |event: &Event<'_>| {
                to.send(event.seq).unwrap();
            }))
        }
    }
    let (to, heard) = mpsc::channel();
    let later = Later::start("later").unwrap();
    let hooks = Hooks::new(On(Tells(Mutex::new(to)), later));
    let turn = hooks.turn(Turn::new("assistant"));
    let next = || heard.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(next(), 0);
    let step = turn.open(Step::new(1));
    assert_eq!(next(), 1);
    step.progress(Progress::new("retry"));
    step.progress(Progress::new("retry"));
    assert_eq!((next(), next()), (2, 3));
}

/// A long run comes in many parts; a set that is gone is no reason to miss some.
#[test]
fn nothing_is_missing_of_a_long_run_whose_set_is_gone() {
    let later = Later::start("later").unwrap();
    let seen = Positions::default();
    let hooks = Hooks::new(On(seen.clone(), later.clone()));
    let turn = hooks.turn(Turn::new("assistant"));
    drop(hooks);
    for number in 0..5_000 {
        drop(turn.open(Step::new(number)));
    }
    turn.complete(TurnOutcome::default());
    later.flush_within(Duration::from_secs(20)).unwrap();
    assert_eq!(*seen.0.lock().unwrap(), (0..10_002).collect::<Vec<_>>());
}
