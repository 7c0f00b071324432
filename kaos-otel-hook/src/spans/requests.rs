//! CLIENT spans: a span for each request that is made, between what it is made for and its server.

use std::sync::Arc;

use kaos_hooks::{HttpExchange, HttpRequest, Incoming, Propagator, SpanContext};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer};

use super::shared::Inner;
use crate::Propagators;
use crate::attributes::http::{
    self as attributes, Attributes, ERROR_TYPE, METHOD, METHOD_ORIGINAL, PEER, RESEND, STATUS, URL,
};
use crate::propagation::context;

/// Propagators that trace requests, too.
pub(super) struct Requests<T> {
    pub(super) propagators: Propagators,
    pub(super) by: Arc<Inner<T>>,
}

impl<T> Propagator for Requests<T>
where
    T: Tracer + Send + Sync + 'static,
    T::Span: Send + Sync + 'static,
{
    fn ambient_parent(&self) -> Option<SpanContext> {
        Propagator::ambient_parent(&self.propagators)
    }

    fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
        Propagator::inject(&self.propagators, header);
    }

    fn extract(&self, headers: &[(&str, &[u8])]) -> Option<Incoming> {
        Propagator::extract(&self.propagators, headers)
    }

    fn exchange(&self, request: &HttpRequest<'_>) -> Option<Box<dyn HttpExchange>> {
        let outer = match request.parent {
            None => Context::current(),
            Some(parent) => context::of_incoming(parent),
        };
        let known = attributes::method(request.method);
        let mut all = Attributes::new(self.by.settings.http_old_names);
        all.add(METHOD, known.unwrap_or("_OTHER"));
        if known.is_none() {
            all.add(METHOD_ORIGINAL, attributes::bounded(request.method));
        }
        all.add(URL, attributes::bounded(request.url));
        all.add(PEER.0, attributes::bounded(request.address));
        if let Some(port) = request.port {
            all.add(PEER.1, i64::from(port));
        }
        if request.resend > 0 {
            all.add(RESEND, i64::from(request.resend));
        }
        let span = self.by.tracer.span_builder(known.unwrap_or("HTTP"));
        let span = span.with_kind(SpanKind::Client).with_attributes(all.all);
        let span = self.by.tracer.build_with_context(span, &outer);
        Some(Box::new(Sent {
            context: outer.with_span(span),
            propagators: self.propagators.clone(),
            old_names: self.by.settings.http_old_names,
            status: None,
            error: None,
        }))
    }
}

/// A request, until it is dropped.
struct Sent {
    context: Context,
    propagators: Propagators,
    old_names: bool,
    /// Of an answer that has begun.
    status: Option<u16>,
    error: Option<String>,
}

impl HttpExchange for Sent {
    fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
        let _current = self.context.clone().attach();
        Propagator::inject(&self.propagators, header);
    }

    fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    fn failed(&mut self, kind: &str) {
        self.error.get_or_insert_with(|| kind.to_owned());
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let mut all = Attributes::new(self.old_names);
        let error = match self.status {
            None => Some(self.error.take().unwrap_or_else(|| "cancelled".to_owned())),
            Some(status) => {
                all.add(STATUS, i64::from(status));
                let refused = (status >= 400).then(|| status.to_string());
                refused.or_else(|| self.error.take())
            }
        };
        let span = self.context.span();
        if let Some(error) = error {
            all.add(ERROR_TYPE, error);
            span.set_status(Status::error(""));
        }
        span.set_attributes(all.all);
        span.end();
    }
}
