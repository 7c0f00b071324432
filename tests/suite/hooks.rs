//! Independence: whatever one hook does, the turn and the other hooks' records are the same.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    AsyncHook, Both, Budget, Emitter, Enter, Entry, Event, EventBuf, Gate, GateError, Handle, Hook,
    HookError, Hooks, IntoHooks, Lane, LogHook, MAX_PANICS, ManualClock, Observer, Propagator,
    Registry, Run, SeededIds, SpanId, Step, StepOutcome, Str, TextDelta, ToolRequest, Turn,
    TurnOutcome, Value, Verdict,
};
use kaos_runner::{Agent, ModelReply, Runner};
use kaos_tests::agents::{Act, Scripted, calls, scripted};
use tokio::sync::Notify;

/// An emitter that gives the same ids and times each time.
fn repeatable() -> Emitter {
    kaos_tests::subscribed();
    let clock = ManualClock::at_unix_nanos(1_700_000_000_000_000_000);
    Emitter::new()
        .with_ids(SeededIds::new(7))
        .with_clock(clock.ticking(Duration::from_micros(10)))
}

fn agent() -> Agent {
    scripted(
        "assistant",
        [calls(&["panics", "fine"]), ModelReply::text("done")],
    )
    .tool(Scripted::new("panics", Act::Panic))
    .tool(Scripted::new("fine", Act::Give("fine")))
}

/// Runs the agent with this hook between two recorders; gives the answer and both records.
async fn run_with<M>(hook: impl IntoHooks<M>) -> (String, [Vec<String>; 2], Hooks) {
    let (before, after) = (Recorder::new(), Recorder::new());
    let hooks = Hooks::with_emitter(repeatable(), (before.clone(), hook, after.clone()));
    let runner = Runner::new(agent()).hooks(hooks.clone());
    let reply = runner.turn("Work.", "s").await.unwrap().to_string();
    let lines = |recorder: Recorder| recorder.events().iter().map(EventBuf::to_line).collect();
    (reply, [before, after].map(lines), hooks)
}

/// Asserts that the turn and the other hooks do not notice this hook; gives its set's counters.
async fn assert_unnoticed<M>(hook: impl IntoHooks<M>) -> Hooks {
    let (reply, records, hooks) = run_with(hook).await;
    let (plain_reply, plain, _) = run_with(()).await;
    assert_eq!(reply, plain_reply);
    assert_eq!(records, plain);
    hooks
}

struct Panics;

impl Hook for Panics {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(|_event: &Event<'_>| panic!("a hook panics")))
    }
}

#[tokio::test]
async fn a_hook_that_panics_on_every_event_is_put_out_of_service() {
    let hooks = assert_unnoticed(Panics).await;
    let stats = &hooks.stats()[1];
    assert_eq!((stats.name.as_str(), stats.panics), ("Panics", MAX_PANICS));
    assert!(stats.out_of_service);
    assert_eq!(stats.live_observers, 0);
}

/// Panics wherever a hook can: when made, when asked, in drops, with a payload that panics too.
struct Hostile;

struct HostileObserver;

struct HostilePayload;

impl Drop for HostilePayload {
    fn drop(&mut self) {
        panic!("a panic's payload panics");
    }
}

struct HostileEntry;

impl Enter for HostileEntry {
    fn within(&self, run: &mut dyn FnMut()) {
        run();
        panic!("leaving a span panics");
    }
}

impl Drop for HostileEntry {
    fn drop(&mut self) {
        panic!("the drop of an entry panics");
    }
}

impl Hook for Hostile {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        Some(Box::new(HostileObserver))
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        Some(Arc::new(HostileParent))
    }
}

struct HostileParent;

impl Propagator for HostileParent {
    fn ambient_parent(&self) -> Option<kaos_hooks::SpanContext> {
        panic!("asking for a parent panics");
    }
}

