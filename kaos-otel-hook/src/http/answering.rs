//! A request that is answered, until the last byte is taken or nobody wants it any more.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as Polling, Poll};
use std::time::Instant;

use http_body::{Body, Frame, SizeHint};
use opentelemetry::Context;
use opentelemetry::trace::{Status, TraceContextExt as _};

use crate::attributes::http::{Attributes, ERROR_TYPE, STATUS};

/// A request, until its answer is over.
pub(super) struct Answering {
    pub(super) context: Context,
    pub(super) line: String,
    pub(super) old_names: bool,
    pub(super) since: Instant,
    /// Of an answer that has begun.
    pub(super) status: Option<u16>,
    pub(super) is_whole: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut all = Attributes::new(self.old_names);
        if let Some(status) = self.status {
            all.add(STATUS, i64::from(status));
        }
        let fails = self.status.filter(|status| *status >= 500);
        let error = match fails {
            Some(status) => Some(status.to_string()),
            None => (!self.is_whole).then(|| "cancelled".to_owned()),
        };
        let span = self.context.span();
        if let Some(error) = error {
            all.add(ERROR_TYPE, error);
            span.set_status(Status::error(""));
        }
        span.set_attributes(all.all);
        let status = self
            .status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        let (line, took) = (&self.line, self.since.elapsed().as_millis());
        let gone = if self.is_whole {
            ""
        } else {
            ", not taken to its end"
        };
        let _current = self.context.clone().attach();
        tracing::info!(target: "kaos::access", "{line} {status} {took} ms{gone}");
        span.end();
    }
}

/// An answer's body, whose end is that of the request's span.
pub struct ObservedBody<B> {
    inner: B,
    answering: Option<Answering>,
}

impl<B> fmt::Debug for ObservedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedBody").finish_non_exhaustive()
    }
}

impl<B> ObservedBody<B> {
    pub(super) fn new(inner: B, answering: Option<Answering>) -> Self
    where
        B: Body,
    {
        let mut body = Self { inner, answering };
        // Nobody asks for what is not there.
        if body.inner.is_end_stream() {
            body.over();
        }
        body
    }

    /// Ends the span of what was taken to its end.
    fn over(&mut self) {
        if let Some(mut answering) = self.answering.take() {
            answering.is_whole = true;
        }
    }
}

impl<B: Body + Unpin> Body for ObservedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(polling);
        match &polled {
            Poll::Ready(None) => self.over(),
            Poll::Ready(Some(Ok(_))) if self.inner.is_end_stream() => self.over(),
            // Dropped without its end.
            Poll::Ready(Some(Err(_))) => drop(self.answering.take()),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
