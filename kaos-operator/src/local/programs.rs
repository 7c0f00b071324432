//! Programs of this machine.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::workload::Program;

/// Which programs of this machine run workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// `kaos` itself.
    pub kaos: PathBuf,
    /// Where others are looked for: the value of `PATH`.
    pub path: std::ffi::OsString,
    /// Whether `litellm` runs what is a proxy to models; else `kaos model serve` does.
    pub litellm: bool,
}

impl Programs {
    /// Whether `kaos` itself runs this, which reports its spans; not a program that somebody else wrote, whatever it is called.
    pub(super) fn ours_runs(&self, program: &Program) -> bool {
        match program {
            Program::AgentServe | Program::McpServe => true,
            Program::LiteLlm => !self.litellm,
            Program::Ollama { .. } | Program::Custom => false,
        }
    }

    /// The program of this name: a file that may be run, in one of the folders of `PATH`, or where the name says if it has a `/`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|it| may_run(it));
        }
        let folders = std::env::split_paths::<OsStr>(&self.path);
        folders.map(|it| it.join(name)).find(|it| may_run(it))
    }
}

fn may_run(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
