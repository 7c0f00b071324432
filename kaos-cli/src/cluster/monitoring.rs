//! What shows a cluster's telemetry, at a port of this machine.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, ListParams};

use super::connection::{Cluster, in_words};
use super::forward::{Target, forward, listener};
use crate::output::Failed;
use crate::terminal;

#[derive(Args)]
pub(crate) struct Monitoring {
    /// Leads a port of this machine to what shows the cluster's telemetry, until Ctrl-C
    #[arg(id = "monitoring_enabled", long = "monitoring-enabled", value_enum, value_name = "BACKEND", num_args = 0..=1, require_equals = true, default_missing_value = "signoz")]
    pub(crate) enabled: Option<Backend>,
    /// Its namespace
    #[arg(
        id = "monitoring_namespace",
        long = "monitoring-namespace",
        value_name = "NAMESPACE",
        default_value = "monitoring"
    )]
    namespace: String,
    /// The port of this machine; 0 is one that is free
    #[arg(
        id = "monitoring_port",
        long = "monitoring-port",
        value_name = "PORT",
        default_value = "8011"
    )]
    port: u16,
}

/// What shows telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// SigNoz
    Signoz,
    /// Jaeger
    Jaeger,
}

impl Backend {
    /// The names and labels that its charts give its Service, and the port of its pages.
    fn service(self) -> (&'static [&'static str], i32) {
        match self {
            Self::Signoz => (&["signoz", "signoz-frontend"], 8080),
            Self::Jaeger => (&["jaeger", "jaeger-query"], 16686),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Signoz => "SigNoz",
            Self::Jaeger => "Jaeger",
        }
    }
}

/// Finds the backend that is asked for, prints where it is, and leads there as long as this is polled; `None` at once where none is asked for.
///
/// # Errors
///
/// There is no such cluster or backend, or the port cannot be listened at.
pub(crate) async fn lead(args: &Monitoring) -> Result<Option<ExitCode>, Failed> {
    let Some(backend) = args.enabled else {
        return Ok(None);
    };
    let cluster = Cluster::connect(Some(&args.namespace)).await?;
    let services = Api::<Service>::namespaced(cluster.client.clone(), &cluster.namespace);
    let all = services
        .list(&ListParams::default())
        .await
        .map_err(in_words)?
        .items;
    let (service, port) =
        find(backend, &all).ok_or_else(|| missing(backend, &cluster.namespace, &all))?;
    let target = Target::of(cluster.client, &cluster.namespace, service, port)?;
    let (listener, address) = listener(args.port).await?;
    {
        let mut out = terminal::people();
        writeln!(
            out,
            "{} is at http://{address}; Ctrl-C ends this",
            backend.name()
        )?;
        out.flush()?;
    }
    forward(listener, target).await;
    Ok(Some(ExitCode::FAILURE))
}

/// The Service of this name, else one with such a label, that has the port.
fn find(backend: Backend, all: &[Service]) -> Option<(&Service, i32)> {
    let (names, port) = backend.service();
    let has_port = |it: &&Service| {
        let ports = it.spec.iter().flat_map(|it| it.ports.iter().flatten());
        ports.into_iter().any(|it| it.port == port)
    };
    let is_called = |it: &&Service| {
        it.metadata
            .name
            .as_deref()
            .is_some_and(|it| names.contains(&it))
    };
    let labelled = |it: &&Service| {
        let labels = it.metadata.labels.iter().flatten();
        let mut ours = labels.filter(|(key, _)| *key == "app.kubernetes.io/name" || *key == "app");
        ours.any(|(_, value)| names.contains(&value.as_str()))
    };
    let candidates = || all.iter().filter(has_port);
    let found = candidates()
        .find(is_called)
        .or_else(|| candidates().find(labelled));
    found.map(|it| (it, port))
}

fn missing(backend: Backend, namespace: &str, all: &[Service]) -> String {
    let (names, port) = backend.service();
    let described = |it: &Service| {
        let name = it.metadata.name.clone().unwrap_or_default();
        let ports = it.spec.iter().flat_map(|it| it.ports.iter().flatten());
        let ports: Vec<String> = ports.map(|it| it.port.to_string()).collect();
        format!("{name} ({})", ports.join(", "))
    };
    let there: Vec<String> = all.iter().map(described).collect();
    let there = if there.is_empty() {
        "it has no Service at all".to_owned()
    } else {
        format!("its Services are {}", there.join(", "))
    };
    format!(
        "there is no {} in the namespace {namespace}: expected a Service called or labelled {} with port {port}; {there}; --monitoring-namespace says another",
        backend.name(),
        names.join(" or "),
    )
}
