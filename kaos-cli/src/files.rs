//! `-f`: resources from files, with what holds for all of them and what was found.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kaos_hooks::plain;
use kaos_operator::{Defaults, Finding, LogLevel, Reading, Resources, Severity, read, sources};

use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
pub(crate) struct Files {
    /// A file of resources, a folder of them, or - for the standard input
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Refuses fields that no version of KAOS has
    #[arg(long)]
    pub(crate) strict: bool,
    /// The namespace of resources that say none
    #[arg(short, long, default_value = "default")]
    pub(crate) namespace: String,
    /// Enables telemetry for all, to this endpoint
    #[arg(long, value_name = "URL")]
    pub(crate) telemetry: Option<String>,
    /// How much is logged: TRACE, DEBUG, INFO, WARNING or ERROR
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

/// What was read.
pub(crate) struct Taken {
    pub(crate) resources: Resources,
    pub(crate) defaults: Defaults,
    pub(crate) findings: Vec<Finding>,
}

impl Files {
    pub(crate) fn take(&self) -> Result<Taken, Failed> {
        let mut defaults = Defaults::from_vars(|name| std::env::var(name).ok())?;
        if let Some(endpoint) = &self.telemetry {
            defaults.telemetry.enabled = Some(true);
            defaults.telemetry.endpoint = Some(endpoint.clone());
        }
        if let Some(level) = &self.log_level {
            let expected = "--log-level: expected TRACE, DEBUG, INFO, WARNING or ERROR";
            defaults.log_level = LogLevel::named(level).ok_or(expected)?;
        }
        let label = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        if self.namespace.is_empty() || !self.namespace.chars().all(label) {
            return Err("--namespace: expected lower-case letters, digits and -".into());
        }
        let reading = Reading {
            namespace: self.namespace.as_str().into(),
            strict: self.strict,
        };
        let (texts, mut findings) = sources(&self.paths);
        let (resources, found) = read(&texts, &reading);
        findings.extend(found);
        findings.extend(defaults.take_runtimes_of(&resources));
        Ok(Taken {
            resources,
            defaults,
            findings,
        })
    }
}

/// More are counted, not listed.
const MAX_LISTED: usize = 500;

/// Tells what was found, and whether something of it is an error; that there is nothing, too, is one.
pub(crate) fn report(
    findings: &[Finding],
    resources: &Resources,
    safe: &impl Fn(&str) -> String,
) -> bool {
    let mut out = terminal::errors();
    for finding in findings.iter().take(MAX_LISTED) {
        let line = plain(&safe(&finding.to_string()));
        // Where else could it be said that this is closed?
        let _said = writeln!(out, "{line}");
    }
    let count = |severity| findings.iter().filter(|it| it.severity == severity).count();
    let mut errors = count(Severity::Error);
    if resources.is_empty() && errors == 0 {
        errors = 1;
        let wrong = "there is no Agent, MCPServer or ModelAPI in what was read";
        let _said = writeln!(out, "error: {wrong}");
    }
    let warnings = count(Severity::Warning);
    if errors + warnings > 0 {
        let more = findings.len().saturating_sub(MAX_LISTED);
        let more = if more > 0 {
            format!("; {more} more are not listed")
        } else {
            String::new()
        };
        let (errors, warnings) = (counted(errors, "error"), counted(warnings, "warning"));
        let _said = writeln!(out, "{errors}, {warnings}{more}");
    }
    errors > 0
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
