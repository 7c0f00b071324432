//! Random programs over scopes, against a model of the open spans.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use kaos_events::{
    BodyBuf, Custom, Emitter, Event, EventBuf, Failure, Handle, LlmCall, ManualClock, PackedEvents,
    PhaseBuf, PhaseName, Progress, Refused, Scope, SeededIds, SpanId, Step, Subagent, SubjectType,
    TextDelta, ToolCall, Turn,
};
use kaos_hooks::Hooks;
use kaos_hooks::testing::Recorder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::codec::cases;

/// A span to open.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Step,
    LlmCall,
    ToolCall,
    Subagent,
    /// In a sub-agent's span; a custom span elsewhere.
    Turn,
    Custom,
}

/// A way to end a scope.
#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    Fail,
    Drop,
    Suspend,
    /// A panic unwinds through it.
    Panic,
    /// A panic unwinds through it and a scope opened in it.
    PanicInside,
}

/// A step of a program. The index picks one of the scopes at hand.
#[derive(Debug, Clone)]
enum Op {
    Open(Index, Kind),
    Emit(Index),
    Progress(Index),
    End(Index, End),
    Forget(Index),
    /// Gives the scope to a thread that ends it when it is let go.
    Detach(Index, End),
    /// Lets one of those threads go, and waits for it.
    Join(Index),
}

fn end() -> impl Strategy<Value = End> {
    select(vec![
        End::Complete,
        End::Fail,
        End::Drop,
        End::Suspend,
        End::Panic,
        End::PanicInside,
    ])
}

fn op() -> impl Strategy<Value = Op> {
    let kind = select(vec![
        Kind::Step,
        Kind::LlmCall,
        Kind::ToolCall,
        Kind::Subagent,
        Kind::Turn,
        Kind::Turn,
        Kind::Custom,
    ]);
    let at = any::<Index>;
    prop_oneof![
        8 => (at(), kind).prop_map(|(at, kind)| Op::Open(at, kind)),
        2 => at().prop_map(Op::Emit),
        1 => at().prop_map(Op::Progress),
        4 => (at(), end()).prop_map(|(at, end)| Op::End(at, end)),
        1 => at().prop_map(Op::Forget),
        1 => (at(), end()).prop_map(|(at, end)| Op::Detach(at, end)),
        1 => at().prop_map(Op::Join),
    ]
}

/// A scope of any subject.
enum AnyScope {
    Turn(Scope<Turn>),
    Step(Scope<Step>),
    LlmCall(Scope<LlmCall>),
    ToolCall(Scope<ToolCall>),
    Subagent(Scope<Subagent>),
    Custom(Scope<Custom>),
}

macro_rules! each {
    ($any:expr, $scope:ident => $do:expr) => {
        match $any {
            AnyScope::Turn($scope) => $do,
            AnyScope::Step($scope) => $do,
            AnyScope::LlmCall($scope) => $do,
            AnyScope::ToolCall($scope) => $do,
            AnyScope::Subagent($scope) => $do,
            AnyScope::Custom($scope) => $do,
        }
    };
}

impl AnyScope {
    fn handle(&self) -> Handle {
        each!(self, scope => scope.handle())
    }

    /// Opens a span; the name of its agent, if it is a run of its own.
    fn open(&self, kind: Kind) -> (Self, Option<String>) {
        let inside = self.handle();
        let opened = match (kind, self) {
            (Kind::Turn, Self::Subagent(scope)) => {
                let agent = format!("sub-agent of {}", scope.id());
                return (
                    Self::Turn(scope.turn(Turn::new(agent.clone()))),
                    Some(agent),
                );
            }
            (Kind::Step, _) => Self::Step(inside.open(Step::new(1))),
            (Kind::LlmCall, _) => Self::LlmCall(inside.open(LlmCall::new("p", "m"))),
            (Kind::ToolCall, _) => Self::ToolCall(inside.open(ToolCall::new("t"))),
            (Kind::Subagent, _) => Self::Subagent(inside.open(Subagent::new("a"))),
            (Kind::Turn | Kind::Custom, _) => Self::Custom(inside.open(Custom::new("c"))),
        };
        (opened, None)
    }

    /// Ends it; the id of the scope that was opened inside for it.
    fn end(self, end: End) -> Option<SpanId> {
        each!(self, scope => end_scope(scope, end))
    }
}

