//! `--ui`: the page of `kaos ui` beside a team.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kaos_operator::local::Shim;
use rustix::process::{Pid, Signal, kill_process_group};

use super::super::args::Args;
use crate::output;

/// How long it may take to end.
const LIMIT: Duration = Duration::from_secs(3);

/// How the line begins that says that the page has ended before its team.
pub(super) const IS_GONE: &str = "kaos: there is no page: ";

/// What begins the shim's own lines.
const MARK: &str = "page ";

/// The page's program, which ends with this, however this ends: it stands behind a process that notices. However that one ends, this
/// notices.
pub(super) struct Page {
    child: Child,
    /// The group of the program.
    group: Arc<Mutex<Option<Pid>>>,
    /// Gives what it said last.
    said: Option<JoinHandle<String>>,
}

impl Page {
    pub(super) fn start(args: &Args, shim: &Shim, port: u16) -> io::Result<Self> {
        let mut command = shim.command(MARK, LIMIT, std::env::current_exe()?);
        command
            .args(["ui", "--name", &args.which.name, "--port"])
            .arg(port.to_string());
        if let Some(key) = &args.trail_key {
            let mut public = key.clone().into_os_string();
            public.push(".pub");
            if std::path::Path::new(&public).is_file() {
                command.arg("--key").arg(public);
            }
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let group = Arc::new(Mutex::new(None));
        let (output, of_thread) = (child.stdout.take(), Arc::clone(&group));
        let listen = move || {
            let lines = output.map(|it| BufReader::new(it).lines());
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                let pid = line
                    .strip_prefix(MARK)
                    .and_then(|it| it.trim().strip_prefix("pid "));
                if let Some(pid) = pid.and_then(|it| it.parse().ok()) {
                    *lock(&of_thread) = Pid::from_raw(pid);
                }
            }
        };
        thread::Builder::new().spawn(listen)?;
        let said = child.stderr.take();
        let hand_on = move || {
            let mut last = String::new();
            let lines = said.map(|it| BufReader::new(it).lines());
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                output::say(&line);
                last = line;
            }
            last
        };
        let said = Some(thread::Builder::new().spawn(hand_on)?);
        Ok(Self { child, group, said })
    }

    /// What it said last, if it has ended: nothing of it is left.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten()?;
        self.sweep();
        let said = self.said.take()?.join().unwrap_or_default();
        Some(said.strip_prefix("kaos: ").unwrap_or(&said).to_owned())
    }

    /// Its shim ends its group, unless it was killed itself.
    fn sweep(&self) {
        if let Some(group) = lock(&self.group).take() {
            let _sent = kill_process_group(group, Signal::KILL).is_ok();
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait().is_ok();
        self.sweep();
    }
}

fn lock(of: &Mutex<Option<Pid>>) -> std::sync::MutexGuard<'_, Option<Pid>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
