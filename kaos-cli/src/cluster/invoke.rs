//! Asks a component of a cluster, over the API server: no Service need be reached from here.

mod tool;

use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_operator::Kind;
use kaos_runner::mcp::McpServer;
use kube::api::DynamicObject;
use serde_json::Value;

use super::connection::{Cluster, Place};
use super::forward::{Target, forward, listener};
use crate::config::variable;
use crate::output::{self, Failed};
use crate::team::invoke::{Question, ask};
use crate::terminal;

/// Asks an agent.
#[derive(ClapArgs)]
#[command(
    after_help = "KAOS_API_TOKEN is the token that is shown, if the agent wants one.

Exit codes: 0 there is an answer, 1 there is none, 2 the command is wrong or there is no such agent, 3 the answer is not whole."
)]
pub(crate) struct OfAgent {
    /// The agent
    name: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    question: Question,
}

/// Asks a model.
#[derive(ClapArgs)]
pub(crate) struct OfModelApi {
    /// The ModelAPI
    name: String,
    #[command(flatten)]
    place: Place,
    /// The model; the only one that it has, unless given
    #[arg(short, long)]
    model: Option<String>,
    #[command(flatten)]
    question: Question,
}

/// Calls a tool.
#[derive(ClapArgs)]
#[command(
    after_help = "What the tool gives goes to the standard output; why it gives nothing, to the standard error.

Exit codes: 0 the tool has done it, 1 it has not or is not there, 2 the command is wrong or there is no such MCPServer."
)]
pub(crate) struct OfMcp {
    /// The MCPServer
    name: String,
    #[command(flatten)]
    place: Place,
    /// The tool
    tool: String,
    /// Its arguments, as JSON
    #[arg(default_value = "{}")]
    arguments: String,
}

pub(crate) fn of_agent(args: &OfAgent) -> Result<ExitCode, Failed> {
    reach(Kind::Agent, &args.name, &args.place, async |port, _| {
        let url = format!("http://127.0.0.1:{port}/v1/chat/completions");
        let token = variable("KAOS_API_TOKEN");
        ask(
            &args.question,
            &args.name,
            &url,
            token.as_deref(),
            "kaos agent logs says more",
        )
        .await
        .map(|(code, _)| code)
    })
}

pub(crate) fn of_model_api(args: &OfModelApi) -> Result<ExitCode, Failed> {
    reach(
        Kind::ModelApi,
        &args.name,
        &args.place,
        async |port, resource| {
            let model = match &args.model {
                Some(model) => model.clone(),
                None => only_model(resource)?,
            };
            let url = format!("http://127.0.0.1:{port}/v1/chat/completions");
            ask(
                &args.question,
                &model,
                &url,
                None,
                "kaos modelapi logs says more",
            )
            .await
            .map(|(code, _)| code)
        },
    )
}

fn only_model(resource: &DynamicObject) -> Result<String, Failed> {
    let spec = resource.data.get("spec");
    let field = |path: &str| spec.and_then(|it| it.pointer(path));
    if let Some(hosted) = field("/hostedConfig/model").and_then(Value::as_str) {
        return Ok(hosted.to_owned());
    }
    match field("/proxyConfig/models")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        Some([Value::String(one)]) if !one.contains('*') => Ok(one.clone()),
        _ => Err("--model: expected one of its models".into()),
    }
}

pub(crate) fn of_mcp(args: &OfMcp) -> Result<ExitCode, Failed> {
    let wanted: Value = serde_json::from_str(&args.arguments)
        .map_err(|error| format!("the arguments are no JSON: {error}"))?;
    reach(Kind::McpServer, &args.name, &args.place, async |port, _| {
        let mut server = McpServer::http(format!("http://127.0.0.1:{port}/mcp"));
        if let Some(token) = variable("KAOS_API_TOKEN") {
            server = server.bearer(token);
        }
        let called = tool::call(&server, &args.tool, &wanted).await;
        server.close().await;
        let given = match called? {
            Ok(given) => given,
            Err(why) => {
                output::say(&format!("kaos: {}: {why}", args.tool));
                return Ok(ExitCode::FAILURE);
            }
        };
        let mut out = terminal::data();
        writeln!(out, "{given}")?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Does something with a port of this machine that leads to a component.
fn reach(
    kind: Kind,
    name: &str,
    place: &Place,
    act: impl AsyncFnOnce(u16, &DynamicObject) -> Result<ExitCode, Failed>,
) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let cluster = Cluster::connect(place.namespace.as_deref()).await?;
        let resource = cluster.resource(kind, name).await?;
        let target = Target::of_component(&cluster, kind, name).await?;
        if let Err(why) = target.ready().await {
            let said = resource
                .data
                .pointer("/status/message")
                .and_then(Value::as_str);
            output::say(&format!(
                "kaos: {}: {}",
                output::chain(&*why),
                said.unwrap_or("nothing more is known")
            ));
            return Ok(ExitCode::FAILURE);
        }
        let (listener, address) = listener(0).await?;
        tokio::select! {
            done = act(address.port(), &resource) => done,
            () = forward(listener, target) => Ok(ExitCode::FAILURE),
        }
    })
}