fn end_scope<S: SubjectType>(scope: Scope<S>, end: End) -> Option<SpanId> {
    let mut inner = None;
    match end {
        End::Complete => scope.complete(S::Outcome::default()),
        End::Fail => scope.fail(Failure::new("broken")),
        End::Drop => drop(scope),
        End::Suspend => scope.suspend(),
        End::Panic | End::PanicInside => {
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let scope = scope;
                let inside = matches!(end, End::PanicInside);
                let opened = inside.then(|| scope.open(Custom::new("inside")));
                inner = opened.as_ref().map(Scope::id);
                // Unlike `panic!` it says nothing to standard error.
                resume_unwind(Box::new("a panic of the test"))
            }));
            let never: Result<(), _> = unwound;
            assert!(never.is_err());
        }
    }
    inner
}

/// What must be recorded: the span, its parent, its run's agent, and what happened.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    span: SpanId,
    parent: Option<SpanId>,
    agent: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Value,
    Phase(PhaseName),
    Failed(String),
}

impl Expected {
    fn of(event: &EventBuf, parent_of: impl Fn(SpanId) -> Option<SpanId>) -> Self {
        let (span, parent, what) = match &event.body {
            BodyBuf::Span(span) => {
                let what = match &span.phase {
                    PhaseBuf::Error(failure, ..) => What::Failed(failure.kind.to_string()),
                    phase => What::Phase(phase.name()),
                };
                (span.id, span.parent, what)
            }
            BodyBuf::Value { span, .. } => {
                let span = span.unwrap();
                (span, parent_of(span), What::Value)
            }
            BodyBuf::Unknown(_) => unreachable!("the emitter knows its events"),
        };
        let agent = event.run.agent.to_string();
        Self {
            span,
            parent,
            agent,
            what,
        }
    }
}

/// The spans as they must be.
#[derive(Default)]
struct Model {
    spans: Vec<ModelSpan>,
    events: Vec<Expected>,
    refused: Refused,
}

struct ModelSpan {
    id: SpanId,
    parent: Option<usize>,
    children: Vec<usize>,
    agent: String,
    open: bool,
}

impl Model {
    fn open(&mut self, parent: Option<usize>, id: SpanId, agent: Option<String>) -> usize {
        let own = self.spans.len();
        let open = parent.is_none_or(|parent| self.spans[parent].open);
        let inherited = || self.spans[parent.unwrap()].agent.clone();
        let agent = agent.unwrap_or_else(inherited);
        self.spans.push(ModelSpan {
            id,
            parent,
            children: Vec::new(),
            agent,
            open,
        });
        if open {
            if let Some(parent) = parent {
                self.spans[parent].children.push(own);
            }
            self.expect(own, What::Phase(PhaseName::Start));
        } else {
            self.refused.starts += 1;
        }
        own
    }

    fn value(&mut self, at: usize, what: What) {
        if self.spans[at].open {
            self.expect(at, what);
        } else {
            self.refused.values += 1;
        }
    }

    fn end(&mut self, at: usize, end: End, inner: Option<SpanId>) {
        if let Some(inner) = inner {
            let inner = self.open(Some(at), inner, None);
            self.end(inner, End::Panic, None);
        }
        if !self.spans[at].open {
            self.refused.ends += 1;
            return;
        }
        self.close(
            at,
            match end {
                End::Complete => What::Phase(PhaseName::Complete),
                End::Fail => What::Failed("broken".to_owned()),
                End::Drop => What::Phase(PhaseName::Cancelled),
                End::Suspend => What::Phase(PhaseName::Suspended),
                End::Panic | End::PanicInside => What::Failed("panic".to_owned()),
            },
        );
    }

    /// Closes the span, after what is open in it: the newest first.
    fn close(&mut self, at: usize, what: What) {
        let children = self.spans[at].children.clone();
        for child in children.into_iter().rev() {
            if self.spans[child].open {
                self.close(child, What::Phase(PhaseName::Cancelled));
            }
        }
        self.spans[at].open = false;
        self.expect(at, what);
    }

    fn expect(&mut self, at: usize, what: What) {
        let span = &self.spans[at];
        self.events.push(Expected {
            span: span.id,
            parent: span.parent.map(|parent| self.spans[parent].id),
            agent: span.agent.clone(),
            what,
        });
    }

    fn parent_of(&self, id: SpanId) -> Option<SpanId> {
        let span = self.spans.iter().find(|span| span.id == id)?;
        Some(self.spans[span.parent?].id)
    }
}

/// A scope on a thread that ends it when told to.
struct Detached {
    at: usize,
    end: End,
    go: mpsc::Sender<()>,
    thread: thread::JoinHandle<Option<SpanId>>,
}

