//! What is known before anything starts.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use kaos_hooks::redact::Redactor;
use kaos_operator::local::{Loopback, Process, Programs, plan};
use kaos_operator::{Resources, Rule, SecretText, Workload, Workloads, masking, workloads};

use super::super::args::Args;
use crate::config::variable;
use crate::files::{Taken, report};
use crate::output::Failed;
use crate::team::environment::{Added, inherited, share_key, token};
use crate::team::show::Shown;
use crate::team::state::{Component, Place, Record};

pub(super) enum Checked {
    Fine(Box<Prepared>),
    /// It was told what is wrong.
    Wrong,
}

pub(super) struct Prepared {
    pub(super) resources: Resources,
    pub(super) workloads: Workloads,
    pub(super) processes: Vec<Process>,
    files: Vec<(PathBuf, SecretText)>,
    trail: Option<PathBuf>,
    /// The components' ports, theirs for as long as this is there.
    pub(super) ports: Loopback,
}

/// Reads and checks all of it, and tells what was found.
pub(super) fn checked(args: &Args, place: &Place) -> Result<Checked, Failed> {
    let Taken {
        mut resources,
        mut defaults,
        mut findings,
    } = args.files.take()?;
    let known = &mut defaults.telemetry;
    if known.endpoint.is_none()
        && let Some(endpoint) = variable("OTEL_EXPORTER_OTLP_ENDPOINT")
    {
        known.enabled = known.enabled.or(Some(true));
        known.endpoint = Some(endpoint);
    }
    for given in &args.secrets {
        give(&mut resources, &args.files.namespace, given)?;
    }
    let ports = Loopback::free(&resources)?;
    let all = workloads(&resources, &defaults, &ports);
    findings.extend(all.findings.iter().cloned());
    let programs = Programs {
        kaos: std::env::current_exe()?,
        path: std::env::var_os("PATH").unwrap_or_default(),
        litellm: args.litellm,
    };
    let folder = place.path();
    let planned = plan(&all.workloads, &resources, &programs, &inherited(), folder);
    // What is missing here says more than that it is not among the files.
    let planned = planned.map_err(|missing| {
        findings.retain(|it| it.rule != Rule::MissingSecret);
        findings.extend(missing);
    });
    let redactor = Redactor::new();
    let redact = |text: &str| redactor.any(text).as_str().to_owned();
    let wrong = report(&findings, &resources, &masking(&all, &resources, &redact));
    let (false, Ok(mut planned)) = (wrong, planned) else {
        return Ok(Checked::Wrong);
    };
    let absolute = |path: &Option<PathBuf>| path.as_ref().map(std::path::absolute).transpose();
    let added = Added {
        token: token(),
        trail: absolute(&args.trail)?,
        trail_key: absolute(&args.trail_key)?,
    };
    planned.processes.iter_mut().for_each(|it| added.add(it));
    if args.litellm {
        share_key(&mut planned.processes, &all.workloads);
    }
    Ok(Checked::Fine(Box::new(Prepared {
        resources,
        workloads: all,
        processes: planned.processes,
        files: planned.files,
        trail: added.trail,
        ports,
    })))
}

/// `name/key=env:VARIABLE`.
fn give(resources: &mut Resources, namespace: &str, given: &str) -> Result<(), Failed> {
    let parts = given.split_once('=').and_then(|(what, from)| {
        let (name, key) = what.split_once('/')?;
        Some((name, key, from.strip_prefix("env:")?))
    });
    // What was given instead may be the secret itself.
    let (name, key, from) = parts.ok_or("--secret: expected name/key=env:VARIABLE")?;
    let value =
        variable(from).ok_or_else(|| format!("--secret {name}/{key}: {from} is not set"))?;
    resources.give_secret(namespace, name, key, SecretText::new(value));
    Ok(())
}

impl Prepared {
    pub(super) fn write_files(&self, place: &Place) -> std::io::Result<()> {
        for (path, content) in &self.files {
            place.file(path, content.expose().as_bytes())?;
        }
        Ok(())
    }

    /// What is known of the team at its start.
    pub(super) fn record(&self) -> Record {
        let all = self.workloads.workloads.iter().zip(&self.processes);
        let components = all.map(|(workload, process)| Component {
            name: process.name.clone(),
            kind: workload.identity.kind.as_str().to_owned(),
            resource: workload.identity.name.to_string(),
            port: process.port,
            stage: "waiting".to_owned(),
            token: token_of(process),
            ..Component::default()
        });
        Record {
            pid: std::process::id(),
            since: Timestamp::now().to_string(),
            state: "starting".to_owned(),
            components: components.collect(),
            trail: self.trail.clone(),
        }
    }

    /// What is shown of each: it is called by its resource, if no other is called so.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let all = &self.workloads.workloads;
        let label = |it: &Workload| {
            let name = &it.identity.name;
            let same = all.iter().filter(|other| other.identity.name == *name);
            if same.count() == 1 {
                name.to_string()
            } else {
                it.name.clone()
            }
        };
        let both = all.iter().zip(&self.processes);
        both.map(|(workload, process)| Shown {
            name: process.name.clone(),
            label: label(workload),
            port: process.port,
            reports: process.reports,
        })
        .collect()
    }
}

/// The first of the tokens that an agent takes.
fn token_of(process: &Process) -> Option<String> {
    let mut env = process.env.iter();
    let (_, tokens) = env.find(|(name, _)| name == "KAOS_API_TOKEN")?;
    let mut tokens = tokens.expose().split(',').map(str::trim);
    tokens.find(|it| !it.is_empty()).map(str::to_owned)
}

/// What one may do next.
pub(super) fn to_try(args: &Args, record: &Record, took: Duration) -> String {
    let name = match args.which.name.as_str() {
        "default" => String::new(),
        name => format!(" --name {name}"),
    };
    let (count, took) = (record.components.len(), took.as_secs_f64());
    let mut text = format!("\nAll {count} are ready after {took:.1} s. In another terminal:\n\n");
    let agents = || record.components.iter().filter(|it| it.kind == "Agent");
    // Who leads is often called so.
    let leads = agents().find(|it| it.resource.contains("coordinator"));
    if let Some(agent) = leads.or_else(|| agents().next()) {
        let agent = &agent.resource;
        let _written = write!(
            text,
            "  kaos invoke{name} {agent} \"…\"\n  kaos logs{name} -f {agent}\n"
        );
    }
    let _written = write!(text, "  kaos status{name}\n  kaos down{name}\n");
    text
}
