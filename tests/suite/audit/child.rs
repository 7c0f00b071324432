//! Processes of their own, to be killed: this binary, with one of its tests.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Where the process writes its trail; whoever has it set is such a process.
pub(super) const KID_TRAIL: &str = "KAOS_TESTS_TRAIL";

/// The trail to write, in a process that is to be killed.
pub(super) fn kid_trail() -> Option<PathBuf> {
    std::env::var_os(KID_TRAIL).map(PathBuf::from)
}

/// A process to be killed; dropping it does.
pub(super) struct Kid {
    process: Child,
    said: Option<BufReader<ChildStdout>>,
}

impl Kid {
    /// Starts one that runs this test.
    pub(super) fn start(test: &str, env: &[(&str, &OsStr)]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", test])
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = process.stdout.take().map(BufReader::new);
        Self { process, said }
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it says, line by line, until it ends; a line that the kill cut off is left out.
    pub(super) fn lines(&mut self) -> impl Iterator<Item = String> {
        let said = self.said.as_mut().unwrap();
        std::iter::from_fn(move || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            line.strip_suffix('\n').map(str::to_owned)
        })
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Kid {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}
