//! Spans of model calls that are forwarded for others: between the caller's span and the provider's.

use http::HeaderMap;
use kaos_hooks::Propagator;
use opentelemetry::trace::{
    SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracer;

use crate::propagation::context;
use crate::scope::scope;
use crate::semconv as name;
use crate::{Propagators, Telemetry};

/// Makes a CLIENT span, `chat {model}`, of each model call that a proxy forwards: GenAI semantic conventions, the span of inference.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::{ForwardedCalls, Telemetry};
///
/// let (telemetry, _spans) = Telemetry::in_memory();
/// let calls = ForwardedCalls::new(&telemetry);
/// let mut call = calls.begin(&http::HeaderMap::new(), "openai", "gpt-4o", true);
/// call.usage(40, 10);
/// call.complete();
/// ```
#[derive(Debug, Clone)]
pub struct ForwardedCalls {
    tracer: Option<SdkTracer>,
    propagators: Propagators,
}

/// A call that is forwarded. Dropped before it is complete, it ends as cancelled.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::ForwardedCall;
///
/// /// What a proxy does once the provider's answer has begun.
/// fn answered(mut call: ForwardedCall, status: u16, model: Option<&str>) {
///     call.response(None, model);
///     match status {
///         200..300 => call.complete(),
///         429 => call.fail("rate_limited"),
///         _ => call.fail("upstream_error"),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ForwardedCall {
    context: Context,
    propagators: Propagators,
    is_over: bool,
}

impl ForwardedCalls {
    /// For spans of this telemetry; without one there are none, and context is handed on all the same.
    pub fn new(telemetry: &Telemetry) -> Self {
        let provider = telemetry.tracer_provider();
        Self {
            tracer: provider.map(|it| it.tracer_with_scope(scope())),
            propagators: telemetry.propagators().clone(),
        }
    }

    /// Begins a call for a request with these headers, whose span is the parent.
    pub fn begin(
        &self,
        headers: &HeaderMap,
        provider: &str,
        model: &str,
        streams: bool,
    ) -> ForwardedCall {
        let headers = headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let outer = match Propagator::extract(&self.propagators, &headers) {
            Some(incoming) => context::of_incoming(&incoming),
            None => Context::new(),
        };
        let context = match &self.tracer {
            None => outer,
            Some(tracer) => {
                let mut attributes = vec![
                    KeyValue::new(name::GEN_AI_OPERATION_NAME, "chat"),
                    KeyValue::new(name::GEN_AI_PROVIDER_NAME, provider.to_owned()),
                    KeyValue::new(name::GEN_AI_REQUEST_MODEL, model.to_owned()),
                ];
                if streams {
                    attributes.push(KeyValue::new(name::GEN_AI_REQUEST_STREAM, true));
                }
                let span = tracer.span_builder(format!("chat {model}"));
                let span = span.with_kind(SpanKind::Client).with_attributes(attributes);
                let span = tracer.build_with_context(span, &outer);
                outer.with_span(span)
            }
        };
        ForwardedCall {
            context,
            propagators: self.propagators.clone(),
            is_over: false,
        }
    }
}

impl ForwardedCall {
    /// The headers that name the call's span to the provider. Baggage is not the provider's.
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let _current = self.context.clone().attach();
        Propagator::inject(&self.propagators, &mut |name, value| {
            if !name.eq_ignore_ascii_case("baggage") {
                headers.push((name.to_owned(), value.to_owned()));
            }
        });
        headers
    }

    fn set(&self, name: &'static str, value: impl Into<Value>) {
        self.context
            .span()
            .set_attribute(KeyValue::new(name, value));
    }

    /// What the provider calls the response, and the model that it is of.
    pub fn response(&mut self, id: Option<&str>, model: Option<&str>) {
        if let Some(id) = id {
            self.set(name::GEN_AI_RESPONSE_ID, id.to_owned());
        }
        if let Some(model) = model {
            self.set(name::GEN_AI_RESPONSE_MODEL, model.to_owned());
        }
    }

    /// Why it stopped.
    pub fn finished(&mut self, reason: &str) {
        let reasons = vec![StringValue::from(reason.to_owned())];
        self.set(
            name::GEN_AI_RESPONSE_FINISH_REASONS,
            Value::Array(Array::String(reasons)),
        );
    }

    /// Tokens, as the provider counts them.
    pub fn usage(&mut self, input: u64, output: u64) {
        let counted = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        self.set(name::GEN_AI_USAGE_INPUT_TOKENS, counted(input));
        self.set(name::GEN_AI_USAGE_OUTPUT_TOKENS, counted(output));
    }

    /// Ends it: it has been answered.
    pub fn complete(mut self) {
        self.is_over = true;
    }

    /// Ends it: it has failed, for this reason of few, such as a status.
    pub fn fail(mut self, error_type: &str) {
        self.failed(error_type);
        self.is_over = true;
    }

    fn failed(&self, error_type: &str) {
        self.set(name::ERROR_TYPE, error_type.to_owned());
        self.context.span().set_status(Status::error(""));
    }
}

impl Drop for ForwardedCall {
    fn drop(&mut self) {
        if !self.is_over {
            self.failed("cancelled");
        }
        self.context.span().end();
    }
}
