//! What the pods of a component write.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use futures_util::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use kaos_operator::Kind;
use kube::api::{Api, LogParams};

use super::connection::{Cluster, Place, in_words};
use super::pods::{name, pods};
use crate::output::Failed;
use crate::terminal;

/// The most bytes of a line that are read at once; the rest of it follows.
const LINE: u64 = 64 * 1024;

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
    if all.is_empty() {
        return Err(format!("{} {} has no pod", kind.as_str(), args.name).into());
    }
    let params = LogParams {
        follow: args.follow,
        tail_lines: args.tail,
        ..LogParams::default()
    };
    let mut out = terminal::data();
    let shown = if args.follow { 1 } else { all.len() };
    for pod in all.iter().take(shown).rev() {
        if shown > 1 {
            writeln!(out, "--- {}", name(pod))?;
        }
        copy(&api, name(pod), &params, &mut out).await?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what a pod writes as it comes, whatever bytes these are, and however long its lines.
async fn copy(
    api: &Api<Pod>,
    pod: &str,
    params: &LogParams,
    out: &mut terminal::Out,
) -> Result<(), Failed> {
    let mut stream = api.log_stream(pod, params).await.map_err(in_words)?;
    let mut line = Vec::new();
    while (&mut stream)
        .take(LINE)
        .read_until(b'\n', &mut line)
        .await?
        > 0
    {
        out.print(&String::from_utf8_lossy(&line))?;
        if params.follow {
            out.flush()?;
        }
        line.clear();
    }
    Ok(())
}
