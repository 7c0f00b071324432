//! What is run, how long things may take, and what is told of it.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::resources::SecretText;
use crate::workload::ProbeKind;

/// The variable that gives a program the word with which lines of its standard output begin that are for its team, not for
/// people: [`News::Report`]. Those that report have it: [`Process::reports`].
pub const REPORT_MARK: &str = "KAOS_REPORT_MARK";

/// A program to run, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// What it is called, such as `agent-analyst`.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// All of its environment, but for [`REPORT_MARK`], which no other way leads to: nothing is inherited.
    pub env: Vec<(String, SecretText)>,
    /// Where it runs.
    pub folder: PathBuf,
    /// The port of the loopback that it listens on.
    pub port: u16,
    /// How one learns that it is ready.
    pub ready: ProbeKind,
    /// How one learns, once it was ready, that it does not hang. A connection alone says nothing of that.
    pub alive: ProbeKind,
    /// Whether it is given [`REPORT_MARK`], so that its reports are believed: others may write what they like, it is lines.
    pub reports: bool,
    /// What has to be ready before it starts, and is stopped after it; names of other processes.
    pub after: Vec<String>,
}

/// How long things may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// From a start until it is ready; 60 seconds by default.
    pub ready: Duration,
    /// From SIGTERM to SIGKILL; 10 seconds by default.
    pub stop: Duration,
    /// From the first question to one that was ready that it does not answer until it is taken to hang, is ended and started
    /// again; 30 seconds by default. It is asked six times in that time.
    pub hung: Duration,
    /// Starts that may fail before the first that does not; 3 by default.
    pub attempts: u32,
    /// The wait before the first restart, which doubles with each; half a second by default.
    pub back_off: Duration,
    /// The longest such wait; 30 seconds by default. What ran for so long begins with the first wait again.
    pub longest_back_off: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ready: Duration::from_secs(60),
            stop: Duration::from_secs(10),
            hung: Duration::from_secs(30),
            attempts: 3,
            back_off: Duration::from_millis(500),
            longest_back_off: Duration::from_secs(30),
        }
    }
}

/// The command behind which each program runs: one that calls [`attend`](super::attend) with what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shim {
    /// The program, usually this one.
    pub program: PathBuf,
    /// Its arguments before ours: `--mark`, `--seconds`, `--`, the program and its arguments.
    pub args: Vec<String>,
}

impl Shim {
    /// The command that runs a program behind it, whose arguments are to follow. Both are in process groups of their own: a signal for the
    /// group of whoever starts them (Ctrl-C, a terminal that goes, `timeout`) is not theirs. They end when the standard input does, which is a
    /// pipe.
    #[must_use = "it is not started yet"]
    pub fn command(&self, mark: &str, limit: Duration, program: impl AsRef<OsStr>) -> Command {
        let seconds = limit.as_secs_f64().to_string();
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .args(["--mark", mark, "--seconds", &seconds, "--"])
            .arg(program)
            .stdin(Stdio::piped())
            .process_group(0);
        command
    }
}

/// How far a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It waits for what it needs.
    Waiting,
    /// It runs and is not ready yet.
    Starting,
    /// It runs and is ready.
    Ready,
    /// It has ended by itself, and is started again after a while.
    Restarting,
    /// It is asked to end.
    Stopping,
    /// It has ended as it was asked to.
    Stopped,
    /// It does not start, and is not tried again.
    Failed,
}

impl Stage {
    /// One word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Restarting => "restarting",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing of it runs, and nothing will.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed)
    }
}

/// How a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// How far it is.
    pub stage: Stage,
    /// Its process id, while it runs.
    pub pid: Option<u32>,
    /// How often it was started again.
    pub restarts: u32,
    /// Whether it was ready at least once.
    pub was_ready: bool,
    /// Why it is so, where that is no matter of course: `ended with code 1`.
    pub why: Option<String>,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum News<'n> {
    /// A process is in another stage.
    Stage {
        /// Which.
        name: &'n str,
        /// How it is now.
        standing: &'n Standing,
    },
    /// A process has written a line.
    Line {
        /// Which.
        name: &'n str,
        /// The line, as it was written, at most 16 KiB of it.
        text: &'n str,
    },
    /// A process reports something to its team.
    Report {
        /// Which.
        name: &'n str,
        /// What, as it was written, at most 16 KiB of it.
        text: &'n str,
    },
}