impl Observer for HostileObserver {
    fn on_event(&mut self, event: &Event<'_>) {
        if event.seq == 2 {
            std::panic::panic_any(HostilePayload);
        }
    }

    fn entry(&mut self, _span: SpanId) -> Entry {
        Entry::by(HostileEntry)
    }
}

impl Drop for HostileObserver {
    fn drop(&mut self) {
        panic!("the drop of an observer panics");
    }
}

#[tokio::test]
async fn a_hook_that_panics_wherever_it_can_goes_unnoticed() {
    let hooks = assert_unnoticed(Hostile).await;
    let stats = &hooks.stats()[1];
    assert!(stats.panics >= 4, "{stats:?}");
    assert_eq!(stats.live_observers, 0);
}

/// A part of a set that reports on the others; the second one panics.
struct Watches(Arc<Mutex<Vec<Vec<Str>>>>);

impl IntoHooks<kaos_hooks::marker::Own> for Watches {
    fn register(self, to: &mut Registry) {
        to.watch(move |set| {
            let names = set.stats().into_iter().map(|stats| stats.name).collect();
            self.0.lock().unwrap().push(names);
        });
        to.watch(|_set| panic!("a part that watches panics"));
    }
}

struct Idle;

#[async_trait]
impl AsyncHook for Idle {
    async fn on_event(&mut self, _event: EventBuf) {}
}

#[test]
fn what_watches_a_set_is_given_the_whole_set_once_and_its_panic_goes_no_further() {
    kaos_tests::subscribed();
    let seen = Arc::<Mutex<Vec<Vec<Str>>>>::default();
    let watches = [(); 2].map(|()| Watches(Arc::clone(&seen)));
    let [first, last] = watches;
    let hooks = Hooks::new((first, LogHook::new(), Lane::new(Idle), last));
    drop(hooks.turn(Turn::new("assistant")));
    let all = vec![Str::from("LogHook"), Str::from("Idle")];
    assert_eq!(*seen.lock().unwrap(), [all.clone(), all]);
}

#[tokio::test]
async fn ready_made_hooks_stay_one_set_alone_and_join_another_in_a_tuple() {
    let seen = Arc::<Mutex<Vec<Vec<Str>>>>::default();
    let parts = (
        Panics,
        Watches(Arc::clone(&seen)),
        LogHook::new(),
        Lane::new(Idle),
    );
    let made = Hooks::with_emitter(repeatable(), parts);
    let hooks = made.clone().with_gate_limit(Duration::from_secs(7));

    let alone = Runner::new(agent()).hooks(hooks.clone());
    let trace_id = alone.turn("Hi!", "s").await.unwrap().trace_id();
    assert!(made.stats()[1].events > 0, "the statistics are the set's");
    let first = Hooks::with_emitter(repeatable(), ()).turn(Turn::new("the first"));
    assert_eq!(trace_id, first.trace_id(), "the ids are the set's");

    let joined = Runner::new(agent()).hooks((LogHook::new(), hooks));
    joined.turn("Hi!", "s").await.unwrap();
    let names =
        |hooks: &Hooks| -> Vec<Str> { hooks.stats().into_iter().map(|it| it.name).collect() };
    assert_eq!(
        names(joined.observed_by()),
        ["LogHook", "Panics", "LogHook", "Idle"]
    );
    assert_eq!(seen.lock().unwrap()[1], names(joined.observed_by()));
    let lane = joined.observed_by().stats().remove(3).lane;
    assert_eq!(lane, made.stats().remove(2).lane, "it is the same lane");
    assert!(lane.is_some_and(|lane| lane.offered > 0));
    assert_eq!(made.emitter().live_runs(), 0);
}

/// Counts how often it is asked for its propagator.
struct Asked(Arc<AtomicUsize>);

