//! `kaos agent serve`.

use std::process::ExitCode;
use std::time::Duration;

use axum::extract::MatchedPath;
use clap::Args as ClapArgs;
use futures_util::future::join_all;
use kaos_hooks::LogHook;
use kaos_otel_hook::{HttpServerLayer, Settings as TelemetrySettings, Telemetry};
use kaos_runner::Runner;
use kaos_runner::mcp::McpServer;
use kaos_runner::server::{Bounds, Card, Drain, Server, listen};
use tracing::{info, warn};

use super::settings::{Environment, Notes};
use crate::config::variable;
use crate::output::{self, Failed};
use crate::reports::Reporter;
use crate::service;
use crate::signals::Signals;

/// Where an agent listens that nobody told where.
const PORT: u16 = 8000;

#[derive(ClapArgs)]
#[command(
    after_help = "The agent is what variables say; `kaos agent variables` lists them. Needed are AGENT_NAME, MODEL_API_URL and MODEL_NAME,
or MODEL_NAME=provider:name alone, with the provider's key; KAOS_SESSIONS=redis://… keeps conversations where other
processes find them. OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there. Flags go before variables;
neither kaos.toml nor .env is read.

KAOS_API_TOKEN has the tokens that clients may show, KAOS_ALLOWED_HOSTS the names under which the server is asked,
KAOS_ALLOWED_ORIGINS the origins of web pages that may ask it: lists with commas.

Lines go to the standard output, with the ids of their spans; LOG_LEVEL says which.

SIGTERM, SIGINT and SIGHUP end it: /ready says so, turns may end in their time, what is left is cancelled, everything is
sent and recorded. A second one does not wait for turns, and a second later for nothing.

Exit codes: 0 ended on request, 1 the address cannot be listened at, or something was not recorded, 2 the command or its
configuration is wrong, 128 and the first signal's number (143, 130, 129) if it did not end in time after a second one."
)]
pub(crate) struct Args {
    /// The address to listen at, or its name; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen at; 0 is one that is free [variable: AGENT_PORT; default: 8000]
    #[arg(long)]
    port: Option<u16>,
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
    service::run(async |signals| serve(args, signals).await)
}

async fn serve(args: &Args, signals: Signals) -> Result<ExitCode, Failed> {
    let environment = Environment::checked(variable)?;
    let mut notes = Notes::default();
    environment.without_effect(&mut notes);
    let (agent, servers) = environment.agent(&mut notes)?;
    let name = agent.name().to_owned();
    let asked = environment.telemetry();
    if let Some(wrong) = asked
        .warnings
        .iter()
        .find(|it| it.starts_with("KAOS_") || it.contains("_EXCLUDED_URLS"))
    {
        // Behind it stands how telemetry would go on.
        let what = wrong.split(';').next().unwrap_or(wrong);
        return Err(what.into());
    }
    let (host, port) = (&args.host, args.port.or(environment.port()).unwrap_or(PORT));
    let Some(listener) = service::listener(host.as_str(), port).await else {
        return Ok(ExitCode::FAILURE);
    };
    let at = listener.local_addr()?;
    let telemetry = started(&asked, &notes)?;
    let audit = environment.trail(args.trail.clone(), args.trail_key.clone())?;
    let memory = environment.memory()?;
    let hooks = (
        telemetry.hooks(),
        service::hand_on(&telemetry),
        LogHook::failures(),
        audit,
        memory.clone(),
        Reporter::of_team().map(Reporter::hook),
    );
    let runner = environment.sessions(Runner::new(agent).hooks(hooks))?;
    output::say(&format!("kaos: the agent {name} listens at http://{at}"));
    let stop = service::stops(signals);
    let drain = args.drain_seconds.map(Duration::from_secs);
    let drain = drain
        .or(environment.drain())
        .map(Drain::new)
        .unwrap_or_default();
    let server = Server::new(runner.clone())
        .access(environment.access().at(at))
        .readiness(environment.readiness())
        .card(Card::new().version(env!("CARGO_PKG_VERSION")))
        .drain(drain.clone())
        .progress(environment.progress());
    let routes = match memory {
        Some(memory) => server.memory(memory),
        None => server,
    }
    .router();
    let spans = HttpServerLayer::new(&telemetry, &asked.http);
    let routes = routes.layer(spans.route(|of| Some(of.get::<MatchedPath>()?.as_str().to_owned())));
    let bounds = Bounds::default();
    let drained = Box::pin(listen(listener, routes, &bounds, &drain, stop)).await?;
    if drained.cancelled > 0 {
        let cancelled = drained.cancelled;
        output::say(&format!("kaos: {cancelled} requests were cancelled"));
    }
    let recorded = runner.observed_by().shutdown().await;
    runner.session_store().settled().await;
    drop(runner);
    join_all(servers.iter().map(McpServer::close)).await;
    let _account = telemetry.shutdown().await;
    Ok(match recorded {
        Ok(()) => ExitCode::SUCCESS,
        Err(lost) => {
            output::say(&format!("kaos: {}", output::chain(&lost)));
            ExitCode::FAILURE
        }
    })
}

/// Telemetry as it was asked for, with lines on the standard output, the first of which say what is on.
fn started(asked: &TelemetrySettings, notes: &Notes) -> Result<Telemetry, Failed> {
    let telemetry = Telemetry::from_settings(asked)?;
    telemetry.install_logs()?;
    if !telemetry.is_on() {
        info!(target: "kaos", "{}", asked.summary());
    }
    for line in &notes.info {
        info!(target: "kaos", "{line}");
    }
    for line in &notes.warnings {
        warn!(target: "kaos", "{line}");
    }
    Ok(telemetry)
}
