//! `kaos uninstall`: the operator out of a cluster.

use std::process::{Command, ExitCode, Stdio};

use clap::Args as ClapArgs;
use kaos_operator::kubernetes::chart::{ChartValues, release};
use kube::api::DeleteParams;

use super::connection::{Cluster, refusal};
use super::install::{RELEASE, api_of, has_helm, installed_by};
use crate::output::{self, Failed};

#[derive(ClapArgs)]
#[command(
    after_help = "Agents, MCPServers and ModelAPIs stay and go on running, and so do the CRDs: `kubectl delete crd agents.kaos.tools mcpservers.kaos.tools
modelapis.kaos.tools` takes all of them away.

Exit codes: 0 it is gone, 1 there is none or helm failed, 2 the command is wrong or the cluster refuses something."
)]
pub(crate) struct Args {
    /// The operator's namespace, which stays
    #[arg(short, long, default_value = "kaos-system")]
    namespace: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(uninstall(args))
}

async fn uninstall(args: &Args) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(Some(&args.namespace)).await?;
    match installed_by(&cluster).await?.as_deref() {
        None => {
            output::say(&format!(
                "kaos: there is no operator in the namespace {}",
                args.namespace
            ));
            return Ok(ExitCode::FAILURE);
        }
        Some("Helm") if !has_helm() => {
            return Err(
                "what is installed is Helm's: only helm may take it away, and it is not there"
                    .into(),
            );
        }
        Some("Helm") => {
            let mut helm = Command::new("helm");
            helm.args([
                "uninstall",
                RELEASE,
                "--namespace",
                &args.namespace,
                "--wait",
            ]);
            let ended = helm.stdin(Stdio::null()).status()?;
            return Ok(if ended.success() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Some(_) => {}
    }
    // The operator first: what it needs goes after it.
    for object in release(&ChartValues::default(), &args.namespace)?
        .iter()
        .rev()
    {
        let Some((api, name)) = api_of(&cluster.client, object) else {
            continue;
        };
        match api.delete(&name, &DeleteParams::foreground()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(refusal(error)),
        }
    }
    output::say("the operator is gone; Agents, MCPServers and ModelAPIs stay as they are");
    Ok(ExitCode::SUCCESS)
}
