//! The current span inside tools and models: users' own spans join the right parent.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use kaos_runner::{ModelReply, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};
use kaos_tests::agents::{calls, scripted};
use kaos_tests::observed::Observed;
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, Span as _, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry_sdk::trace::{SdkTracer, SpanData};
use serde_json::json;
use tokio::sync::Barrier;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// A tool that makes spans of its own with the OpenTelemetry API.
struct Makes {
    spec: ToolSpec,
    tracer: Arc<std::sync::OnceLock<SdkTracer>>,
    together: Arc<Barrier>,
}

impl Makes {
    fn new(name: &'static str, together: &Arc<Barrier>) -> Self {
        let spec = ToolSpec::new(name, "Makes spans.", json!({}));
        Self {
            spec,
            tracer: Arc::default(),
            together: Arc::clone(together),
        }
    }
}

#[async_trait]
impl Tool for Makes {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(
        &self,
        _arguments: &str,
        _context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let tracer = self.tracer.get().unwrap().clone();
        let name = |what: &str| format!("{}:{what}", self.spec.name);
        tracer.start(name("at once")).end();
        self.together.wait().await;
        tokio::task::yield_now().await;
        tracer.start(name("after await")).end();
        let spawned = name("spawned");
        tokio::spawn(
            async move {
                tokio::task::yield_now().await;
                tracer.start(spawned).end();
            }
            .with_current_context(),
        )
        .await
        .unwrap();
        // Who finds the span cannot end it.
        Context::current().span().end();
        drop(tracing::info_span!("tracing", name = %self.spec.name));
        Ok("made".into())
    }
}

fn by_name(spans: &[SpanData]) -> HashMap<String, &SpanData> {
    spans
        .iter()
        .map(|span| (span.name.to_string(), span))
        .collect()
}

#[track_caller]
fn assert_parent(spans: &HashMap<String, &SpanData>, child: &str, parent: &str) {
    let (child, parent) = (spans[child], spans[parent]);
    assert_eq!(
        child.parent_span_id,
        parent.span_context.span_id(),
        "{} is not the child of {}",
        child.name,
        parent.name
    );
    assert_eq!(
        child.span_context.trace_id(),
        parent.span_context.trace_id()
    );
}

async fn spans_of_parallel_tools() {
    let together = Arc::new(Barrier::new(2));
    let (left, right) = (
        Makes::new("left", &together),
        Makes::new("right", &together),
    );
    let tracers = [Arc::clone(&left.tracer), Arc::clone(&right.tracer)];
    let agent = scripted(
        "assistant",
        [calls(&["left", "right"]), ModelReply::text("done")],
    )
    .tool(left)
    .tool(right);
    let observed = Observed::new(agent);
    let tracer = observed.telemetry.tracer_provider().unwrap().tracer("user");
    for slot in tracers {
        slot.set(tracer.clone()).unwrap();
    }
    observed.runner.turn("Work.", "s").await.unwrap();
    assert!(
        !Context::current().has_active_span(),
        "nothing leaks out of the turn"
    );

    let exported = observed.memory.spans();
    let spans = by_name(&exported);
    for tool in ["left", "right"] {
        for what in ["at once", "after await", "spawned"] {
            assert_parent(&spans, &format!("{tool}:{what}"), &format!("tool.{tool}"));
        }
    }
    observed.recorder.check().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_s_span_in_a_tool_is_the_tool_s_child_on_a_multi_thread_runtime() {
    spans_of_parallel_tools().await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_user_s_span_in_a_tool_is_the_tool_s_child_on_a_current_thread_runtime() {
    spans_of_parallel_tools().await;
}

/// With tracing-opentelemetry on the same provider, without a word: the handler's span is the
/// turn's parent, and a `tracing` span in a tool is the tool's child.
#[tokio::test(flavor = "current_thread")]
async fn tracing_spans_join_the_tree_on_both_sides() {
    let alone = Arc::new(Barrier::new(1));
    let tool = Makes::new("tool", &alone);
    let slot = Arc::clone(&tool.tracer);
    let agent = scripted("assistant", [calls(&["tool"]), ModelReply::text("done")]).tool(tool);
    let observed = Observed::new(agent);
    let tracer = observed.telemetry.tracer_provider().unwrap().tracer("user");
    slot.set(tracer.clone()).unwrap();

    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let subscriber = tracing_subscriber::registry().with(layer);
    let _default = tracing::subscriber::set_default(subscriber);
    let handler = tracing::info_span!("POST /chat");
    let turn = observed.runner.turn("Work.", "s").into_future();
    turn.instrument(handler.clone()).await.unwrap();
    drop(handler);

    let exported = observed.memory.spans();
    let spans = by_name(&exported);
    assert_parent(&spans, "agent.turn", "POST /chat");
    assert_parent(&spans, "tracing", "tool.tool");
    assert_parent(&spans, "tool:after await", "tool.tool");
    assert!(!spans["agent.turn"].parent_span_is_remote);
}

#[tokio::test]
async fn an_ambient_span_of_the_opentelemetry_api_is_the_turn_s_parent() {
    let observed = Observed::new(scripted("assistant", [ModelReply::text("done")]));
    let tracer = observed.telemetry.tracer_provider().unwrap().tracer("user");
    let handler = Context::new().with_span(tracer.start("handler"));
    let turn = observed.runner.turn("Work.", "s").into_future();
    turn.with_context(handler.clone()).await.unwrap();
    handler.span().end();
    let exported = observed.memory.spans();
    assert_parent(&by_name(&exported), "agent.turn", "handler");
}