impl Detached {
    fn new(at: usize, scope: AnyScope, end: End) -> Self {
        let (go, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            told.recv().expect("the program lets every thread go");
            scope.end(end)
        });
        Self {
            at,
            end,
            go,
            thread,
        }
    }

    fn join(self, model: &mut Model) {
        self.go.send(()).expect("the thread waits");
        let inner = self.thread.join().expect("a panic is caught inside");
        model.end(self.at, self.end, inner);
    }
}

/// A program while it runs.
struct Program {
    /// Place in the model, and the scope. The root stands first until it is ended.
    held: Vec<(usize, AnyScope)>,
    detached: Vec<Detached>,
    forgotten: usize,
    model: Model,
}

impl Program {
    fn new(hooks: &Hooks) -> Self {
        let root = hooks.turn(Turn::new("root"));
        let mut model = Model::default();
        let at = model.open(None, root.id(), Some("root".to_owned()));
        Self {
            held: vec![(at, AnyScope::Turn(root))],
            detached: Vec::new(),
            forgotten: 0,
            model,
        }
    }

    fn run(&mut self, op: &Op) {
        if let Op::Join(pick) = op {
            if !self.detached.is_empty() {
                let picked = self.detached.swap_remove(pick.index(self.detached.len()));
                picked.join(&mut self.model);
            }
            return;
        }
        let (Op::Open(pick, _)
        | Op::Emit(pick)
        | Op::Progress(pick)
        | Op::End(pick, _)
        | Op::Forget(pick)
        | Op::Detach(pick, _)
        | Op::Join(pick)) = op;
        if self.held.is_empty() {
            return;
        }
        let pick = pick.index(self.held.len());
        let (at, scope) = &self.held[pick];
        let at = *at;
        match *op {
            Op::Open(_, kind) => {
                let (opened, agent) = scope.open(kind);
                let id = opened.handle().id();
                let own = self.model.open(Some(at), id, agent);
                self.held.push((own, opened));
            }
            Op::Emit(_) => {
                let content = "text".into();
                scope.handle().emit(TextDelta { content });
                self.model.value(at, What::Value);
            }
            Op::Progress(_) => {
                scope.handle().progress(Progress::new("retry"));
                self.model.value(at, What::Phase(PhaseName::Progress));
            }
            Op::End(_, end) => {
                let inner = self.held.remove(pick).1.end(end);
                self.model.end(at, end, inner);
            }
            Op::Forget(_) if self.model.spans[at].parent.is_some() => {
                let scope = self.held.remove(pick).1;
                each!(scope, scope => std::mem::forget(scope));
                self.forgotten += 1;
            }
            Op::Detach(_, end) => {
                let scope = self.held.remove(pick).1;
                self.detached.push(Detached::new(at, scope, end));
            }
            // The root is what ends the forgotten ones.
            Op::Forget(_) | Op::Join(_) => {}
        }
        for (at, scope) in &self.held {
            let open = each!(scope, scope => scope.is_open());
            assert_eq!(open, self.model.spans[*at].open);
        }
    }

    /// Lets go of all that is left, the oldest first: parents end before their children.
    fn finish(mut self) -> (Model, usize) {
        for (at, scope) in self.held.drain(..) {
            let inner = scope.end(End::Drop);
            self.model.end(at, End::Drop, inner);
        }
        for detached in self.detached.drain(..) {
            detached.join(&mut self.model);
        }
        (self.model, self.forgotten)
    }
}

/// Hooks with a recorder and a queue, on a clock and ids of their own.
fn recorded(seed: u64) -> (Hooks, Recorder, Arc<Mutex<PackedEvents>>) {
    let clock = ManualClock::at_unix_nanos(1_700_000_000_000_000_000);
    let emitter = Emitter::new()
        .with_ids(SeededIds::new(seed))
        .with_clock(clock.ticking(Duration::from_micros(1)));
    let recorder = Recorder::new();
    let queue = Arc::<Mutex<PackedEvents>>::default();
    let queued = {
        let queue = Arc::clone(&queue);
        move |event: &Event<'_>| queue.lock().unwrap().push(event)
    };
    let hooks = Hooks::with_emitter(emitter, (recorder.clone(), queued));
    (hooks, recorder, queue)
}

