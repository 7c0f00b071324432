use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::stream::{AnyStream, End};
use crate::table::Key;
use crate::{
    Callable, Callee, Entered, Failure, Handle, Nested, Outcome, OutcomeType, Progress, Settled,
    SpanId, Str, Subagent, SubjectType, TraceId, Turn, Value,
};

/// An open span: an owned value, typed by its subject.
///
/// A scope ends exactly once. [`complete`](Self::complete), [`fail`](Self::fail) and
/// [`suspend`](Self::suspend) take it by value, so ending twice does not compile. Dropping it
/// (a timeout, a client gone, `select!`, an aborted task) ends the span as *cancelled*; dropping
/// it while a panic that began after it was made unwinds, as *error* of type `panic`. Ending a
/// span first ends the spans still open inside it, as cancelled; their scopes are stale from then
/// on, and whatever is done through them is refused and counted
/// ([`Emitter::refused`](crate::Emitter::refused)).
///
/// Parents come from the scope that [opened](Self::open) a span, never from ambient state, so
/// scopes may be moved to other tasks and threads.
///
/// Each operation takes the run's lock and calls the hooks: do none of them while holding a lock
/// that a hook takes.
///
/// # Example
///
/// ```
/// use kaos_events::{Emitter, Event, Step, ToolCall, ToolOutcome, Turn, TurnOutcome};
///
/// let turn = Emitter::new().turn(Turn::new("assistant"), |_run| |_event: &Event<'_>| ());
/// let step = turn.open(Step::new(1));
/// let tool = step.open(ToolCall::new("calculator"));
/// tool.complete(ToolOutcome { result: Some("42".into()), ..ToolOutcome::default() });
/// turn.complete(TurnOutcome::default()); // ends the step too, as cancelled
/// # drop(step);
/// ```
///
/// Ending twice does not compile:
///
/// ```compile_fail,E0382
/// # use kaos_events::{Failure, Scope, Step, StepOutcome};
/// fn twice(step: Scope<Step>) {
///     step.complete(StepOutcome::default());
///     step.fail(Failure::new("late"));
/// }
/// ```
///
/// Nor does ending with another subject's outcome:
///
/// ```compile_fail,E0308
/// # use kaos_events::{Scope, Step, ToolOutcome};
/// fn mixed_up(step: Scope<Step>) {
///     step.complete(ToolOutcome::default());
/// }
/// ```
pub struct Scope<S: SubjectType> {
    link: Handle,
    so_far: Option<Box<S::Outcome>>,
    made_while_panicking: bool,
    ended: bool,
    subject: PhantomData<fn() -> S>,
}

impl<S: SubjectType> Scope<S> {
    pub(crate) fn new(stream: AnyStream, key: Key) -> Self {
        Self {
            link: Handle { stream, key },
            so_far: None,
            made_while_panicking: std::thread::panicking(),
            ended: false,
            subject: PhantomData,
        }
    }

    /// The span's id.
    pub fn id(&self) -> SpanId {
        self.link.id()
    }

