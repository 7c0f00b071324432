//! Servers that are child processes.

use std::path::Path;

use kaos_hooks::Str;
use tokio::process::Command;

use super::child::{Lines, Pipes};
use crate::ToolError;

/// What programs need to run, on any system.
const KEPT: &[&str] = &[
    "APPDATA",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "LANG",
    "LOCALAPPDATA",
    "LOGNAME",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMFILES",
    "SHELL",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TERM",
    "TMPDIR",
    "USER",
    "USERNAME",
    "USERPROFILE",
];

#[derive(Clone)]
pub(super) struct Stdio {
    program: Str,
    arguments: Vec<Str>,
    pub(super) env: Vec<(String, String)>,
    pub(super) lines: Option<Lines>,
}

impl Stdio {
    pub(super) fn new(program: Str, arguments: Vec<Str>) -> Self {
        Self {
            program,
            arguments,
            env: Vec::new(),
            lines: None,
        }
    }

    /// The program's name without folders and ending.
    pub(super) fn stem(&self) -> String {
        let stem = Path::new(self.program.as_str()).file_stem();
        stem.unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn start(&self) -> Result<Pipes, ToolError> {
        let mut command = Command::new(self.program.as_str());
        let kept = KEPT
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .args(self.arguments.iter().map(Str::as_str))
            .env_clear()
            .envs(kept)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        Pipes::start(command, self.lines.clone()).map_err(|error| {
            let text = format!("the server `{}` cannot be started: {error}", self.stem());
            ToolError::of_kind("connection", text)
        })
    }
}
