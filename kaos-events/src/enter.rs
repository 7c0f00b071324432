use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use smallbox::{SmallBox, smallbox};
use smallvec::{SmallVec, smallvec};

/// Makes a span current on this thread while a piece of code runs.
///
/// What "current" means is the implementor's: for OpenTelemetry, its thread-local context.
///
/// # Example
///
/// Lines of a log that know the span they belong to, in async code, too:
///
/// ```
/// use std::cell::Cell;
/// use kaos_events::{Enter, Entered, Entry, Event, Observer, Scope, SpanId, Step};
///
/// thread_local!(static CURRENT: Cell<Option<SpanId>> = const { Cell::new(None) });
///
/// struct Current(SpanId);
///
/// impl Enter for Current {
///     fn within(&self, run: &mut dyn FnMut()) {
///         let before = CURRENT.replace(Some(self.0));
///         run();
///         CURRENT.set(before);
///     }
/// }
///
/// struct Marks;
///
/// impl Observer for Marks {
///     fn on_event(&mut self, _event: &Event<'_>) {}
///
///     fn entry(&mut self, span: SpanId) -> Entry {
///         Entry::by(Current(span))
///     }
/// }
///
/// async fn work(step: &Scope<Step>) {
///     let work: Entered<_> = step.entered(async { println!("{:?}", CURRENT.get()) });
///     work.await;
/// }
/// ```
pub trait Enter: Send + Sync {
    /// Calls `run` exactly once, with the span current, and puts back what was current before.
    fn within(&self, run: &mut dyn FnMut());
}

/// How one span is made current, by all who have something that is; given out by
/// [`Observer::entry`](crate::Observer::entry).
///
/// It allocates nothing for what takes four words at most.
#[must_use = "nothing is entered with it unless it is given out"]
#[derive(Default)]
pub struct Entry(SmallVec<[One; 1]>);

struct One {
    /// `None` only while it is being dropped.
    enter: Option<SmallBox<dyn Enter, [usize; 4]>>,
    guard: Option<Arc<dyn Guard>>,
}

/// Stands before foreign code that makes spans current, and keeps its panics from who enters them.
///
/// # Example
///
/// A set of hooks asks each of its hooks, and answers for all:
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
/// use std::sync::Arc;
/// use kaos_events::{Entry, Event, Guard, Observer, SpanId};
///
/// struct Isolated;
///
/// impl Guard for Isolated {
///     fn allows(&self) -> bool { true }
///     fn guard(&self, call: &mut dyn FnMut()) {
///         if catch_unwind(AssertUnwindSafe(call)).is_err() { eprintln!("a hook panicked") }
///     }
/// }
///
/// struct Both(Box<dyn Observer>, Box<dyn Observer>, Arc<Isolated>);
///
/// impl Observer for Both {
///     fn on_event(&mut self, event: &Event<'_>) {
///         self.0.on_event(event);
///         self.1.on_event(event);
///     }
///     fn entry(&mut self, span: SpanId) -> Entry {
///         self.0.entry(span).and(self.1.entry(span)).guarded(&self.2)
///     }
/// }
/// ```
pub trait Guard: Send + Sync {
    /// Whether the code is still to be called; the future is polled all the same.
    fn allows(&self) -> bool;

    /// Calls it once; a panic of it stops here. That of a future is none of its.
    fn guard(&self, call: &mut dyn FnMut());
}

impl Entry {
    /// Nothing becomes current.
    pub fn none() -> Self {
        Self::default()
    }

    /// What this makes current.
    pub fn by(enter: impl Enter + 'static) -> Self {
        Self(smallvec![One {
            enter: Some(smallbox!(enter)),
            guard: None,
        }])
    }

    /// Both; the other one inside this one.
    pub fn and(mut self, inner: Self) -> Self {
        if self.0.is_empty() {
            return inner;
        }
        self.0.extend(inner.0);
        self
    }

    /// The same, called and dropped behind this guard, and no other.
    pub fn guarded<G: Guard + 'static>(mut self, guard: &Arc<G>) -> Self {
        for one in &mut self.0 {
            one.guard = Some(Arc::<G>::clone(guard));
        }
        self
    }

    /// Runs it exactly once, even for an entry that breaks its contract.
    pub(crate) fn within<T>(&self, mut run: impl FnMut() -> T) -> T {
        if self.0.is_empty() {
            return run();
        }
        let mut out = None;
        nested(&self.0, &mut || out = Some(run()));
        out.unwrap_or_else(run)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.0.len()).finish()
    }
}

fn nested(entries: &[One], run: &mut dyn FnMut()) {
    match entries.split_first() {
        Some((outer, inner)) => outer.within(&mut || nested(inner, run)),
        None => run(),
    }
}

impl One {
    /// Runs `run` exactly once, whatever the entry does; a panic of `run` itself goes on to the
    /// caller, and one of the entry only if nobody guards it.
    fn within(&self, run: &mut dyn FnMut()) {
        let mut ran: Option<Result<(), Box<dyn Any + Send>>> = None;
        let mut once = || {
            if ran.is_none() {
                ran = Some(catch_unwind(AssertUnwindSafe(&mut *run)));
            }
        };
        match (&self.enter, &self.guard) {
            (Some(enter), Some(guard)) if guard.allows() => {
                guard.guard(&mut || enter.within(&mut once));
            }
            (Some(enter), None) => enter.within(&mut once),
            _ => {}
        }
        match ran {
            Some(Ok(())) => {}
            Some(Err(payload)) => resume_unwind(payload),
            None => run(),
        }
    }
}

impl Drop for One {
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.guard(&mut || drop(self.enter.take()));
        }
    }
}