/// What was packed for a queue is what was recorded.
fn check_queue(queue: &Mutex<PackedEvents>, recorder: &Recorder) -> Result<(), TestCaseError> {
    let queued: Vec<_> = queue.lock().unwrap().iter().collect();
    prop_assert_eq!(queued, recorder.events());
    Ok(())
}

fn check_nothing_is_left(hooks: &Hooks, forgotten: usize) -> Result<(), TestCaseError> {
    for stats in hooks.stats() {
        prop_assert_eq!(stats.live_observers, 0);
        prop_assert_eq!(stats.panics, 0);
    }
    // A forgotten scope keeps its run's memory: that is what forgetting means.
    prop_assert_eq!(hooks.emitter().live_runs(), usize::from(forgotten > 0));
    Ok(())
}

fn check_program(seed: u64, ops: &[Op]) -> Result<(), TestCaseError> {
    let (hooks, recorder, queue) = recorded(seed);
    let mut program = Program::new(&hooks);
    for op in ops {
        program.run(op);
    }
    let (model, forgotten) = program.finish();

    let events: Vec<_> = recorder
        .events()
        .iter()
        .map(|event| Expected::of(event, |id| model.parent_of(id)))
        .collect();
    prop_assert_eq!(events, model.events.clone());
    if let Err(malformed) = recorder.check() {
        prop_assert!(false, "{}", malformed);
    }
    prop_assert_eq!(hooks.emitter().refused(), model.refused);
    check_queue(&queue, &recorder)?;
    check_nothing_is_left(&hooks, forgotten)
}

/// What one of several threads does in a run that another may end at any moment.
fn work(inside: &Handle, ops: &[Op]) -> u64 {
    let mut held: Vec<AnyScope> = Vec::new();
    let mut starts = 0;
    for op in ops {
        match op {
            Op::Open(pick, kind) => {
                let within = pick.index(held.len() + 1).checked_sub(1);
                let opened = match within {
                    Some(at) => held[at].open(*kind).0,
                    None => AnyScope::Subagent(inside.open(Subagent::new("a"))),
                };
                held.push(opened);
                starts += 1;
            }
            Op::Emit(_) => inside.emit(TextDelta::default()),
            Op::Progress(_) => inside.progress(Progress::new("retry")),
            Op::End(pick, end) | Op::Detach(pick, end) if !held.is_empty() => {
                let inner = held.remove(pick.index(held.len())).end(*end);
                starts += u64::from(inner.is_some());
            }
            Op::End(..) | Op::Detach(..) | Op::Forget(_) | Op::Join(_) => {}
        }
    }
    starts
}

fn check_race(seed: u64, programs: &[Vec<Op>], end: End) -> Result<(), TestCaseError> {
    let (hooks, recorder, queue) = recorded(seed);
    let root = hooks.turn(Turn::new("root"));
    let begin = std::sync::Barrier::new(programs.len() + 1);
    let mut starts: u64 = thread::scope(|threads| {
        let workers: Vec<_> = programs
            .iter()
            .map(|ops| {
                let (inside, begin) = (root.handle(), &begin);
                threads.spawn(move || {
                    begin.wait();
                    work(&inside, ops)
                })
            })
            .collect();
        begin.wait();
        let inner = AnyScope::Turn(root).end(end);
        let own = 1 + u64::from(inner.is_some());
        own + workers
            .into_iter()
            .map(|worker| worker.join().expect("panics are caught inside"))
            .sum::<u64>()
    });
    if let Err(malformed) = recorder.check() {
        prop_assert!(false, "{}", malformed);
    }
    let refused = hooks.emitter().refused();
    starts -= refused.starts;
    let started = recorder
        .events()
        .iter()
        .filter(|event| {
            event
                .span()
                .is_some_and(|span| span.phase == PhaseBuf::Start)
        })
        .count();
    prop_assert_eq!(started as u64, starts);
    prop_assert!(refused.ends >= refused.starts, "{:?}", refused);
    check_queue(&queue, &recorder)?;
    check_nothing_is_left(&hooks, 0)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases("KAOS_TREE_CASES", 500))
    })]

    #[test]
    fn spans_never_leak_double_end_reorder_or_lose_their_parent(
        seed in any::<u64>(),
        ops in vec(op(), 0..60),
    ) {
        check_program(seed, &ops)?;
    }

    #[test]
    fn threads_that_race_with_the_end_of_their_run_leave_a_whole_tree(
        seed in any::<u64>(),
        programs in vec(vec(op(), 0..20), 1..4),
        end in end(),
    ) {
        check_race(seed, &programs, end)?;
    }
}
