//! A model's answer at the pace of the hooks: while one that may lose nothing is behind, no more of it
//! is asked for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use kaos_hooks::Handle;

/// Polls a future only while no hook is behind. What it emits in one poll is what can come between
/// two waits.
pub(crate) struct Paced<'a, T> {
    span: Handle,
    /// Whether the hooks were asked since the work was last polled.
    asked: bool,
    ready: Option<BoxFuture<'a, ()>>,
    work: BoxFuture<'a, T>,
}

impl<'a, T> Paced<'a, T> {
    pub(crate) fn new(span: Handle, work: impl Future<Output = T> + Send + 'a) -> Self {
        Self {
            span,
            asked: false,
            ready: None,
            work: Box::pin(work),
        }
    }
}

impl<T> Future for Paced<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if !std::mem::replace(&mut this.asked, true) {
            let span = this.span.clone();
            this.ready = Some(Box::pin(async move { span.ready().await }));
        }
        if let Some(ready) = &mut this.ready {
            if ready.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.ready = None;
        }
        this.asked = false;
        this.work.as_mut().poll(context)
    }
}
