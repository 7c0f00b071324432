//! A trace goes through a turn: from the request's headers to those of its tools.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use kaos_hooks::{Event, Hook, Hooks, Incoming, Observer, Propagator, Run, SpanContext};
use kaos_otel_hook::{EventIds, HandOn, Memory, OTelHook, Propagators, Telemetry};
use kaos_runner::{ModelReply, Runner, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};
use kaos_tests::agents::{calls, scripted};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::trace::{FutureExt as _, SpanId, TraceContextExt as _};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData};
use serde_json::json;
use tokio::sync::Barrier;
use tokio_stream::StreamExt as _;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

type Sent = HashMap<String, String>;

fn injected(hooks: &Hooks) -> Sent {
    let mut headers = HashMap::new();
    hooks.inject(|name, value| {
        let before = headers.insert(name.to_owned(), value.to_owned());
        assert_eq!(before, None, "{name} is injected twice");
    });
    headers
}

/// Tools that ask other services, and what headers they sent.
struct Asks {
    spec: ToolSpec,
    hooks: Arc<OnceLock<Hooks>>,
    together: Arc<Barrier>,
    sent: Arc<Mutex<Vec<(String, Sent)>>>,
}

#[async_trait]
impl Tool for Asks {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(
        &self,
        _arguments: &str,
        _context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let hooks = self.hooks.get().unwrap();
        let at_once = injected(hooks);
        self.together.wait().await;
        tokio::task::yield_now().await;
        assert_eq!(injected(hooks), at_once, "the same after an await");
        let spawned = hooks.clone();
        let spawned = tokio::spawn(async move { injected(&spawned) }.with_current_context());
        assert_eq!(spawned.await.unwrap(), at_once, "the same in a task");
        let mut by_carrier = HashMap::new();
        Propagators::default().inject(&mut by_carrier);
        assert_eq!(by_carrier, at_once, "the same without hooks");
        let name = self.spec.name.to_string();
        self.sent.lock().unwrap().push((name, at_once));
        Ok("asked".into())
    }
}

/// An agent whose tools `left` and `right` ask at the same time.
struct Asked {
    runner: Runner,
    sent: Arc<Mutex<Vec<(String, Sent)>>>,
}

impl Asked {
    fn observed_by(hooks: Hooks) -> Self {
        kaos_tests::subscribed();
        let (together, sent) = (Arc::new(Barrier::new(2)), Arc::default());
        let ask = |name: &'static str| Asks {
            spec: ToolSpec::new(name, "Asks another service.", json!({})),
            hooks: Arc::new(OnceLock::from(hooks.clone())),
            together: Arc::clone(&together),
            sent: Arc::clone(&sent),
        };
        // Enough for three turns.
        let script = (0..3).flat_map(|_| [calls(&["left", "right"]), ModelReply::text("done")]);
        let agent = scripted("assistant", script)
            .tool(ask("left"))
            .tool(ask("right"));
        let runner = Runner::new(agent).hooks(hooks);
        Self { runner, sent }
    }

    fn exported() -> (Self, Memory, Telemetry) {
        let (telemetry, memory) = Telemetry::in_memory();
        let hooks = Hooks::new(telemetry.hooks());
        (Self::observed_by(hooks), memory, telemetry)
    }

    /// Answers one message in the trace of these headers.
    async fn turn(&self, headers: &[(&str, &str)]) -> Vec<(String, Sent)> {
        let parent = self.hooks().extract(headers.iter().copied());
        self.runner.turn("Work.", "s").parent(parent).await.unwrap();
        self.taken()
    }

    fn hooks(&self) -> &Hooks {
        self.runner.observed_by()
    }

    fn taken(&self) -> Vec<(String, Sent)> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

fn unsampled() -> Hooks {
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOff)
        .with_id_generator(EventIds::default())
        .build();
    Hooks::new(OTelHook::with_provider(&provider))
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap()
}

#[track_caller]
fn assert_continues(spans: &[SpanData]) {
    let turn = named(spans, "agent.turn");
    assert!(
        spans
            .iter()
            .all(|span| span.span_context.trace_id().to_string() == TRACE)
    );
    assert_eq!(turn.parent_span_id.to_string(), "b7ad6b7169203331");
    assert!(turn.parent_span_is_remote);
}

