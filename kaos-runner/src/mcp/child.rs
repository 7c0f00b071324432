//! A child process that is a server: its pipes, and an end that leaves nothing behind.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::messages::{Broken, Messages};

/// How long a child may take to end by itself, and again after it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long closing its input may take: a write to a child that reads nothing is waited for no longer.
const CLOSING: Duration = Duration::from_millis(500);

/// How long what a child wrote before it ended is looked for. What it started may hold the pipe.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How often a group of processes is looked at while it ends: nobody tells when its last one has.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(20);

/// The most bytes of one line of the standard error; the rest of it is left out.
const MAX_LINE: u64 = 4096;

/// What is done with each line of a child's standard error.
pub(super) type Lines = Arc<dyn Fn(&str) + Send + Sync>;

/// Messages to and from a child, one a line.
pub(super) struct Pipes {
    messages: AsyncRwTransport<RoleClient, Messages<ChildStdout>, ChildStdin>,
    process: Process,
    broken: Broken,
}

impl Pipes {
    /// Starts it in a process group of its own, so that what it starts ends with it, and Ctrl-C is
    /// this process' affair.
    pub(super) fn start(mut command: Command, lines: Option<Lines>) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(match &lines {
            Some(_) => Stdio::piped(),
            None => Stdio::inherit(),
        });
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.kill_on_drop(true).spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr_task = child.stderr.take().zip(lines);
        let stderr_task =
            stderr_task.map(|(stderr, lines)| tokio::spawn(tell(stderr, lines)).abort_handle());
        let broken = Broken::default();
        let stdout = Messages::new(stdout, Arc::clone(&broken));
        let messages = AsyncRwTransport::new_client(stdout, stdin);
        // Theirs is a limit that nobody hears of.
        let messages = messages.with_max_line_length(usize::MAX);
        let process = Process::new(child, stderr_task);
        Ok(Self {
            messages,
            process,
            broken,
        })
    }

    /// Where it stands why what the child says cannot be read on, should that be so.
    pub(super) fn broken(&self) -> Broken {
        Arc::clone(&self.broken)
    }
}

impl Transport<RoleClient> for Pipes {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.messages.send(message)
    }

    /// The next message; `None` once the child has ended, whoever holds its pipe.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        tokio::select! {
            biased;
            message = self.messages.receive() => return message,
            _ended = self.process.child.wait() => {}
        }
        let left = timeout(LAST_WORDS, self.messages.receive()).await;
        left.ok().flatten()
    }

    /// Closes its input, and ends it in order.
    async fn close(&mut self) -> io::Result<()> {
        // However that ends, the process does.
        let Self {
            messages, process, ..
        } = self;
        let _closed = timeout(CLOSING, messages.close()).await;
        // A child that still writes must not have to wait for somebody who reads.
        let read = async {
            while messages.receive().await.is_some() {}
            std::future::pending().await
        };
        tokio::select! {
            () = process.end() => Ok(()),
            never = read => never,
        }
    }
}

/// A child, and the group of what it started. Dropped, all of it is killed at once.
struct Process {
    child: Child,
    stderr_task: Option<AbortHandle>,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Process {
    fn new(child: Child, stderr_task: Option<AbortHandle>) -> Self {
        #[cfg(unix)]
        let group = child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        Self {
            child,
            stderr_task,
            #[cfg(unix)]
            group,
        }
    }

    /// Waits for it, whose input is closed; then asks all of its group to end; then kills them.
    async fn end(&mut self) {
        let alone = timeout(GRACE, self.child.wait()).await.is_ok();
        #[cfg(unix)]
        if !alone || self.group_lives() {
            self.signal(rustix::process::Signal::TERM);
            let _in_time = timeout(GRACE, self.group_ends()).await.is_ok();
            self.signal(rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = alone;
        // It has ended already, or does so now.
        let _killed = self.child.kill().await.is_ok();
        #[cfg(unix)]
        {
            self.group = None;
        }
    }

    #[cfg(unix)]
    fn group_lives(&self) -> bool {
        self.group.is_some_and(|group| {
            rustix::process::test_kill_process_group(group).is_ok() && any_runs(group)
        })
    }

    #[cfg(unix)]
    async fn group_ends(&mut self) {
        loop {
            // It counts as one of the group until it is waited for.
            let _ended = self.child.try_wait().is_ok();
            if !self.group_lives() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            // Nobody may be left.
            let _sent = rustix::process::kill_process_group(group, signal).is_ok();
        }
    }
}

/// Whether any process of a group still runs. One that has ended stays in it until it is waited for, and
/// in a container perhaps nobody waits for orphans.
#[cfg(target_os = "linux")]
fn any_runs(group: rustix::process::Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    processes.flatten().any(|process| {
        let status = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // Behind the program's name, which may hold anything: state, parent, group.
        let behind = status.rsplit(") ").next().unwrap_or_default();
        let mut fields = behind.split(' ');
        let (state, of) = (fields.next(), fields.nth(1));
        let ours = of.and_then(|of| of.parse().ok()) == Some(group.as_raw_nonzero().get());
        ours && !matches!(state, Some("Z" | "X"))
    })
}

#[cfg(all(unix, not(target_os = "linux")))]
fn any_runs(_group: rustix::process::Pid) -> bool {
    true
}

impl Drop for Process {
    fn drop(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        if let Some(stderr_task) = &self.stderr_task {
            stderr_task.abort();
        }
    }
}

/// Hands on what comes, line by line.
async fn tell(from: impl AsyncRead + Unpin, lines: Lines) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut start = (&mut from).take(MAX_LINE);
        if !matches!(start.read_until(b'\n', &mut line).await, Ok(1..)) {
            return;
        }
        let cut = line.pop_if(|last| *last == b'\n').is_none();
        if cut && line.len() as u64 == MAX_LINE && !rest_of_line(&mut from).await {
            return;
        }
        lines(&String::from_utf8_lossy(&line));
    }
}

/// Reads on to the end of the line; whether there may be another one.
async fn rest_of_line(from: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> bool {
    loop {
        let Ok(read) = from.fill_buf().await else {
            return false;
        };
        let (end, all) = (read.iter().position(|it| *it == b'\n'), read.len());
        from.consume(end.map_or(all, |at| at + 1));
        if end.is_some() || all == 0 {
            return end.is_some();
        }
    }
}
