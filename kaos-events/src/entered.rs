use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::Entry;

pin_project! {
    /// A future in whose polls, and in whose drop, a span is current.
    ///
    /// Made by [`Scope::entered`](crate::Scope::entered).
    #[must_use = "futures do nothing unless polled"]
    pub struct Entered<F> {
        entry: Entry,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Entered<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.entry.within(|| this.future.set(None));
            }
        }
    }
}

impl<F> Entered<F> {
    pub(crate) const fn new(entry: Entry, future: F) -> Self {
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
        this.entry.within(|| {
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
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
