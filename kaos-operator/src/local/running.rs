//! A program that runs behind its shim.

use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::process::{Process, REPORT_MARK, Shim};

/// The most bytes of a line; the rest is another one.
const LINE: u64 = 16 * 1024;

/// How long what was written before an end is waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much longer than its own limit a shim may take to end.
const MARGIN: Duration = Duration::from_secs(2);

const KILLED: &str = "did not end in time, and was killed";

/// What a program has written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wrote<'w> {
    Line(&'w str),
    /// What it reports to its team, without the word before it.
    Report(&'w str),
}

/// What is done with what it writes.
pub(super) type Lines = Arc<dyn Fn(Wrote<'_>) + Send + Sync>;

/// What a shim told of its program.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Reported {
    pub(super) pid: Option<u32>,
    pub(super) killed: bool,
}

pub(super) struct Running {
    child: Child,
    reported: Arc<Mutex<Reported>>,
    /// Disconnected once both outputs are at their ends.
    read: Receiver<()>,
}

impl Running {
    pub(super) fn start(
        process: &Process,
        shim: &Shim,
        limit: Duration,
        lines: &Lines,
    ) -> io::Result<Self> {
        let (mark, word) = (mark(), process.reports.then(word));
        let mut command = shim.command(&mark, limit, &process.program);
        command
            .args(&process.args)
            .env_clear()
            .envs(
                process
                    .env
                    .iter()
                    .map(|(name, value)| (name, value.expose())),
            )
            .env_remove(REPORT_MARK)
            .envs(word.as_ref().map(|it| (REPORT_MARK, it)))
            .current_dir(&process.folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let reported = Arc::new(Mutex::new(Reported::default()));
        let (open, read) = sync_channel(0);
        let of_shim = {
            let (reported, lines) = (Arc::clone(&reported), Arc::clone(lines));
            move |line: &str| {
                if let Some(what) = line.strip_prefix(&mark) {
                    note(&reported, what.trim());
                } else if let Some(report) = word.as_ref().and_then(|it| line.strip_prefix(it)) {
                    lines(Wrote::Report(report.trim()));
                } else {
                    lines(Wrote::Line(line));
                }
            }
        };
        if let Some(output) = child.stdout.take() {
            reading(output, open.clone(), of_shim)?;
        }
        if let Some(output) = child.stderr.take() {
            let lines = Arc::clone(lines);
            reading(output, open, move |line: &str| lines(Wrote::Line(line)))?;
        }
        Ok(Self {
            child,
            reported,
            read,
        })
    }

    pub(super) fn reported(&self) -> Reported {
        *self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        self.swept();
        Some(described(status))
    }

    /// Asks it to end, and waits: SIGTERM to all of its group, SIGKILL after the limit. Gives what was wrong with its end.
    pub(super) fn stop(mut self, limit: Duration) -> Option<String> {
        drop(self.child.stdin.take());
        let until = Instant::now() + limit + MARGIN;
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.swept();
                return match self.reported().killed {
                    true => Some(KILLED.to_owned()),
                    false if status.success() => None,
                    // What has no handler of its own for it.
                    false if status.code() == Some(128 + 15) => None,
                    false => Some(described(status)),
                };
            }
            thread::sleep(Duration::from_millis(10));
        }
        // The shim itself hangs, or was stopped.
        let _killed = self.child.kill().is_ok();
        let _waited = self.child.wait().is_ok();
        self.swept();
        Some(KILLED.to_owned())
    }

    /// After the shim's end nothing of its program is left, even if the shim was killed; and what was written is read.
    fn swept(&self) {
        if let Some(group) = self
            .reported()
            .pid
            .and_then(|it| Pid::from_raw(i32::try_from(it).ok()?))
        {
            let _sent = kill_process_group(group, Signal::KILL).is_ok();
        }
        let until = Instant::now() + LAST_WORDS;
        while let Err(RecvTimeoutError::Timeout) = self.read.recv_timeout(Duration::from_millis(20))
        {
            if Instant::now() > until {
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without its input the shim ends by itself.
        drop(self.child.stdin.take());
    }
}

/// A word that no program's line begins with.
fn mark() -> String {
    format!("\u{1e}{:016x}", random())
}

/// One that a program is given, and that no line of others begins with. It is another one, so that a program cannot speak
/// for its shim.
fn word() -> String {
    format!("report-{:016x}", random())
}

fn random() -> u64 {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher as _;
    RandomState::new().hash_one("mark")
}

fn note(reported: &Mutex<Reported>, what: &str) {
    let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
    match what.strip_prefix("pid ") {
        Some(pid) => reported.pid = pid.parse().ok(),
        None => reported.killed = true,
    }
}

/// Reads lines to the end, in a thread.
fn reading(
    from: impl Read + Send + 'static,
    open: SyncSender<()>,
    lines: impl Fn(&str) + Send + 'static,
) -> io::Result<()> {
    let read = move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        loop {
            line.clear();
            if !matches!((&mut from).take(LINE).read_until(b'\n', &mut line), Ok(1..)) {
                drop(open);
                return;
            }
            let text = String::from_utf8_lossy(&line);
            lines(text.trim_end_matches(['\n', '\r']));
        }
    };
    thread::Builder::new().spawn(read).map(drop)
}

fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => "could not be started".to_owned(),
        (Some(code @ 129..=192), _) => format!("was killed by signal {}", code - 128),
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