#[tokio::test]
async fn a_turn_goes_on_with_the_trace_of_its_request() {
    let (asked, memory, _telemetry) = Asked::exported();
    asked.turn(&[("traceparent", PARENT)]).await;
    assert_continues(&memory.spans());
}

#[tokio::test]
async fn a_streamed_turn_goes_on_with_the_trace_of_its_request() {
    let (asked, memory, _telemetry) = Asked::exported();
    let parent = asked.hooks().extract([("traceparent", PARENT)]);
    let mut events = asked.runner.run("Work.", "s").parent(parent);
    while events.next().await.is_some() {}
    assert_continues(&memory.spans());
}

#[tokio::test]
async fn malformed_headers_start_a_new_trace_and_the_turn_is_answered() {
    let (telemetry, memory) = Telemetry::in_memory();
    let hook = OTelHook::with_provider(telemetry.tracer_provider().unwrap());
    let propagators = hook.propagators().clone();
    let asked = Asked::observed_by(Hooks::new(hook));
    asked.turn(&[("traceparent", &PARENT.to_uppercase())]).await;
    asked
        .turn(&[("traceparent", PARENT), ("traceparent", PARENT)])
        .await;
    assert_eq!(propagators.malformed(), 2);
    asked.turn(&[]).await;
    assert_eq!(
        propagators.malformed(),
        2,
        "no header is not a malformed one"
    );
    for span in memory.spans() {
        assert_ne!(span.span_context.trace_id().to_string(), TRACE);
        assert!(span.name != "agent.turn" || span.parent_span_id == SpanId::INVALID);
    }
}

/// Asserts that both tools sent their own span, with this trace, these flags and these headers.
#[track_caller]
fn assert_sent(sent: &[(String, Sent)], trace: &str, flags: &str, others: &[(&str, &str)]) {
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0].1["traceparent"], sent[1].1["traceparent"]);
    for (tool, headers) in sent {
        let mut headers = headers.clone();
        let traceparent = headers.remove("traceparent").unwrap();
        assert_eq!(traceparent[..36], format!("00-{trace}-"), "{tool}");
        assert_eq!(traceparent[52..], format!("-{flags}"), "{tool}");
        let others: Vec<_> = others
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        assert_eq!(headers, others.into_iter().collect(), "{tool}");
    }
}

#[tokio::test]
async fn the_headers_of_parallel_tools_name_their_spans_and_hand_on_what_came_in() {
    let (asked, memory, _telemetry) = Asked::exported();
    let others = [
        ("tracestate", "foo=1,bar=2"),
        ("baggage", "user=%C3%A9;p=1,zone=eu"),
    ];
    let sent = asked
        .turn(&[("traceparent", PARENT), others[0], others[1]])
        .await;
    assert_sent(&sent, TRACE, "01", &others);
    let spans = memory.spans();
    for (tool, headers) in &sent {
        let span = named(&spans, &format!("tool.{tool}"));
        let id = span.span_context.span_id().to_string();
        assert_eq!(headers["traceparent"][36..52], id);
    }
    assert!(
        injected(asked.hooks()).is_empty(),
        "nothing leaks out of the turn"
    );
}

#[tokio::test]
async fn a_tracestate_that_the_api_refuses_is_handed_on() {
    let (asked, _memory, _telemetry) = Asked::exported();
    let state = [("tracestate", "tenant@fourteen-chars=1")];
    let headers = [("traceparent", PARENT), state[0]];
    assert_sent(&asked.turn(&headers).await, TRACE, "01", &state);
    let asked = Asked::observed_by(unsampled());
    assert_sent(&asked.turn(&headers).await, TRACE, "00", &state);
}

#[tokio::test]
async fn the_headers_of_an_unsampled_turn_name_it_with_the_flag_off() {
    let asked = Asked::observed_by(unsampled());
    let others = [("tracestate", "foo=1"), ("baggage", "zone=eu")];
    let sent = asked
        .turn(&[("traceparent", PARENT), others[0], others[1]])
        .await;
    assert_sent(&sent, TRACE, "00", &others);

    // A sampled provider follows a parent that is not.
    let (asked, memory, _telemetry) = Asked::exported();
    let parent = PARENT.replace("-01", "-00");
    let sent = asked
        .turn(&[("traceparent", &parent), others[0], others[1]])
        .await;
    assert_sent(&sent, TRACE, "00", &others);
    assert!(memory.spans().is_empty());
}