impl Hook for Asked {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        None
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[test]
fn propagators_are_asked_for_once_when_the_set_is_made() {
    let asked = Arc::<AtomicUsize>::default();
    let hooks = Hooks::new((Asked(Arc::clone(&asked)), Panics));
    for _ in 0..3 {
        drop(hooks.turn(Turn::new("assistant")));
        hooks.inject(|_, _| {});
        assert_eq!(hooks.extract([("traceparent", "")]), None);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_hook_that_panics_while_observing_begins_goes_unnoticed() {
    struct Fails;
    impl Hook for Fails {
        fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
            panic!("making an observer panics");
        }
    }
    let hooks = assert_unnoticed(Fails).await;
    assert_eq!(hooks.stats()[1].panics, 1);
}

#[test]
fn a_hook_that_panics_while_a_tool_unwinds_does_not_abort() {
    kaos_tests::subscribed();
    let recorder = Recorder::new();
    let hooks = Hooks::new((Panics, recorder.clone()));
    let turn = hooks.turn(Turn::new("assistant"));
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _step = turn.open(Step::new(1));
        panic!("user code unwinds through a scope");
    }));
    assert!(unwound.is_err());
    turn.complete(TurnOutcome::default());
    kaos_hooks::testing::assert_tree(&recorder, "agent.turn\n  agent.step.1 [error: panic]");
}

/// An async hook that waits for a signal before each event.
struct Waits(Arc<Notify>);