    /// The id of the trace it belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.link.trace_id()
    }

    /// Whether the span is still open, that is, whether no span around it has ended. To an observer
    /// that asks while it is told of an event, no span is.
    pub fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// A handle for what works inside the span: it can emit and open, but not end.
    pub fn handle(&self) -> Handle {
        self.link.clone()
    }

    /// Opens a span inside this one.
    pub fn open<C: Nested>(&self, subject: C) -> Scope<C> {
        self.link.open(subject)
    }

    /// Emits a value that belongs to this span.
    pub fn emit(&self, value: impl Into<Value>) {
        self.link.emit(value);
    }

    /// Says that the work goes on.
    pub fn progress(&self, progress: Progress) {
        self.link.progress(progress);
    }

    /// Makes this span current wherever and whenever `future` is polled or dropped.
    pub fn entered<F: Future>(&self, future: F) -> Entered<F> {
        Entered::new(self.link.stream.entry(self.link.key), future)
    }

    /// Waits until no hook that may not lose events is behind, each for its own limit at most.
    ///
    /// Call it before each step and each tool, while an answer streams in, and at the turn's end:
    /// where such a hook listens, what a run may emit between two calls is bounded
    /// ([`Emitter::with_unawaited_events`](crate::Emitter::with_unawaited_events)).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; call again.
    pub async fn ready(&self) {
        self.link.ready().await;
    }

    /// What waits until this span's events so far cannot be lost any more: an audit trail has them
    /// on its disk. *So far* is when the wait is first polled, so one that is made before the span's
    /// last event and awaited after it covers that event, too.
    ///
    /// Await it before a side effect that must not happen unrecorded. Without a hook that keeps
    /// events there is nothing to wait for. To an observer that asks while it is told of an event, no
    /// span is open.
    ///
    /// # Errors
    ///
    /// [`NotDurable`](crate::NotDurable): the span is not open when this is called; an event of it
    /// was dropped; nothing can be written; or it takes longer than the hook's limit.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; call again.
    ///
    /// # Example
    ///
    /// ```
    /// # use kaos_events::{Emitter, Event, NotDurable, Turn, TurnOutcome};
    /// # async fn example() -> Result<(), NotDurable> {
    /// let turn = Emitter::new().turn(Turn::new("assistant"), |_run| |_event: &Event<'_>| ());
    /// let settled = turn.settled();
    /// turn.complete(TurnOutcome::default());
    /// settled.await?; // the turn's end is safe
    /// # Ok(()) }
    /// ```
    pub fn settled(&self) -> Settled {
        self.link.settled()
    }

    /// Notes what is known so far: what the span's end says if it ends without completing.
    pub fn so_far(&mut self, outcome: S::Outcome) {
        self.so_far = Some(Box::new(outcome));
    }

    /// Ends the span: the work is done, and this came of it.
    #[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
    pub fn complete(self, outcome: S::Outcome) {
        self.end(End::Complete(outcome.borrowed()));
    }

    /// Ends the span: the work failed.
    #[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
    pub fn fail(mut self, failure: Failure) {
        let so_far = self.so_far.take();
        self.end(End::Error(&failure, known(so_far.as_deref())));
    }

    /// Ends the span: the work pauses and a later run takes it up, neither done nor failed.
    pub fn suspend(mut self) {
        let so_far = self.so_far.take();
        self.end(End::Suspended(known(so_far.as_deref())));
    }

    /// Ends the span: the work was given up. The same as dropping the scope.
    pub fn cancel(self) {
        drop(self);
    }

    fn end(mut self, end: End<'_>) {
        self.ended = true;
        self.link.stream.end(&self.link.stream, self.link.key, end);
    }
}

impl Scope<Subagent> {
    /// Opens the turn of a local sub-agent: a run of its own in the same stream.
    ///
    /// A turn without a session of its own belongs to no conversation. Its parent is this span,
    /// whatever [`Turn::parent`] says.
    pub fn turn(&self, mut turn: Turn) -> Scope<Turn> {
        (turn.parent, turn.baggage) = (None, None);
        let stream = &self.link.stream;
        let run = Box::new(stream.sub_run(turn.agent.clone(), turn.session.clone()));
        let key = stream.start(stream, self.link.key, &mut Some(turn.into()), Some(run));
        Scope::new(Arc::clone(stream), key)
    }
}

impl<S: Callable> Scope<S> {
    /// What is called, as the span was opened; `None` once it is not open any more, or when it never
    /// was.
    pub fn callee(&self) -> Option<Callee> {
        Callee::of(self.link.stream.subject(self.link.key)?)
    }
}

impl Handle {
    /// Opens a span inside this one. If this one has ended, the new scope is stale from birth.
    pub fn open<C: Nested>(&self, subject: C) -> Scope<C> {
        let key = self
            .stream
            .start(&self.stream, self.key, &mut Some(subject.into()), None);
        Scope::new(Arc::clone(&self.stream), key)
    }
}

impl<S: SubjectType> Drop for Scope<S> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let so_far = self.so_far.take();
        let so_far = known(so_far.as_deref());
        let end = if std::thread::panicking() && !self.made_while_panicking {
            End::Error(
                &Failure {
                    kind: Str::Static("panic"),
                    message: None,
                    thrown: None,
                },
                so_far,
            )
        } else {
            End::Cancelled(so_far)
        };
        self.link.stream.end(&self.link.stream, self.link.key, end);
    }
}

fn known<O: OutcomeType>(so_far: Option<&O>) -> Option<Outcome<'_>> {
    so_far.map(O::borrowed)
}

impl<S: SubjectType> fmt::Debug for Scope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("span", &self.link.key.id)
            .finish_non_exhaustive()
    }
}
