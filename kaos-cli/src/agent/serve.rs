//! `kaos agent serve`.

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args as ClapArgs;
use futures_util::stream::unfold;
use kaos_hooks::memory::{MemoryBounds, MemoryHook};
use kaos_otel_hook::Telemetry;
use kaos_runner::server::{Access, Card, Drain, Server};
use kaos_runner::{Agent, RemoteAgent, Runner};
use tokio::net::TcpListener;

use crate::config::variable;
use crate::output::{self, Failed};
use crate::signals::Signals;

#[derive(ClapArgs)]
#[command(
    after_help = "The agent is what the variables say: AGENT_NAME, AGENT_DESCRIPTION, AGENT_INSTRUCTIONS; MODEL_API_URL and MODEL_NAME,
or MODEL_NAME=provider:name alone, with the provider's key; KAOS_SESSIONS=redis://… keeps conversations where other
processes find them. OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there.

AGENT_SUB_AGENTS (name:url,…) or PEER_AGENTS (name,…) and PEER_AGENT_{NAME}_CARD_URL name the agents that it may give work to;
MEMORY_ENABLED=false, MEMORY_MAX_SESSIONS and MEMORY_MAX_SESSION_EVENTS say what /memory/events tells of its own.

KAOS_API_TOKEN has the tokens that clients may show, KAOS_ALLOWED_HOSTS the names under which the server is asked,
KAOS_ALLOWED_ORIGINS the origins of web pages that may ask it: lists with commas.

SIGTERM, SIGINT and SIGHUP end it: /ready says so, turns may end in their time, what is left is cancelled, everything is
sent and recorded. A second one does not wait for turns, and a second later for nothing.

Exit codes: 0 ended as told, 1 the address cannot be listened at, 2 the command or its configuration is wrong."
)]
pub(crate) struct Args {
    /// The address to listen at; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen at; 0 is one that is free
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// How many seconds turns may take to end after the first signal, 25 unless given [variable: KAOS_DRAIN_SECONDS]
    #[arg(long)]
    drain_seconds: Option<u64>,
    /// Records what happens in the audit trail of this directory [variable: KAOS_TRAIL]
    #[arg(long)]
    trail: Option<String>,
    /// Signs the trail with this key, made by `kaos audit keygen` [variable: KAOS_TRAIL_KEY]
    #[arg(long)]
    trail_key: Option<String>,
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
    let drain = drain(args)?;
    let named = |flag: &Option<String>, name| flag.clone().or_else(|| variable(name));
    let trail = named(&args.trail, "KAOS_TRAIL");
    let key = named(&args.trail_key, "KAOS_TRAIL_KEY");
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
    let audit = crate::trail::open(trail.as_deref(), key.as_deref())?;
    let memory = MemoryBounds::from_vars(variable)?.map(|it| MemoryHook::new().bounds(it));
    let runner = Runner::new(agent).hooks((telemetry.hooks(), memory.clone(), audit));
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
        .drain(drain)
        .card(Card::new().version(env!("CARGO_PKG_VERSION")))
        .progress(variable("KAOS_PROGRESS").is_some_and(|it| it == "1"));
    let server = match memory {
        Some(memory) => server.memory(memory),
        None => server,
    };
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
    let agent = Agent::new(name, model)
        .description(description.unwrap_or_else(|| "AI Agent".to_owned()))
        .instructions(instructions.unwrap_or(usual));
    let peers = RemoteAgent::all_from_vars(variable)?;
    Ok(peers.into_iter().fold(agent, Agent::subagent))
}

fn drain(args: &Args) -> Result<Drain, Failed> {
    let given = variable("KAOS_DRAIN_SECONDS").map(|seconds| seconds.trim().parse::<u64>());
    let given = given.transpose();
    let given = given.map_err(|_not_one| "KAOS_DRAIN_SECONDS is not a whole number of seconds")?;
    let limit = args.drain_seconds.or(given).map(Duration::from_secs);
    Ok(Drain::new(limit.unwrap_or(Drain::DEFAULT_LIMIT)))
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
