use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use smallvec::SmallVec;

use crate::Str;

/// One keeper's wait, as it gives it to [`Settled::by`].
pub type Kept = Pin<Box<dyn Future<Output = Result<(), NotDurable>> + Send>>;

/// Waits until the events of one span so far cannot be lost any more, wherever they are kept; given
/// out by [`Scope::settled`](crate::Scope::settled).
///
/// *So far* is when it is first polled. Its keepers are waited for at the same time; the first
/// failure among them is the outcome.
///
/// # Cancel safety
///
/// Dropping it loses nothing; ask again.
///
/// # Example
///
/// An observer that sends events away says when they have arrived:
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use kaos_events::{Event, Keeper, NotDurable, NotDurableKind, Observer, Settled, SpanId};
///
/// /// Events that nobody has confirmed yet; `None` when the connection is lost.
/// type Waiting = Mutex<Option<Vec<u64>>>;
/// struct Sends(Arc<Waiting>);
///
/// impl Observer for Sends {
///     fn on_event(&mut self, event: &Event<'_>) {
///         if let Some(waiting) = &mut *self.0.lock().unwrap() { waiting.push(event.seq) }
///     }
///
///     fn keeps(&self) -> bool { true }
///
///     fn settled(&mut self, _span: SpanId) -> Settled {
///         let waiting = Arc::clone(&self.0);
///         Settled::by(Keeper::of(&self.0), Box::pin(async move {
///             match &*waiting.lock().unwrap() {
///                 Some(waiting) if waiting.is_empty() => Ok(()),
///                 Some(_) => Err(NotDurable::new(NotDurableKind::Slow, "nothing is confirmed yet")),
///                 None => Err(NotDurable::new(NotDurableKind::Lost, "the connection is lost")),
///             }
///         }))
///     }
/// }
/// ```
#[must_use = "nothing waits unless it is awaited"]
pub struct Settled {
    waits: SmallVec<[(Keeper, Kept); 1]>,
    outcome: Result<(), NotDurable>,
}

/// Who keeps events, to tell its own wait from those of others: an observer of a run, and the gate
/// or hook it belongs to, say the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keeper(usize);

impl Keeper {
    /// The keeper that shares this value with its observers. Another value is another keeper, while
    /// both are there.
    pub fn of<T: ?Sized>(shared: &Arc<T>) -> Self {
        Self(Arc::as_ptr(shared).addr())
    }
}

impl Settled {
    /// There is nothing to wait for: nobody keeps the span's events.
    pub fn now() -> Self {
        Self {
            waits: SmallVec::new(),
            outcome: Ok(()),
        }
    }

    /// There is nothing to wait for: the events are not kept.
    pub fn never(why: NotDurable) -> Self {
        Self {
            waits: SmallVec::new(),
            outcome: Err(why),
        }
    }

    /// This keeper's wait. It must end by itself, within a limit.
    pub fn by(keeper: Keeper, wait: Kept) -> Self {
        Self {
            waits: smallvec::smallvec![(keeper, wait)],
            outcome: Ok(()),
        }
    }

    /// Waits for the others, too.
    pub fn and(mut self, others: Self) -> Self {
        self.waits.extend(others.waits);
        self.outcome = self.outcome.and(others.outcome);
        self
    }

    /// The same, with something around each keeper's wait.
    pub fn map(mut self, around: impl Fn(Kept) -> Kept) -> Self {
        let waits = std::mem::take(&mut self.waits).into_iter();
        self.waits = waits.map(|(keeper, wait)| (keeper, around(wait))).collect();
        self
    }

    /// Only this keeper's part. It has failed if there is none: the events are not told to it.
    pub fn only(mut self, keeper: Keeper) -> Self {
        self.waits.retain(|(of, _)| *of == keeper);
        if self.waits.is_empty() {
            let unobserved = NotDurable::new(NotDurableKind::Lost, "the span is not told to it");
            self.outcome = self.outcome.and(Err(unobserved));
        }
        self
    }
}

impl Future for Settled {
    type Output = Result<(), NotDurable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { waits, outcome } = &mut *self;
        waits.retain(|(_, wait)| match wait.as_mut().poll(context) {
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(why)) => {
                if outcome.is_ok() {
                    *outcome = Err(why);
                }
                false
            }
            Poll::Pending => true,
        });
        if waits.is_empty() {
            Poll::Ready(outcome.clone())
        } else {
            Poll::Pending
        }
    }
}

impl std::fmt::Debug for Settled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settled")
            .field("keepers", &self.waits.len())
            .field("outcome", &self.outcome)
            .finish()
    }
}

/// Events of a span are not where they cannot be lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotDurable {
    kind: NotDurableKind,
    message: Str,
    tolerated: bool,
}

/// Why events are not where they cannot be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotDurableKind {
    /// The span is not open: it, or one around it, has ended, or it never began.
    Over,
    /// An event of it was dropped, or its keeper has ended without it.
    Lost,
    /// They wait: nothing can be written at the moment.
    Failing,
    /// They wait: it takes longer than the keeper's limit.
    Slow,
}

impl NotDurable {
    /// For this reason, in words for the model and the user.
    pub fn new(kind: NotDurableKind, message: impl Into<Str>) -> Self {
        Self {
            kind,
            message: message.into(),
            tolerated: false,
        }
    }

    /// The keeper's policy is that the work goes on all the same.
    #[must_use]
    pub fn tolerated(mut self) -> Self {
        self.tolerated = true;
        self
    }

    pub(crate) fn over() -> Self {
        Self::new(NotDurableKind::Over, "the span is not open")
    }

    /// Why, in one of few words.
    pub const fn kind(&self) -> NotDurableKind {
        self.kind
    }

    /// Whether the keeper's policy is that the work goes on all the same.
    pub const fn is_tolerated(&self) -> bool {
        self.tolerated
    }
}
