//! `kaos uninstall`: the operator out of a cluster.

use std::process::{Command, ExitCode, Stdio};

use clap::Args as ClapArgs;
use kube::api::DeleteParams;

use super::connection::{Cluster, in_words};
use super::installed::{RELEASE, has_helm, has_release, installed_by, made};
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
    let by = installed_by(&cluster).await?;
    let made = made(&cluster).await?;
    let place = &args.namespace;
    let is_helms = match by.as_deref() {
        Some("Helm") => true,
        Some(_) if made.is_empty() => {
            let what = format!("the operator in the namespace {place} was made by something else");
            return Err(format!("{what}: kaos install makes it its own").into());
        }
        Some(_) => false,
        // One that Helm has begun may have come no further than its own record.
        None => made.is_empty() && has_release(place),
    };
    if is_helms {
        if !with_helm(place)? {
            return Ok(ExitCode::FAILURE);
        }
        // A program of that name may do nothing, and end well.
        if installed_by(&cluster).await?.is_some() {
            output::say(&format!(
                "kaos: helm ended well, and the operator is still there in the namespace {place}: is it Helm that is called helm?"
            ));
            return Ok(ExitCode::FAILURE);
        }
    } else if made.is_empty() {
        output::say(&format!(
            "kaos: there is no operator in the namespace {place}"
        ));
        return Ok(ExitCode::FAILURE);
    }
    // The operator before what it needs; of Helm's, what Helm did not take over.
    for (api, name) in made.iter().rev() {
        match api.delete(name, &DeleteParams::foreground()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(in_words(error)),
        }
    }
    output::say("the operator is gone; Agents, MCPServers and ModelAPIs stay as they are");
    Ok(ExitCode::SUCCESS)
}

/// Whether it could.
fn with_helm(namespace: &str) -> Result<bool, Failed> {
    if !has_helm()? {
        return Err(
            "what is installed is Helm's: only helm may take it away, and it is not there".into(),
        );
    }
    let mut helm = Command::new("helm");
    helm.args(["uninstall", RELEASE, "--namespace", namespace, "--wait"]);
    Ok(helm.stdin(Stdio::null()).status()?.success())
}
