//! What the runner produces: turns, steps, intent, model calls, tools, a local sub-agent, and what
//! goes wrong with them.

use std::error::Error;
use std::future::IntoFuture as _;
use std::time::Duration;

use async_trait::async_trait;
use kaos_examples::calculator;
use kaos_hooks::{Hooks, LlmCall, Str};
use kaos_runner::mcp::McpServer;
use kaos_runner::models::Retries;
use kaos_runner::{
    Agent, Deltas, FinishReason, FunctionModel, Model, ModelError, ModelErrorKind, ModelReply,
    ModelRequest, OpenAiModel, OutputSchema, Runner, Scripted,
};
use serde_json::json;
use tokio_stream::StreamExt as _;

use super::by_hand::{params, server};
use super::{Case, mcp_server};

/// The trace of one turn.
async fn traced(agent: Agent, hooks: &Hooks, form: Option<OutputSchema>) -> String {
    let runner = Runner::new(agent).hooks(hooks.clone());
    let mut turn = runner.turn("How long is the lease?", "lease-42");
    if let Some(form) = form {
        turn = turn.output(form);
    }
    let turn = turn.into_future().await;
    let trace = turn.map_or_else(|error| error.trace_id(), |reply| reply.trace_id());
    trace.to_string()
}

fn answer(text: &'static str) -> ModelReply {
    reply(ModelReply::text(text).usage(310, 24), FinishReason::Stop)
}

fn assistant(model: FunctionModel) -> Agent {
    Agent::new("assistant", OpenAi(model)).description("Answers questions about a lease.")
}

/// An answer that came after an attempt that failed.
pub(super) async fn retry(hooks: &Hooks) -> String {
    let busy = ModelErrorKind::RateLimited;
    let answer = Scripted::from(answer("36 months.")).after_retry(busy, Duration::ZERO);
    traced(assistant(FunctionModel::script([answer])), hooks, None).await
}

/// A model that does not answer after calls that went well: the turn says what it used.
pub(super) async fn failed_late(hooks: &Hooks) -> String {
    let call = ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#);
    let called = Ok(reply(call.usage(180, 41), FinishReason::ToolCall));
    let down = Err(ModelError::new(ModelErrorKind::ServerError, "try again"));
    let agent = assistant(FunctionModel::script([called, down])).tool(calculator());
    traced(agent, hooks, None).await
}

/// An answer of a form.
pub(super) async fn structured(hooks: &Hooks) -> String {
    let form = OutputSchema::new(
        "lease",
        json!({
            "type": "object",
            "properties": { "months": { "type": "integer" } },
            "required": ["months"],
        }),
    );
    let agent = assistant(FunctionModel::script([answer(r#"{"months":36}"#)]));
    traced(agent, hooks, Some(form)).await
}

/// A model where nobody listens.
pub(super) async fn unreachable(hooks: &Hooks) -> Result<String, Box<dyn Error>> {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let retries = Retries {
        attempts: 1,
        ..Retries::default()
    };
    let model = OpenAiModel::builder(format!("http://{free}/v1"), "gpt-4o").retries(retries);
    let agent = Agent::new("assistant", model.build()?);
    Ok(traced(agent, hooks, None).await)
}

/// A tool of a server, called over HTTP or over pipes.
pub(super) async fn mcp(hooks: &Hooks, over_http: bool) -> Result<String, Box<dyn Error>> {
    let server = if over_http {
        McpServer::http(mcp_server::over_http()?)
    } else {
        let this = std::env::current_exe()?;
        McpServer::stdio(
            this.to_string_lossy().into_owned(),
            [mcp_server::OVER_PIPES],
        )
    };
    let call = ModelReply::call("call-1", "get_weather", r#"{"city":"Lyon"}"#);
    let call = reply(call.usage(180, 41), FinishReason::ToolCall);
    let model = FunctionModel::script([call, answer("Sunny.")]);
    let agent = assistant(model).tools_from(server.clone());
    let trace = traced(agent, hooks, None).await;
    server.close().await;
    Ok(trace)
}

/// One tool answers and one fails; with [`Case::Error`] the models fail, too.
pub(super) async fn run_turn(hooks: &Hooks, case: Case) -> Result<String, Box<dyn Error>> {
    let last = |text: &'static str| {
        if case == Case::Error {
            return Err(ModelError::new("rate_limit_exceeded", "try again later"));
        }
        Ok(reply(
            ModelReply::text(text).usage(310, 24),
            FinishReason::Stop,
        ))
    };
    let wrong = ModelReply::call("call-3", "calculator", r#"{"expression":"12 times 3"}"#);
    let researcher = [
        Ok(reply(wrong.usage(90, 18), FinishReason::ToolCall)),
        last("36."),
    ];
    let calls = ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#)
        .and_call(
            "call-2",
            "researcher",
            r#"{"task":"How long is the lease?"}"#,
        )
        .usage(180, 41);
    let assistant = [
        Ok(reply(calls, FinishReason::ToolCall)),
        last("36 months, 42 000 in all."),
    ];
    let researcher = Agent::new("researcher", OpenAi(FunctionModel::script(researcher)))
        .description("Looks things up in the lease.")
        .tool(calculator());
    let assistant = Agent::new("assistant", OpenAi(FunctionModel::script(assistant)))
        .description("Answers questions about a lease.")
        .instructions("Answer questions about the lease.")
        .tool(calculator())
        .subagent(researcher);

    let runner = Runner::new(assistant).hooks(hooks.clone());
    if case == Case::Streaming {
        let events: Vec<_> = runner
            .run("Summarize the lease.", "lease-42")
            .collect()
            .await;
        let first = events.first().ok_or("a run without events")?;
        return Ok(first.run.trace_id.to_string());
    }
    let turn = runner.turn("Summarize the lease.", "lease-42").await;
    Ok(turn
        .map_or_else(|error| error.trace_id(), |it| it.trace_id())
        .to_string())
}

fn reply(reply: ModelReply, finish_reason: FinishReason) -> ModelReply {
    ModelReply {
        response_id: Some("chatcmpl-9XpQ2".into()),
        response_model: Some("gpt-4o-2024-08-06".into()),
        finish_reason: Some(finish_reason),
        ..reply
    }
}

/// A script that says of itself what a provider's client would.
struct OpenAi(FunctionModel);

#[async_trait]
impl Model for OpenAi {
    fn provider(&self) -> Str {
        "openai".into()
    }

    fn name(&self) -> Str {
        "gpt-4o".into()
    }

    fn call(&self) -> LlmCall {
        let mut call = LlmCall::new(self.provider(), self.name());
        call.server = server("api.openai.com");
        call.params = Some(params(1, "text"));
        call
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        self.0.respond(request, deltas).await
    }
}
