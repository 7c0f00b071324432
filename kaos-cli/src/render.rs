//! `kaos render`: shows what resources become when they run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};
use kaos_hooks::plain;
use kaos_hooks::redact::Redactor;
use kaos_operator::{
    ClusterAddresses, Defaults, Finding, LogLevel, NetworkAddresses, Reading, RenderFormat,
    Severity, masking, read, render, sources, workloads,
};

use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "Settings for all components come from the flags, else from DEFAULT_TELEMETRY_ENABLED, DEFAULT_TELEMETRY_ENDPOINT, DEFAULT_LOG_LEVEL, DEFAULT_AGENT_IMAGE, DEFAULT_LITELLM_IMAGE and DEFAULT_OLLAMA_IMAGE, which the operator's chart sets, and from a ConfigMap kaos-mcp-runtimes among the resources. Errors, warnings and notes go to the standard error; with an error nothing is shown, and the exit code is 1. What is secret is not shown: it is named, or masked."
)]
pub(crate) struct Args {
    /// A file of resources, a folder of them, or - for the standard input
    #[arg(short, long = "file", value_name = "PATH", required = true)]
    files: Vec<PathBuf>,
    /// What they are shown as
    #[arg(long = "as", value_enum, default_value = "env")]
    form: As,
    /// Refuses fields that no version of KAOS has
    #[arg(long)]
    strict: bool,
    /// The namespace of resources that say none
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// Enables telemetry for all, to this endpoint
    #[arg(long, value_name = "URL")]
    telemetry: Option<String>,
    /// How much is logged: TRACE, DEBUG, INFO, WARNING or ERROR
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
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
    let mut defaults = Defaults::from_vars(|name| std::env::var(name).ok())?;
    if let Some(endpoint) = &args.telemetry {
        defaults.telemetry.enabled = Some(true);
        defaults.telemetry.endpoint = Some(endpoint.clone());
    }
    if let Some(level) = &args.log_level {
        let expected = "--log-level: expected TRACE, DEBUG, INFO, WARNING or ERROR";
        defaults.log_level = LogLevel::named(level).ok_or(expected)?;
    }
    let reading = Reading {
        namespace: args.namespace.as_str().into(),
        strict: args.strict,
    };
    let (texts, mut findings) = sources(&args.files);
    let (resources, read) = read(&texts, &reading);
    findings.extend(read);
    if let Some(text) = resources.mcp_runtimes() {
        let taken = defaults.take_runtimes(text);
        taken.map_err(|why| format!("the ConfigMap kaos-mcp-runtimes: {why}"))?;
    }
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
    if report(&findings, &masking(&all, &resources, &redact)) {
        return Ok(ExitCode::FAILURE);
    }
    let text = render(&all, &resources, form, &redact)?;
    let mut out = terminal::data();
    out.print(&text)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// More are counted, not listed.
const MAX_LISTED: usize = 500;

/// Tells what was found, and whether something of it is an error.
fn report(findings: &[Finding], safe: &impl Fn(&str) -> String) -> bool {
    let mut out = terminal::errors();
    for finding in findings.iter().take(MAX_LISTED) {
        let line = plain(&safe(&finding.to_string()));
        // Where else could it be said that this is closed?
        let _said = writeln!(out, "{line}");
    }
    let count = |severity| findings.iter().filter(|it| it.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if errors + warnings > 0 {
        let more = findings.len().saturating_sub(MAX_LISTED);
        let more = if more > 0 {
            format!("; {more} more are not listed")
        } else {
            String::new()
        };
        let _said = writeln!(out, "{errors} errors, {warnings} warnings{more}");
    }
    errors > 0
}
