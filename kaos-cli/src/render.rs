//! `kaos render`: shows what resources become when they run.

use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};
use kaos_hooks::plain;
use kaos_hooks::redact::Redactor;
use kaos_operator::{ClusterAddresses, NetworkAddresses, RenderFormat, masking, render, workloads};

use crate::files::{Files, Taken, report};
use crate::output::{self, Failed};
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "Settings for all components come from the flags, else from DEFAULT_TELEMETRY_ENABLED, DEFAULT_TELEMETRY_ENDPOINT, DEFAULT_LOG_LEVEL, DEFAULT_AGENT_IMAGE, DEFAULT_LITELLM_IMAGE and DEFAULT_OLLAMA_IMAGE, which the operator's chart sets, and from a ConfigMap kaos-mcp-runtimes among the resources. Errors, warnings and notes go to the standard error; with an error, or with nothing to show, nothing is shown, and the exit code is 1. What is secret is not shown: it is named, or masked."
)]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,
    /// What they are shown as
    #[arg(long = "as", value_enum, default_value = "env")]
    form: As,
}

#[derive(Clone, Copy, ValueEnum)]
enum As {
    /// Variables, as a shell reads them
    Env,
    /// All of it as YAML
    Yaml,
    /// A file for Compose
    Compose,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let Taken {
        resources,
        defaults,
        mut findings,
    } = args.files.take()?;
    let (form, all) = match args.form {
        As::Compose => (
            RenderFormat::Compose,
            workloads(&resources, &defaults, &NetworkAddresses),
        ),
        As::Env => (
            RenderFormat::Env,
            workloads(&resources, &defaults, &ClusterAddresses::default()),
        ),
        As::Yaml => (
            RenderFormat::Yaml,
            workloads(&resources, &defaults, &ClusterAddresses::default()),
        ),
    };
    findings.extend(all.findings.iter().cloned());
    let redactor = Redactor::new();
    let redact = |text: &str| redactor.any(text).as_str().to_owned();
    if report(&findings, &resources, &masking(&all, &resources, &redact)) {
        return Ok(ExitCode::FAILURE);
    }
    let text = match render(&all, &resources, form, &redact) {
        Ok(text) => text,
        Err(why) => {
            output::say(&plain(&redact(&format!("kaos: {why}"))));
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut out = terminal::data();
    out.print(&text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
