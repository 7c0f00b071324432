//! A line carries the ids of the span it was written in, wherever it was written.

use std::sync::Arc;

use async_trait::async_trait;
use kaos_hooks::testing::Recorder;
use kaos_otel_hook::{EventIds, LogLayer, LogLine, OTelHook};
use kaos_runner::{ModelReply, Runner, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};
use kaos_tests::agents::{calls, scripted};
use opentelemetry::logs::AnyValue;
use opentelemetry::trace::{FutureExt as _, TraceFlags, TracerProvider as _};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracerProvider, SimpleSpanProcessor,
};
use serde_json::json;
use tokio::sync::Barrier;
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Heard, attribute, ids_of};

/// A tool that writes lines at once, after an `.await`, and in a task of its own.
struct Speaks {
    spec: ToolSpec,
    together: Arc<Barrier>,
}

impl Speaks {
    fn new(name: &'static str, together: &Arc<Barrier>) -> Self {
        Self {
            spec: ToolSpec::new(name, "Writes lines.", json!({})),
            together: Arc::clone(together),
        }
    }
}

#[async_trait]
impl Tool for Speaks {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(
        &self,
        _arguments: &str,
        _context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        let tool = self.spec.name.clone();
        tracing::info!(%tool, at = "begin", "speaks");
        self.together.wait().await;
        tokio::task::yield_now().await;
        tracing::info!(%tool, at = "after-await", "speaks");
        let spawned = async move {
            tokio::task::yield_now().await;
            tracing::info!(%tool, at = "spawned", "speaks");
        };
        tokio::spawn(spawned.with_current_context().with_current_subscriber())
            .await
            .unwrap();
        let tool = self.spec.name.clone();
        async { tracing::info!(%tool, at = "own-span", "speaks") }
            .instrument(tracing::info_span!("mine"))
            .await;
        Ok("spoken".into())
    }
}

async fn lines_of_parallel_tools(sampler: Sampler, flags: TraceFlags) {
    let heard = Heard::new();
    let together = Arc::new(Barrier::new(2));
    let agent = scripted(
        "assistant",
        [calls(&["left", "right"]), ModelReply::text("done")],
    )
    .tool(Speaks::new("left", &together))
    .tool(Speaks::new("right", &together));
    let provider = SdkTracerProvider::builder()
        .with_id_generator(EventIds::default())
        .with_sampler(sampler)
        .build();
    let recorder = Recorder::new();
    let runner = Runner::new(agent).hooks((OTelHook::with_provider(&provider), recorder.clone()));
    let turn = async {
        tracing::info!("before");
        runner.turn("Work.", "s").await.unwrap();
        tracing::info!("after");
    };
    turn.with_subscriber(heard.subscriber()).await;

    let (lines, records) = (heard.lines(), heard.records());
    for tool in ["left", "right"] {
        let (trace_id, span_id) = ids_of(&recorder, &format!("tool.{tool}"));
        for at in ["begin", "after-await", "spawned", "own-span"] {
            let line = format!(
                "INFO [trace_id={trace_id} span_id={span_id}] suite::logs::ids: speaks tool={tool} at={at}"
            );
            let found = lines.iter().filter(|it| **it == line).count();
            assert_eq!(found, 1, "{line}\n{lines:#?}");
            let record = records
                .iter()
                .find(|record| {
                    attribute(record, "tool") == Some(AnyValue::from(tool))
                        && attribute(record, "at") == Some(AnyValue::from(at))
                })
                .unwrap();
            let context = record.trace_context().unwrap();
            assert_eq!(context.trace_id.to_string(), trace_id);
            assert_eq!(context.span_id.to_string(), span_id);
            assert_eq!(context.trace_flags, Some(flags));
        }
    }
    for outside in ["before", "after"] {
        let line = format!("INFO suite::logs::ids: {outside}");
        assert!(lines.contains(&line), "{line}\n{lines:#?}");
        let body = Some(AnyValue::from(outside));
        let record = records
            .iter()
            .find(|it| it.body() == body.as_ref())
            .unwrap();
        assert_eq!(record.trace_context(), None);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn lines_carry_the_tools_ids_on_a_current_thread_runtime() {
    lines_of_parallel_tools(Sampler::AlwaysOn, TraceFlags::SAMPLED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_carry_the_tools_ids_on_a_multi_thread_runtime() {
    lines_of_parallel_tools(Sampler::AlwaysOn, TraceFlags::SAMPLED).await;
}

#[tokio::test(flavor = "current_thread")]
async fn unsampled_lines_carry_the_tools_ids_on_a_current_thread_runtime() {
    lines_of_parallel_tools(Sampler::AlwaysOff, TraceFlags::NOT_SAMPLED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsampled_lines_carry_the_tools_ids_on_a_multi_thread_runtime() {
    lines_of_parallel_tools(Sampler::AlwaysOff, TraceFlags::NOT_SAMPLED).await;
}

/// Whichever layer comes first: the users' own spans are current once they are entered.
#[tokio::test]
async fn a_line_in_a_span_of_the_users_own_carries_that_spans_id() {
    for users_first in [true, false] {
        let heard = Heard::new();
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_id_generator(EventIds::default())
            .with_span_processor(SimpleSpanProcessor::new(exporter.clone()))
            .build();
        let records = LogLayer::new(&heard.provider);
        let tracer = provider.tracer("user");
        let before =
            users_first.then(|| tracing_opentelemetry::layer().with_tracer(tracer.clone()));
        let after = (!users_first).then(|| tracing_opentelemetry::layer().with_tracer(tracer));
        let subscriber = tracing_subscriber::registry()
            .with(before)
            .with(records)
            .with(heard.text(LogLine::new()))
            .with(after);
        let together = Arc::new(Barrier::new(1));
        let agent = scripted("assistant", [calls(&["solo"]), ModelReply::text("done")])
            .tool(Speaks::new("solo", &together));
        let runner = Runner::new(agent).hooks(OTelHook::with_provider(&provider));
        let turn = async { runner.turn("Work.", "s").await.unwrap() };
        turn.with_subscriber(subscriber).await;

        let spans = exporter.get_finished_spans().unwrap();
        let mine = spans.iter().find(|span| span.name == "mine").unwrap();
        let (trace_id, span_id) = (mine.span_context.trace_id(), mine.span_context.span_id());
        let line = format!(
            "INFO [trace_id={trace_id} span_id={span_id}] suite::logs::ids: speaks tool=solo at=own-span"
        );
        assert!(
            heard.lines().contains(&line),
            "{line}\n{:#?}",
            heard.lines()
        );
        let own = Some(AnyValue::from("own-span"));
        let records = heard.records();
        let record = records
            .iter()
            .find(|it| attribute(it, "at") == own)
            .unwrap();
        assert_eq!(record.trace_context().unwrap().span_id, span_id);
    }
}
