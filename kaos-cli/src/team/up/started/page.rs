//! `--ui`: the page of `kaos ui` beside a team.

use std::io;
use std::process::{Child, Command, Stdio};

use super::super::args::Args;

/// How long it may take to end.
const SECONDS: &str = "3";

/// The page's program, which ends with this, however this ends: it stands behind a process that notices.
pub(super) struct Page(Child);

impl Page {
    pub(super) fn start(args: &Args, port: u16) -> io::Result<Self> {
        let kaos = std::env::current_exe()?;
        let mut command = Command::new(&kaos);
        command
            .args(["attend", "--mark", "page ", "--seconds", SECONDS, "--"])
            .arg(&kaos)
            .args(["ui", "--name", &args.which.name, "--port"])
            .arg(port.to_string());
        if let Some(key) = &args.trail_key {
            let mut public = key.clone().into_os_string();
            public.push(".pub");
            if std::path::Path::new(&public).is_file() {
                command.arg("--key").arg(public);
            }
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ended = self.0.wait().is_ok();
    }
}
