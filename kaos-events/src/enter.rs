use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

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
/// use std::sync::Arc;
/// use kaos_events::{Enter, Entered, Event, Observer, Scope, SpanId, Step};
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
///     fn entry(&mut self, span: SpanId) -> Option<Arc<dyn Enter>> {
///         Some(Arc::new(Current(span)))
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

pin_project! {
    /// A future in whose polls, and in whose drop, a span is current.
    ///
    /// Made by [`Scope::entered`](crate::Scope::entered).
    #[must_use = "futures do nothing unless polled"]
    pub struct Entered<F> {
        entry: Option<Arc<dyn Enter>>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Entered<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                within(this.entry.as_ref(), || this.future.set(None));
            }
        }
    }
}

impl<F> Entered<F> {
    pub(crate) fn new(entry: Option<Arc<dyn Enter>>, future: F) -> Self {
        Self {
            entry,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Entered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        within(this.entry.as_ref(), || {
            let future = this
                .future
                .as_mut()
                .as_pin_mut()
                .expect("not polled after completion");
            let polled = future.poll(cx);
            if polled.is_ready() {
                this.future.set(None);
            }
            polled
        })
    }
}

impl<F> fmt::Debug for Entered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered")
            .field("span", &self.entry.is_some())
            .finish_non_exhaustive()
    }
}

/// Runs `run` exactly once, even for an entry that breaks its contract.
fn within<T>(entry: Option<&Arc<dyn Enter>>, mut run: impl FnMut() -> T) -> T {
    let mut out = None;
    if let Some(entry) = entry {
        entry.within(&mut || {
            if out.is_none() {
                out = Some(run());
            }
        });
    }
    out.unwrap_or_else(run)
}