#[tokio::test]
async fn baggage_goes_on_without_a_trace_and_where_it_is_all_that_is_propagated() {
    let (exported, _memory, _telemetry) = Asked::exported();
    for asked in [exported, Asked::observed_by(unsampled())] {
        for (_, headers) in asked.turn(&[("baggage", "zone=eu")]).await {
            assert_eq!(headers["baggage"], "zone=eu");
            assert!(headers.contains_key("traceparent"));
        }
        let nonsense = [("traceparent", "nonsense"), ("baggage", "zone=eu")];
        for (_, headers) in asked.turn(&nonsense).await {
            assert_eq!(headers["baggage"], "zone=eu");
        }
    }
    let (telemetry, memory) = Telemetry::in_memory();
    let provider = telemetry.tracer_provider().unwrap();
    let (alone, warnings) = Propagators::from_list(Some("baggage"));
    assert!(warnings.is_empty());
    let hooks = Hooks::new(OTelHook::with_provider(provider).with_propagators(alone));
    let parent = hooks.extract([("traceparent", PARENT), ("baggage", "zone=eu")]);
    let turn = hooks.turn(kaos_hooks::Turn::new("assistant").parent(parent));
    let sent = turn.entered(async { injected(&hooks) }).await;
    assert_eq!(sent, HashMap::from([("baggage".into(), "zone=eu".into())]));
    drop(turn);
    let trace = memory.spans()[0].span_context.trace_id().to_string();
    assert_ne!(trace, TRACE, "only the baggage is taken");
}

#[tokio::test]
async fn without_headers_a_tool_sends_its_span_alone() {
    let (asked, memory, _telemetry) = Asked::exported();
    let sent = asked.turn(&[]).await;
    let trace = memory.spans()[0].span_context.trace_id().to_string();
    assert_sent(&sent, &trace, "01", &[]);
}

/// The caller's own baggage goes on as ever, and counts more than the request's.
#[tokio::test]
async fn ambient_baggage_joins_that_of_the_request() {
    let (asked, _memory, _telemetry) = Asked::exported();
    let handler = Context::new().with_baggage([
        opentelemetry::KeyValue::new("zone", "here"),
        opentelemetry::KeyValue::new("shift", "night"),
    ]);
    let headers = [("traceparent", PARENT), ("baggage", "zone=eu,user=1")];
    let sent = asked.turn(&headers).with_context(handler.clone()).await;
    assert_sent(
        &sent,
        TRACE,
        "01",
        &[("baggage", "shift=night,user=1,zone=here")],
    );
    let sent = asked.turn(&headers[..1]).with_context(handler).await;
    assert_sent(&sent, TRACE, "01", &[("baggage", "shift=night,zone=here")]);
}

/// Extracted by another's instrumentation with our propagator, it is the ambient parent.
#[tokio::test]
async fn a_context_of_the_propagator_is_the_ambient_parent() {
    use opentelemetry::propagation::TextMapPropagator as _;

    let (asked, memory, _telemetry) = Asked::exported();
    let others = [
        ("tracestate", "tenant@fourteen-chars=1"),
        ("baggage", "zone=eu"),
    ];
    let headers = super::Headers::new(&[("traceparent", PARENT), others[0], others[1]]);
    let handler = Propagators::default().extract_with_context(&Context::new(), &headers);
    assert!(handler.span().span_context().is_remote());
    let sent = asked.turn(&[]).with_context(handler).await;
    assert_sent(&sent, TRACE, "01", &others);
    assert_continues(&memory.spans());
}

