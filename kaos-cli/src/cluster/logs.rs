//! What the pods of a component write.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use futures_util::io::AsyncBufReadExt as _;
use k8s_openapi::api::core::v1::Pod;
use kaos_operator::Kind;
use kube::api::{Api, LogParams};

use super::connection::{Cluster, Place, refusal};
use super::pods::{name, pods};
use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Its name
    name: String,
    #[command(flatten)]
    place: Place,
    /// Goes on as long as its newest pod runs
    #[arg(short, long)]
    follow: bool,
    /// The last lines of each pod alone
    #[arg(long, value_name = "LINES")]
    tail: Option<i64>,
}

pub(super) async fn show(kind: Kind, args: &Args) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(args.place.namespace.as_deref()).await?;
    cluster.resource(kind, &args.name).await?;
    let api = Api::<Pod>::namespaced(cluster.client.clone(), &cluster.namespace);
    let prefix = kind.prefix();
    let all = pods(&api, &format!("app={prefix},{prefix}={}", args.name)).await?;
    let newest = all
        .first()
        .ok_or_else(|| format!("{} {} has no pod", kind.as_str(), args.name))?;
    let mut params = LogParams {
        tail_lines: args.tail,
        ..LogParams::default()
    };
    let mut out = terminal::data();
    if args.follow {
        params.follow = true;
        let mut stream = api
            .log_stream(name(newest), &params)
            .await
            .map_err(refusal)?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            out.print(&line)?;
            out.flush()?;
            line.clear();
        }
        return Ok(ExitCode::SUCCESS);
    }
    for pod in all.iter().rev() {
        let text = api.logs(name(pod), &params).await.map_err(refusal)?;
        if all.len() > 1 {
            writeln!(out, "--- {}", name(pod))?;
        }
        out.print(&text)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
