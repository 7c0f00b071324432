//! `kaos operator run`.

use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use clap::Args as ClapArgs;
use futures_util::stream::unfold;
use kaos_operator::kubernetes::{LeaseLost, Operator, OperatorMetrics};
use kaos_otel_hook::{Settings as TelemetrySettings, Telemetry};
use kaos_runner::server::{Bounds, Drain, listen};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::observed::reconciles;
use super::settings::settings;
use crate::config::variable;
use crate::output::Failed;
use crate::service;
use crate::signals::Signals;

/// How long reconciles may take to end after the first signal: a pod has 30 s unless it says otherwise.
const END: Duration = Duration::from_secs(20);

#[derive(ClapArgs)]
#[command(
    after_help = "The cluster is that of KUBECONFIG or ~/.kube/config, or else the one that this runs in. What holds for all components is
said by DEFAULT_TELEMETRY_ENABLED, DEFAULT_TELEMETRY_ENDPOINT, DEFAULT_LOG_LEVEL, DEFAULT_AGENT_IMAGE, DEFAULT_LITELLM_IMAGE
and DEFAULT_OLLAMA_IMAGE, and before them by the ConfigMap kaos-operator-config of the operator's namespace, which may change at any
time; runtimes of MCP servers, by kaos-mcp-runtimes there. SYSTEM_NAMESPACE is that namespace (kaos-system), WATCH_NAMESPACE the one that is
served (all), LEADER_ELECTION=false is for the only operator there is. GATEWAY_API_ENABLED=true makes routes; GATEWAY_NAME,
GATEWAY_NAMESPACE and GATEWAY_DEFAULT_{AGENT,MODELAPI,MCP}_TIMEOUT say which.

/healthz answers as long as it runs, /readyz once it has seen all that is there, /metrics for Prometheus. Lines go to the standard
output; LOG_LEVEL says which. OTEL_EXPORTER_OTLP_ENDPOINT sends logs and metrics there.

SIGTERM, SIGINT and SIGHUP end it: what has begun is done, and another operator may go on at once.

Exit codes: 0 it was asked to end, 1 the address cannot be listened at, or another operator may have the Lease, 2 the command or its
configuration is wrong."
)]
pub(crate) struct Args {
    /// The address of /healthz, /readyz and /metrics; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Their port; 0 is one that is free
    #[arg(long, default_value = "8080")]
    port: u16,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    service::run(async |signals| serve(args, signals).await)
}

async fn serve(args: &Args, mut signals: Signals) -> Result<ExitCode, Failed> {
    let settings = settings()?;
    let asked = TelemetrySettings::from_vars(|name| match name {
        "OTEL_SERVICE_NAME" => Some(variable(name).unwrap_or_else(|| "kaos-operator".to_owned())),
        name => variable(name),
    });
    let telemetry = Telemetry::from_settings(&asked)?;
    telemetry.install_logs()?;
    for line in &asked.warnings {
        warn!(target: "kaos", "{line}");
    }
    let Some(listener) = service::listener(args.host, args.port).await else {
        return Ok(ExitCode::FAILURE);
    };
    info!(target: "kaos", "the operator listens at http://{}", listener.local_addr()?);
    let operator = Operator::connect(settings)
        .await?
        .observed_by(reconciles(&telemetry));
    let routes = routes(operator.metrics());
    let (stop, stopping) = watch::channel(false);
    let stopped = |mut stopping: watch::Receiver<bool>| async move {
        // Who told nobody is gone, which is an end, too.
        let _stopped = stopping.wait_for(|it| *it).await.is_ok();
    };
    let ends = unfold(Some(stopped(stopping.clone())), async |once| {
        once?.await;
        Some(((), None))
    });
    let (bounds, drain) = (Bounds::default(), Drain::new(Duration::ZERO));
    let answering = tokio::spawn(async move {
        if let Err(error) = listen(listener, routes, &bounds, &drain, ends).await {
            error!(target: "kaos", "nobody is answered any more: {error}");
        }
    });
    let working = tokio::spawn(operator.run(stopped(stopping)));
    let ended = until_stopped(working, &mut signals, &stop).await?;
    stop.send_replace(true);
    answering.await?;
    let _account = telemetry.shutdown().await;
    Ok(match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(LeaseLost) => ExitCode::FAILURE,
    })
}

/// The operator's end: by itself, as it is told, or when the time for that is over.
async fn until_stopped(
    mut working: tokio::task::JoinHandle<Result<(), LeaseLost>>,
    signals: &mut Signals,
    stop: &watch::Sender<bool>,
) -> Result<Result<(), LeaseLost>, Failed> {
    tokio::select! {
        ended = &mut working => return Ok(ended?),
        _signal = signals.next() => stop.send_replace(true),
    };
    tokio::select! {
        ended = &mut working => Ok(ended?),
        _again = signals.next() => {
            working.abort();
            Ok(Ok(()))
        }
        () = tokio::time::sleep(END) => {
            warn!(target: "kaos", "the API server does not answer: what had begun is left as it is");
            working.abort();
            Ok(Ok(()))
        }
    }
}

fn routes(metrics: Arc<OperatorMetrics>) -> Router {
    let ready = Arc::clone(&metrics);
    let readiness = move || {
        let ready = Arc::clone(&ready);
        async move {
            if ready.is_ready() {
                (StatusCode::OK, "ready")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not all has been seen yet")
            }
        }
    };
    let counts = move || {
        let metrics = Arc::clone(&metrics);
        async move {
            let kind = [(
                header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            )];
            (kind, metrics.prometheus())
        }
    };
    Router::new()
        .route("/healthz", get(async || "alive"))
        .route("/readyz", get(readiness))
        .route("/metrics", get(counts))
}
