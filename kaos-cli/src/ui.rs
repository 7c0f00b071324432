//! `kaos ui`: pages that show what agents did, from their trails alone.
//!
//! Nothing is written into a trail's directory, and nothing is fetched from elsewhere: what a browser gets is in this
//! program. All that a trail says is somebody else's text, and stays text.

mod agents;
mod altered;
mod answer;
mod ask;
mod change;
mod compared;
mod contradiction;
mod conversation;
mod detail;
mod export;
mod listed;
mod numbers;
mod open;
mod page;
mod proved;
mod reached;
mod routes;
mod shared;
mod sources;
mod spans;
mod team;
mod verdict;
mod verifying;
mod watch;
mod watched;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use futures_util::StreamExt as _;
use kaos_otel_hook::Prices;
use kaos_runner::server::{Access, Bounds, Drain, listen};

use self::agents::Agents;
pub(crate) use self::export::page_of;
use self::reached::Reached;
use self::shared::Shared;
use self::sources::Sources;
#[cfg(feature = "operator")]
use crate::cluster::components::Components;
#[cfg(feature = "operator")]
use crate::cluster::monitoring::{self, Monitoring};
use crate::config::variable;
use crate::output::{self, Failed};
use crate::service;
use crate::signals::Signals;
use crate::team::Which;
use crate::verification::Against;

#[derive(ClapArgs)]
#[command(
    after_help = "Without a trail it shows those of the team that runs (kaos up --trail DIR). Trails are read, never written, also while agents write them; runs of
several are put together by their traces. --cluster shows the agents of a Kubernetes cluster, and asks them with KAOS_API_TOKEN where they want one.

KAOS_TRACE_URL is where a span is found elsewhere: http://localhost:16686/trace/{trace}?uiFind={span}
KAOS_UI_TOKEN is the token to ask with, instead of one made at each start. On the loopback whoever reaches the port may look; asking an agent, and all
from elsewhere, needs the token, which the printed address has.

Exit codes: 0 ended as asked, 1 the address cannot be listened at, 2 the command is wrong."
)]
pub(crate) struct Args {
    /// Trails' directories, or folders of them
    trails: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Shows the agents of a cluster's namespace, and asks them, in place of a team's: that of the kubeconfig's context unless given
    #[cfg(feature = "operator")]
    #[arg(long, value_name = "NAMESPACE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    cluster: Option<String>,
    /// The address to listen at; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen at; 0 is one that is free
    #[arg(long, default_value_t = 4400)]
    port: u16,
    /// Opens the page in a browser
    #[arg(long)]
    open: bool,
    /// What models cost, to show what runs did: {"gpt-4o": {"input": 2.5, "output": 10}}, US dollars for a million tokens
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// What this server is called by browsers, where it is not on this machine: NAME or NAME:PORT; may be given more than once
    #[arg(long = "as", value_name = "HOST")]
    names: Vec<String>,
    #[command(flatten)]
    against: Against,
    #[cfg(feature = "operator")]
    #[command(flatten)]
    monitoring: Monitoring,
}

impl Args {
    fn sources(&self) -> Result<Sources, Failed> {
        #[cfg(feature = "operator")]
        if self.cluster.is_some() {
            return Sources::of(&self.trails, None);
        }
        Sources::of(&self.trails, Some(&self.which.name))
    }

    #[cfg_attr(
        not(feature = "operator"),
        expect(clippy::unused_async, reason = "a cluster is waited for")
    )]
    async fn agents(&self) -> Result<Agents, Failed> {
        #[cfg(feature = "operator")]
        if let Some(namespace) = &self.cluster {
            let namespace = Some(namespace.as_str()).filter(|it| !it.is_empty());
            return Components::connect(namespace).await.map(Agents::Cluster);
        }
        Ok(Agents::Team(self.which.name.clone()))
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    crate::warnings::show(None);
    #[cfg(feature = "operator")]
    if args.monitoring.enabled.is_some() {
        return service::run(async |signals| Box::pin(beside(args, signals)).await);
    }
    service::run(async |signals| Box::pin(serve(args, signals)).await)
}

/// Leads to a cluster's backend, beside the page where there is something to show on it.
#[cfg(feature = "operator")]
async fn beside(args: &Args, mut signals: Signals) -> Result<ExitCode, Failed> {
    let sources = args.sources()?;
    let led = monitoring::lead(&args.monitoring);
    if args.cluster.is_some() || sources.are_known() {
        return tokio::select! {
            led = led => Ok(led?.unwrap_or(ExitCode::FAILURE)),
            served = serve(args, signals) => served,
        };
    }
    tokio::select! {
        led = led => Ok(led?.unwrap_or(ExitCode::FAILURE)),
        _signal = signals.next() => Ok(ExitCode::SUCCESS),
    }
}

async fn serve(args: &Args, signals: Signals) -> Result<ExitCode, Failed> {
    let sources = args.sources()?;
    if let Some(wrong) = args.names.iter().find(|it| !Access::is_host(it)) {
        return Err(format!("--as {wrong}: expected a name, or NAME:PORT").into());
    }
    let token = match variable("KAOS_UI_TOKEN") {
        Some(given) => shared::given_token(given)?,
        None => shared::token(),
    };
    let elsewhere = variable("KAOS_TRACE_URL");
    let elsewhere = elsewhere.map(|it| shared::template(&it)).transpose()?;
    // What is wrong with keys and anchors is said now, not when it is verified.
    let against = verdict::Expected::of(&args.against)?;
    let prices = args.prices.as_deref().map(prices).transpose()?;
    let Some(listener) = service::listener(args.host, args.port).await else {
        return Ok(ExitCode::FAILURE);
    };
    let at = listener.local_addr()?;
    let shared = Arc::new(Shared::new(
        sources,
        against,
        args.agents().await?,
        elsewhere,
        prices,
    ));
    watch::start(&shared)?;
    verifying::start(&shared)?;
    let reached = Reached::new(at, &args.names);
    let access = reached.access().token(&token);
    let routes = routes::router(&shared, &access, reached.is_loopback());
    let token = shared::in_address(&token);
    let page = format!("http://{}/#token={token}", reached.here());
    output::say(&format!("kaos: the page is at {page}"));
    reached.say_elsewhere(&token);
    if let Some(nothing) = shared.sources.nothing() {
        output::say(&format!("kaos: {nothing}"));
    }
    let _opened = args.open.then(|| open::open(&page));
    let (bounds, drain) = (Bounds::default(), Drain::new(Duration::from_secs(1)));
    let ends = Arc::clone(&shared);
    let stop = service::stops(signals).inspect(move |()| ends.end());
    Box::pin(listen(listener, routes, &bounds, &drain, stop)).await?;
    Ok(ExitCode::SUCCESS)
}

fn prices(file: &Path) -> Result<Prices, Failed> {
    let at = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("--prices {at}: {error}"))?;
    Prices::from_json(&text).map_err(|error| format!("--prices {at}: {error}").into())
}
