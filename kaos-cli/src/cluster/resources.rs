//! `kaos agent`, `kaos mcp` and `kaos modelapi` against a cluster.

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use kaos_hooks::redact::Redactor;
use kaos_operator::Kind;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use serde_json::Value;

use super::connection::{Cluster, Place, refusal};
use super::table::table;
use super::{invoke, logs};
use crate::output::{self, Failed};
use crate::terminal;

/// What can be asked of resources of each kind.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists those of a cluster
    List {
        #[command(flatten)]
        place: Place,
        /// Those of all namespaces
        #[arg(short = 'A', long)]
        all_namespaces: bool,
    },
    /// Shows one of a cluster as YAML; secrets in it are masked
    Get(Named),
    /// Shows what one of a cluster writes
    Logs(logs::Args),
    /// Takes one out of a cluster, with all that was made of it
    Delete(Named),
}

/// Which one.
#[derive(ClapArgs)]
pub(crate) struct Named {
    /// Its name
    name: String,
    #[command(flatten)]
    place: Place,
}

/// `kaos modelapi`.
#[derive(ClapArgs)]
#[command(arg_required_else_help = true)]
pub(crate) struct ModelApi {
    #[command(subcommand)]
    command: ModelApiCommand,
}

#[derive(Subcommand)]
enum ModelApiCommand {
    #[command(flatten)]
    Cluster(Command),
    /// Asks a model of one
    Invoke(invoke::OfModelApi),
}

pub(crate) fn run_model_api(args: &ModelApi) -> Result<ExitCode, Failed> {
    match &args.command {
        ModelApiCommand::Cluster(command) => run(Kind::ModelApi, command),
        ModelApiCommand::Invoke(args) => invoke::of_model_api(args),
    }
}

pub(crate) use super::invoke::{OfAgent, OfMcp, of_agent, of_mcp};

pub(crate) fn run(kind: Kind, command: &Command) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::List {
                place,
                all_namespaces,
            } => list(kind, place, *all_namespaces).await,
            Command::Get(named) => get(kind, named).await,
            Command::Logs(args) => logs::show(kind, args).await,
            Command::Delete(named) => delete(kind, named).await,
        }
    })
}

async fn list(kind: Kind, place: &Place, all: bool) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(place.namespace.as_deref()).await?;
    let api = if all {
        cluster.all_resources(kind)
    } else {
        cluster.resources(kind)
    };
    let found = api.list(&ListParams::default()).await.map_err(refusal)?;
    if found.items.is_empty() {
        let within = if all {
            "the cluster".to_owned()
        } else {
            format!("the namespace {}", cluster.namespace)
        };
        output::say(&format!("there is no {} in {within}", kind.as_str()));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![
        ["NAMESPACE", "NAME", "READY", "PHASE", "MESSAGE"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(found.iter().map(row));
    if !all {
        for row in &mut rows {
            row.remove(0);
        }
    }
    let mut out = terminal::people();
    out.print(&table(&rows))?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn row(resource: &DynamicObject) -> Vec<String> {
    let status = |name: &str| match resource.data.get("status").and_then(|it| it.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    let metadata = &resource.metadata;
    vec![
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
        status("ready"),
        status("phase"),
        status("message"),
    ]
}

async fn get(kind: Kind, named: &Named) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(named.place.namespace.as_deref()).await?;
    let mut found = cluster.resource(kind, &named.name).await?;
    found.metadata.managed_fields = None;
    if let Some(annotations) = &mut found.metadata.annotations {
        // The whole object once more.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    let mut shown = serde_json::to_value(&found)?;
    mask(&mut shown, &Redactor::new());
    let text = serde_saphyr::to_string(&shown)?;
    let mut out = terminal::data();
    out.print(&text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Masks what is secret: in texts, and the values of variables whose names say so.
fn mask(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.any(text).as_str().to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|it| mask(it, redactor)),
        Value::Object(fields) => {
            let name = fields
                .get("name")
                .and_then(Value::as_str)
                .map(str::to_owned);
            if let (Some(name), Some(Value::String(value))) = (name, fields.get_mut("value")) {
                let said = format!("{name}={value}");
                if redactor.any(&said).as_str() != said {
                    "[redacted]".clone_into(value);
                }
            }
            if let Some(Value::Object(key)) = fields.get_mut("apiKey")
                && let Some(value) = key.get_mut("value")
            {
                *value = "[redacted]".into();
            }
            fields.values_mut().for_each(|it| mask(it, redactor));
        }
        _ => {}
    }
}

async fn delete(kind: Kind, named: &Named) -> Result<ExitCode, Failed> {
    let cluster = Cluster::connect(named.place.namespace.as_deref()).await?;
    cluster.resource(kind, &named.name).await?;
    cluster
        .resources(kind)
        .delete(&named.name, &DeleteParams::foreground())
        .await
        .map_err(refusal)?;
    output::say(&format!(
        "{} {}/{} goes, with all that was made of it",
        kind.as_str(),
        cluster.namespace,
        named.name
    ));
    Ok(ExitCode::SUCCESS)
}