#[async_trait]
impl AsyncHook for Waits {
    async fn on_event(&mut self, _event: EventBuf) {
        self.0.notified().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_stuck_and_full_drops_counts_and_bounds_its_flush() {
    let lane = Lane::with_capacity(Waits(Arc::default()), 4);
    let hooks = assert_unnoticed(lane.clone()).await;
    let stats = lane.stats();
    assert!(stats.dropped > 0, "{stats:?}");
    assert!(
        stats.offered - stats.dropped <= 5,
        "four wait and one is worked on: {stats:?}"
    );
    let began = tokio::time::Instant::now();
    let error = hooks.shutdown().await.unwrap_err();
    assert_eq!(began.elapsed(), Lane::FLUSH_LIMIT);
    assert!(error.to_string().starts_with("hook Waits: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_sleeps_in_its_lane_gets_every_event() {
    struct Sleeps(Arc<Mutex<Vec<u64>>>);
    #[async_trait]
    impl AsyncHook for Sleeps {
        async fn on_event(&mut self, event: EventBuf) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.0.lock().unwrap().push(event.seq);
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lane = Lane::new(Sleeps(Arc::clone(&seen)));
    let hooks = assert_unnoticed(lane.clone()).await;
    hooks.shutdown().await.unwrap();
    let stats = lane.stats();
    assert_eq!(
        (stats.offered, stats.dropped, stats.failed),
        (stats.delivered, 0, 0)
    );
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, (0..stats.delivered).collect::<Vec<_>>());
    hooks
        .shutdown()
        .await
        .expect("shutting down twice does nothing");
}

#[tokio::test]
async fn a_hook_that_fails_says_so_when_flushed_and_a_lane_counts_its_panics() {
    struct Fails;
    #[async_trait]
    impl AsyncHook for Fails {
        async fn on_event(&mut self, event: EventBuf) {
            assert!(event.seq.is_multiple_of(2), "an async hook panics");
        }

        async fn flush(&mut self) -> Result<(), HookError> {
            Err(HookError::new("the disk is full"))
        }
    }
    let lane = Lane::new(Fails);
    let hooks = assert_unnoticed(lane.clone()).await;
    let error = hooks.force_flush().await.unwrap_err();
    assert_eq!(error.to_string(), "hook Fails: the disk is full");
    let stats = lane.stats();
    assert!(stats.failed > 0);
    assert_eq!(
        stats.offered,
        stats.delivered + stats.failed + stats.dropped
    );
}

/// A hook that emits from inside `on_event`: its event comes right after the one it answers.
#[test]
fn an_event_emitted_by_an_observer_comes_right_after_the_current_one() {
    let run = |emits: bool| {
        let handle: Arc<OnceLock<Handle>> = Arc::default();
        let answer = Arc::clone(&handle);
        let recorder = Recorder::new();
        let echo = move |event: &Event<'_>| {
            let is_step = event
                .span()
                .is_some_and(|span| span.slot.own > 0 && !span.phase.is_end());
            if let Some(handle) = answer.get().filter(|_| emits && is_step) {
                handle.emit(TextDelta {
                    content: Str::from("noticed"),
                });
            }
        };
        let hooks = Hooks::with_emitter(repeatable(), (echo, recorder.clone()));
        let turn = hooks.turn(Turn::new("assistant"));
        handle.set(turn.handle()).unwrap();
        for number in 1..=3 {
            turn.open(Step::new(number))
                .complete(StepOutcome::default());
        }
        turn.complete(TurnOutcome::default());
        recorder.check().unwrap();
        recorder.events()
    };
    let is_echo = |event: &EventBuf| matches!(event.value(), Some(Value::TextDelta(_)));
    let (with, without) = (run(true), run(false));
    let echoes: Vec<_> = with
        .iter()
        .filter(|event| is_echo(event))
        .map(|event| event.seq)
        .collect();
    assert_eq!(echoes, [2, 5, 8], "right after each step's start");
    let rest: Vec<_> = with
        .iter()
        .filter(|event| !is_echo(event))
        .map(|event| &event.body)
        .collect();
    assert_eq!(rest.len(), without.len());
    for (with, without) in rest.iter().zip(&without) {
        let (Some(with), Some(without)) = (span_of(with), without.span()) else {
            continue;
        };
        assert_eq!((with.id, with.parent), (without.id, without.parent));
        assert_eq!(with.phase.name(), without.phase.name());
    }
}

fn span_of(body: &kaos_hooks::BodyBuf) -> Option<&kaos_hooks::SpanBuf> {
    match body {
        kaos_hooks::BodyBuf::Span(span) => Some(span),
        _ => None,
    }
}

#[test]
fn an_observer_may_emit_when_it_is_asked_for_an_entry_or_a_wait() {
    struct Asks(Arc<OnceLock<Handle>>);
    impl Asks {
        fn note(&self, content: &'static str) {
            if let Some(handle) = self.0.get() {
                handle.emit(TextDelta {
                    content: content.into(),
                });
            }
        }
    }
    impl Observer for Asks {
        fn on_event(&mut self, _event: &Event<'_>) {}

        fn keeps(&self) -> bool {
            true
        }

        fn entry(&mut self, _span: SpanId) -> Entry {
            self.note("entry");
            Entry::none()
        }

        fn ready(&mut self) -> Option<kaos_hooks::Ready> {
            self.note("ready");
            None
        }
    }
    let recorder = Recorder::new();
    let handle: Arc<OnceLock<Handle>> = Arc::default();
    let asks = Asks(Arc::clone(&handle));
    let hooks = Hooks::new(recorder.clone());
    let turn = hooks.turn_with(Turn::new("assistant"), Some(Box::new(asks)));
    handle.set(turn.handle()).unwrap();
    drop(turn.entered(async {}));
    assert!(turn.ready().now_or_never().is_some());
    drop(turn);
    recorder.check().unwrap();
    assert_eq!(
        recorder.events().len(),
        4,
        "the turn's two events, and one for each question"
    );
}

#[test]
fn an_observer_that_answers_itself_is_stopped() {
    let handle: Arc<OnceLock<Handle>> = Arc::default();
    let answer = Arc::clone(&handle);
    let hooks = Hooks::new(move |_event: &Event<'_>| {
        if let Some(handle) = answer.get() {
            handle.emit(TextDelta::default());
        }
    });
    let turn = hooks.turn(Turn::new("assistant"));
    handle.set(turn.handle()).unwrap();
    turn.emit(TextDelta::default());
    assert!(hooks.emitter().refused().overflow > 0);
    drop(turn);
}

/// A hook that keeps events, and is never behind.
struct Keeps;

impl Hook for Keeps {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        struct Kept;
        impl Observer for Kept {
            fn on_event(&mut self, _event: &Event<'_>) {}

            fn keeps(&self) -> bool {
                true
            }
        }
        Some(Box::new(Kept))
    }
}

#[test]
fn a_run_that_never_waits_for_its_hooks_ends_with_the_budget() {
    let recorder = Recorder::new();
    let emitter = Emitter::new().with_unawaited_events(50);
    let hooks = Hooks::with_emitter(emitter, (recorder.clone(), Keeps));
    let turn = hooks.turn(Turn::new("assistant"));
    let step = turn.open(Step::new(1));
    for _ in 0..1000 {
        step.emit(TextDelta::default());
    }
    assert!(!turn.is_open());
    drop((step, turn));
    recorder.check().unwrap();
    let events = recorder.events();
    assert_eq!(
        events.len(),
        50 + 1 + 2,
        "the limit, its event, and the ends of the open spans"
    );
    let exceeded = events.iter().any(
        |event| matches!(event.value(), Some(Value::BudgetExceeded(it)) if it.budget == Budget::Events),
    );
    assert!(exceeded);
    let refused = hooks.emitter().refused();
    assert_eq!((refused.values, refused.ends), (1000 - 48, 2));
}

#[test]
fn without_a_hook_that_keeps_events_a_run_may_emit_as_much_as_it_likes() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let emitter = Emitter::new().with_unawaited_events(50);
    let counts = move |_event: &Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let hooks = Hooks::with_emitter(emitter, counts);
    let turn = hooks.turn(Turn::new("assistant"));
    for _ in 0..70_000 {
        turn.emit(TextDelta::default());
    }
    assert!(turn.is_open());
    turn.complete(TurnOutcome::default());
    assert_eq!(seen.load(Ordering::Relaxed), 70_002);
}

#[test]
fn what_is_waited_for_counts_from_the_last_wait() {
    let emitter = Emitter::new().with_unawaited_events(50);
    let hooks = Hooks::with_emitter(emitter, Keeps);
    let turn = hooks.turn(Turn::new("assistant"));
    for _ in 0..100 {
        for _ in 0..49 {
            turn.emit(TextDelta::default());
        }
        assert!(turn.ready().now_or_never().is_some());
    }
    assert!(turn.is_open());
}

/// Each of two runs answers every event of the other, from two threads at once.
#[test]
fn two_runs_whose_observers_emit_into_each_other_go_on() {
    const EACH: usize = 2000;
    type Other = Arc<OnceLock<Handle>>;
    let seen: [Arc<AtomicUsize>; 2] = Default::default();
    let others: [Other; 2] = Default::default();
    // Both are inside their observers at the same time at least once.
    let both = Arc::new(Barrier::new(2));
    let run = |at: usize| {
        let (seen, other) = (Arc::clone(&seen[at]), Arc::clone(&others[1 - at]));
        let (both, met) = (Arc::clone(&both), AtomicBool::new(false));
        let hooks = Hooks::new(move |event: &Event<'_>| {
            let is_step = event
                .span()
                .is_some_and(|span| span.slot.own > 0 && !span.phase.is_end());
            if let Some(other) = other.get().filter(|_| is_step) {
                if !met.swap(true, Ordering::Relaxed) {
                    both.wait();
                }
                other.emit(TextDelta::default());
            }
            let is_answer = matches!(event.body, kaos_hooks::Body::Value { .. });
            seen.fetch_add(usize::from(is_answer), Ordering::Relaxed);
        });
        let turn = hooks.turn(Turn::new("assistant"));
        others[at].set(turn.handle()).unwrap();
        (hooks, turn)
    };
    let runs = [run(0), run(1)];
    let (done, ended) = std::sync::mpsc::channel();
    let threads = runs.map(|(hooks, turn)| {
        let done = done.clone();
        std::thread::spawn(move || {
            for number in 0..EACH {
                let number = u32::try_from(number).unwrap();
                turn.open(Step::new(number))
                    .complete(StepOutcome::default());
            }
            done.send(()).unwrap();
            (hooks, turn)
        })
    });
    for _ in &threads {
        let limit = Duration::from_secs(30);
        ended
            .recv_timeout(limit)
            .expect("neither waits for the other");
    }
    let runs = threads.map(|thread| thread.join().unwrap());
    for (at, seen) in seen.iter().enumerate() {
        assert_eq!(seen.load(Ordering::Relaxed), EACH, "run {at}");
        assert_eq!(runs[at].0.emitter().refused().overflow, 0);
    }
}

#[test]
fn runs_that_answer_each_other_without_end_are_stopped() {
    let others: [Arc<OnceLock<Handle>>; 2] = Default::default();
    let run = |at: usize| {
        let other = Arc::clone(&others[1 - at]);
        let hooks = Hooks::new(move |_event: &Event<'_>| {
            if let Some(other) = other.get() {
                other.emit(TextDelta::default());
            }
        });
        let turn = hooks.turn(Turn::new("assistant"));
        others[at].set(turn.handle()).unwrap();
        (hooks, turn)
    };
    let [one, other] = [run(0), run(1)];
    one.1.emit(TextDelta::default());
    let refused = |hooks: &Hooks| hooks.emitter().refused().overflow;
    assert!(refused(&one.0) + refused(&other.0) > 0);
    one.1.emit(TextDelta::default()); // and they still take events
    assert!(one.1.is_open() && other.1.is_open());
}

