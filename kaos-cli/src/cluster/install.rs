//! `kaos install`: the operator into a cluster, with Helm where there is Helm.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Args as ClapArgs;
use k8s_openapi::api::apps::v1::Deployment;
use kaos_hooks::{Clock as _, SystemClock};
use kaos_operator::kubernetes::MANAGER;
use kaos_operator::kubernetes::chart::{ChartValues, release};
use kaos_operator::kubernetes::crds;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::connection::{Cluster, in_words};
use super::installed::{RELEASE, has_helm, installed_by, made};
use crate::operator::write_chart;
use crate::output::{self, Failed};

/// Who installs, to an API server: Helm's own name there, so that Helm may go on with what this has begun.
const INSTALLER: &str = "helm";
const SYSTEM: &str = "kaos-system";
/// How long the operator may take to be ready.
const READY: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(500);

#[derive(ClapArgs)]
#[command(
    after_help = "The CRDs are applied first, so that those of an older version are brought up to date. Then `helm upgrade --install kaos` installs the chart
that is in this program; without helm the same objects are applied as they are, and --set does not know lists. Again, it changes what is
different. `kaos operator chart DIR` writes the chart, with all values and what they mean.

Exit codes: 0 the operator is ready, 1 it is not, 2 the command is wrong or the cluster refuses something."
)]
pub(crate) struct Args {
    /// The operator's namespace, which is made if it is not there
    #[arg(short, long, default_value = SYSTEM)]
    namespace: String,
    /// A value of the chart, such as telemetry.enabled=true; several with commas
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A file of values; needs helm
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// Does as if there were no helm
    #[arg(long)]
    without_helm: bool,
    /// Prints the objects as JSON, and installs nothing
    #[arg(long, conflicts_with = "values")]
    dry_run: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    if args.dry_run {
        let objects = release(&ChartValues::set(&args.set)?, &args.namespace)?;
        let mut out = crate::terminal::data();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        writeln!(out, "{list}")?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(install(args))
}

async fn install(args: &Args) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(Some(&args.namespace)).await?;
    let by = installed_by(&cluster).await?;
    let no_helm = no_helm(args)?;
    let objects = match no_helm {
        None => Vec::new(),
        Some(why) if by.as_deref() == Some("Helm") => {
            let whose = "what is installed is Helm's: only helm may change it";
            return Err(format!("{whose}, and {why}").into());
        }
        Some(why) if !args.values.is_empty() => {
            return Err(format!("--values: only helm reads it, and {why}").into());
        }
        Some(_) => release(&ChartValues::set(&args.set)?, &args.namespace)?,
    };
    for crd in crds() {
        apply(&cluster.client, &crd).await?;
    }
    let Some(why) = no_helm else {
        let took_over = match by {
            Some(by) => by != "Helm",
            // Begun without Helm, and not brought to an end.
            None => !made(&cluster).await?.is_empty(),
        };
        return with_helm(args, took_over);
    };
    output::say(&format!(
        "{why}: the objects of the chart are applied as they are; kaos uninstall takes them away again"
    ));
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": args.namespace}});
    apply(&cluster.client, &namespace).await?;
    for object in &objects {
        apply(&cluster.client, object).await?;
    }
    until_ready(&cluster).await
}

/// Why Helm does nothing here, if it does not.
fn no_helm(args: &Args) -> Result<Option<&'static str>, Failed> {
    Ok(if args.without_helm {
        Some("helm is not to be used (--without-helm)")
    } else if has_helm()? {
        None
    } else {
        Some("helm is not there")
    })
}

fn with_helm(args: &Args, took_over: bool) -> Result<ExitCode, Failed> {
    let folder = Scratch::new()?;
    write_chart(&folder.0)?;
    let mut helm = Command::new("helm");
    helm.args(["upgrade", "--install", RELEASE]).arg(&folder.0);
    // The CRDs are there by now.
    helm.args([
        "--namespace",
        &args.namespace,
        "--create-namespace",
        "--skip-crds",
        "--wait",
    ]);
    if took_over {
        helm.arg("--take-ownership");
    }
    for values in &args.values {
        helm.arg("--values").arg(values);
    }
    for set in &args.set {
        helm.args(["--set", set]);
    }
    let ended = helm.stdin(Stdio::null()).status()?;
    Ok(if ended.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A folder that is there for a while.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let now = SystemClock.unix_nanos();
        let name = format!("kaos-chart-{}-{}", std::process::id(), now);
        let folder = std::env::temp_dir().join(name);
        // Nobody else's: it must not be there yet.
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be taken away is the system's temporary affair.
        let _removed = remove(&self.0);
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(folder)
}

/// The way to an object's kind in its namespace.
fn api_of(client: &Client, object: &Value) -> Option<(Api<DynamicObject>, String)> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let version = text("/apiVersion")?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = GroupVersionKind::gvk(group, version, text("/kind")?);
    let resource = ApiResource::from_gvk(&kind);
    let api = match text("/metadata/namespace") {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    Some((api, text("/metadata/name")?.to_owned()))
}

async fn apply(client: &Client, object: &Value) -> Result<(), Failed> {
    let (api, name) = api_of(client, object).ok_or("an object without a name")?;
    let params = PatchParams::apply(INSTALLER).force();
    api.patch(&name, &params, &Patch::Apply(object))
        .await
        .map_err(in_words)?;
    Ok(())
}

async fn until_ready(cluster: &Cluster) -> Result<ExitCode, Failed> {
    let deployments = Api::<Deployment>::namespaced(cluster.client.clone(), &cluster.namespace);
    let end = Instant::now() + READY;
    loop {
        let deployment = deployments.get(MANAGER).await.map_err(in_words)?;
        if is_rolled_out(&deployment) {
            output::say(&format!("the operator is ready in {}", cluster.namespace));
            return Ok(ExitCode::SUCCESS);
        }
        if Instant::now() > end {
            output::say(&format!(
                "kaos: the operator is not ready after {} s: kubectl describe pods --namespace {} says why",
                READY.as_secs(),
                cluster.namespace
            ));
            return Ok(ExitCode::FAILURE);
        }
        sleep(LOOK).await;
    }
}

/// Whether all that is wanted is there, of today's specification.
fn is_rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    deployment.status.as_ref().is_some_and(|status| {
        let count = |it: Option<i32>| it.unwrap_or(0);
        status.observed_generation >= deployment.metadata.generation
            && count(status.updated_replicas) >= wanted
            && count(status.available_replicas) >= wanted
            && count(status.replicas) <= count(status.updated_replicas)
    })
}
