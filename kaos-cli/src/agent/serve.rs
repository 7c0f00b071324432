//! `kaos agent serve`.

use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use futures_util::stream::unfold;
use kaos_otel_hook::Telemetry;
use kaos_runner::server::{Access, Card, Server};
use kaos_runner::{Agent, Runner};
use tokio::net::TcpListener;

use crate::config::variable;
use crate::output::{self, Failed};
use crate::signals::Signals;

#[derive(ClapArgs)]
#[command(
    after_help = "The agent is what the variables say: AGENT_NAME, AGENT_DESCRIPTION, AGENT_INSTRUCTIONS; MODEL_API_URL and MODEL_NAME,
or MODEL_NAME=provider:name alone, with the provider's key; KAOS_SESSIONS=redis://… keeps conversations where other
processes find them. OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there.

KAOS_API_TOKEN has the tokens that clients may show, KAOS_ALLOWED_HOSTS the names under which the server is asked,
KAOS_ALLOWED_ORIGINS the origins of web pages that may ask it: lists with commas.

SIGTERM and SIGINT end it: /ready says so, turns may end within 25 seconds, what is left is cancelled, everything is
sent and recorded. A second one does not wait for turns.

Exit codes: 0 ended as told, 1 the address cannot be listened at, 2 the command or its configuration is wrong."
)]
pub(crate) struct Args {
    /// The address to listen at; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen at; 0 is one that is free
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let signals = Signals::listen()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(args, signals));
    // What still runs by now is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(args: &Args, signals: Signals) -> Result<ExitCode, Failed> {
    crate::warnings::show(None);
    let agent = agent()?;
    let name = agent.name().to_owned();
    let store = crate::sessions::store()?;
    let listener = match TcpListener::bind((args.host, args.port)).await {
        Ok(listener) => listener,
        Err(error) => {
            let (host, port) = (args.host, args.port);
            output::say(&format!("kaos: {host}, port {port}: {error}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let at = listener.local_addr()?;
    let telemetry = Telemetry::from_env()?;
    let runner = Runner::new(agent).hooks(telemetry.hooks());
    let runner = match store {
        Some(store) => runner.sessions(store),
        None => runner,
    };
    output::say(&format!("kaos: the agent {name} listens at http://{at}"));
    let stop = unfold(signals, async |mut signals| {
        signals.next().await;
        Some(((), signals))
    });
    let server = Server::new(runner.clone())
        .access(access())
        .card(Card::new().version(env!("CARGO_PKG_VERSION")))
        .progress(variable("KAOS_PROGRESS").is_some_and(|it| it == "1"));
    let drained = Box::pin(server.serve(listener, stop)).await?;
    if drained.cancelled > 0 {
        let cancelled = drained.cancelled;
        output::say(&format!("kaos: {cancelled} requests were cancelled"));
    }
    let hooks = runner.observed_by().shutdown().await;
    runner.session_store().settled().await;
    drop(runner);
    let _account = telemetry.shutdown().await;
    hooks?;
    Ok(ExitCode::SUCCESS)
}

fn agent() -> Result<Agent, Failed> {
    let name = variable("AGENT_NAME").ok_or("AGENT_NAME is not set; set it to the agent's name")?;
    let model = kaos_runner::models::model_from_vars(variable)?;
    let description = variable("AGENT_DESCRIPTION");
    let instructions = variable("AGENT_INSTRUCTIONS");
    let usual = "You are a helpful assistant.".to_owned();
    Ok(Agent::new(name, model)
        .description(description.unwrap_or_else(|| "AI Agent".to_owned()))
        .instructions(instructions.unwrap_or(usual)))
}

fn access() -> Access {
    let tokens = list("KAOS_API_TOKEN");
    let access = tokens.iter().fold(Access::new(), Access::token);
    access
        .hosts(list("KAOS_ALLOWED_HOSTS"))
        .origins(list("KAOS_ALLOWED_ORIGINS"))
}

/// What stands between commas.
fn list(name: &str) -> Vec<String> {
    let value = variable(name).unwrap_or_default();
    let parts = value.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