/// Both a hook and a gate.
struct Guard(Arc<AtomicBool>);
impl Hook for Guard {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        self.0.store(true, Ordering::SeqCst);
        None
    }
}
#[async_trait]
impl Gate for Guard {
    async fn before_tool_call(&self, _call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        Ok(Verdict::Allow)
    }
}

#[test]
fn everything_that_listens_is_accepted_in_any_nesting() {
    kaos_tests::subscribed();
    let asked = Arc::new(AtomicBool::new(false));
    let boxed: Vec<Box<dyn Hook>> = vec![Box::new(LogHook::new()), Box::new(Recorder::new())];
    let shared: Arc<dyn Hook> = Arc::new(LogHook::new());
    let hooks = Hooks::new((
        (LogHook::new(), (Some(Recorder::new()), None::<LogHook>)),
        boxed,
        shared,
        |_event: &Event<'_>| (),
        Both(Guard(Arc::clone(&asked))),
        (),
    ));
    drop(hooks.turn(Turn::new("assistant")));
    assert!(asked.load(Ordering::SeqCst));
    let names: Vec<_> = hooks
        .stats()
        .iter()
        .map(|stats| stats.name.to_string())
        .collect();
    let expected = [
        "LogHook", "Recorder", "LogHook", "Recorder", "LogHook", "closure", "Guard", "Guard",
    ];
    assert_eq!(names, expected);
}

/// Lines of the log hook, one a span end, as a subscriber would print them.
#[test]
fn the_log_hook_writes_a_line_a_span_end_without_content() {
    kaos_tests::subscribed();
    let written = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&written);
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || Shared(Arc::clone(&to)))
        .without_time()
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let hooks = Hooks::with_emitter(repeatable(), LogHook::new());
        let turn = hooks.turn(Turn::new("assistant"));
        let step = turn.open(Step::new(1));
        step.fail(kaos_hooks::Failure::new("timeout").message("a secret"));
        turn.complete(TurnOutcome::default());
    });
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("error_type=\"timeout\""),
        "{text}"
    );
    assert!(
        lines[0].contains("span=agent.step.1") && lines[1].contains("span=agent.turn"),
        "{text}"
    );
    assert!(
        lines[1].contains("INFO") && lines[1].contains("duration_ms="),
        "{text}"
    );
    assert!(!text.contains("a secret"));
}

pub(crate) struct Shared(pub(crate) Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