#[tokio::test]
async fn the_hook_s_propagators_are_the_chosen_ones() {
    let (telemetry, memory) = Telemetry::in_memory();
    let provider = telemetry.tracer_provider().unwrap();
    let (none, _) = Propagators::from_list(Some("none"));
    let hooks = Hooks::new(OTelHook::with_provider(provider).with_propagators(none));
    let turn = hooks.turn(kaos_hooks::Turn::new("assistant"));
    let parent = hooks.extract([("traceparent", PARENT)]);
    let sent = turn.entered(async { injected(&hooks) }).await;
    assert_eq!((parent, sent), (None, HashMap::new()));
    drop(turn);
    assert_eq!(memory.spans().len(), 1);
}

/// A hook that knows one header, or panics.
#[derive(Clone)]
struct Says(&'static str);

impl Hook for Says {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        None
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        Some(Arc::new(self.clone()))
    }
}

impl Propagator for Says {
    fn inject(&self, header: &mut dyn FnMut(&str, &str)) {
        match self.0 {
            "" => {}
            "panic" => {
                header("half", "done");
                panic!("a hook of the tests panics");
            }
            value => header("x-trace", value),
        }
    }

    fn extract(&self, headers: &[(&str, &[u8])]) -> Option<Incoming> {
        assert_ne!(self.0, "panic", "a hook of the tests panics");
        let (_, value) = headers.iter().find(|(name, _)| *name == self.0)?;
        let id = std::str::from_utf8(value).ok()?.parse().ok()?;
        Some(SpanContext::remote(kaos_hooks::TraceId::new(1)?, id).into())
    }
}

#[test]
fn the_first_hook_that_knows_headers_counts_and_a_panicking_one_is_passed_over() {
    kaos_tests::subscribed();
    let hooks = Hooks::new((Says("panic"), Says(""), Says("one"), Says("two")));
    assert_eq!(
        injected(&hooks),
        HashMap::from([("x-trace".into(), "one".into())])
    );
    let parent = hooks.extract([("two", "0000000000000002"), ("one", "0000000000000001")]);
    assert_eq!(parent.unwrap().span.unwrap().span_id.get(), 1);
    let parent = hooks.extract([("two", "0000000000000002"), ("one", "nonsense")]);
    assert_eq!(parent.unwrap().span.unwrap().span_id.get(), 2);
    assert_eq!(hooks.stats()[0].panics, 3);
    assert!(hooks.stats()[1..].iter().all(|stats| stats.panics == 0));
}

#[tokio::test]
async fn hooks_without_opentelemetry_inject_and_extract_nothing() {
    let hooks = Hooks::new(|_event: &Event<'_>| {});
    assert_eq!(hooks.extract([("traceparent", PARENT)]), None);
    let turn = hooks.turn(kaos_hooks::Turn::new("assistant"));
    let sent = turn.entered(async { injected(&hooks) }).await;
    assert!(sent.is_empty());
}

/// Where no telemetry is on: as where it is, with the flag that came in, or one that leaves no service out.
#[tokio::test]
async fn without_spans_the_run_s_own_ids_go_on_and_what_came_in() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let spans = Arc::clone(&seen);
    let ids = move |event: &Event<'_>| {
        if let Some(span) = event.span() {
            let id = format!("{}-{}", event.run.trace_id, span.id);
            spans.lock().unwrap().push(id);
        }
    };
    let asked = Asked::observed_by(Hooks::new((HandOn::default(), ids)));
    let others = [
        ("tracestate", "foo=1,bar=2"),
        ("baggage", "user=%C3%A9;p=1,zone=eu"),
    ];
    for flags in ["01", "00"] {
        let parent = PARENT.replace("-01", &format!("-{flags}"));
        let headers = [("traceparent", &*parent), others[0], others[1]];
        let sent = asked.turn(&headers).await;
        assert_sent(&sent, TRACE, flags, &others);
        let spans = seen.lock().unwrap();
        for (tool, headers) in &sent {
            let id = &headers["traceparent"][3..52];
            assert!(spans.iter().any(|it| it == id), "{tool}: {id}");
        }
    }
    let sent = asked.turn(&[]).await;
    let trace = sent[0].1["traceparent"][3..35].to_owned();
    assert_ne!(trace, TRACE);
    assert_sent(&sent, &trace, "01", &[]);
    assert!(
        injected(asked.hooks()).is_empty(),
        "nothing leaks out of the turn"
    );
}
