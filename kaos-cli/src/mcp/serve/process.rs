//! One worker: a process of the machine's python3 that runs one call at a time.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use kaos_hooks::redact::Redactor;
use kaos_hooks::{IdSource as _, RandomIds};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::code::Code;
use super::frames;
use super::printed::{Lines, Printed};
use crate::output::Failed;
use crate::reports;

const WORKER: &str = include_str!("worker.py");

/// How long loading the code may take.
const LOADING: Duration = Duration::from_secs(60);

/// How long what was printed before an answer is looked for, and what was before an end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How workers are started.
pub(super) struct Python {
    pub(super) program: String,
    pub(super) code: Code,
    /// Bytes that one may address; 0 is no limit.
    pub(super) memory: u64,
}

/// A function as the worker tells of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) input_schema: Value,
    pub(super) output_schema: Option<Value>,
}

/// What came of starting: what was to start, or what is wrong with the code.
pub(super) enum Began<T> {
    Ready(T),
    Refused(String),
}

/// The process ended before it answered a call.
pub(super) struct Lost {
    pub(super) why: String,
    /// Whether it had begun with it: what it has done of it is unknown then.
    pub(super) begun: bool,
}

pub(super) struct Worker {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    lines: Lines<ChildStderr>,
    mark: String,
}

impl Python {
    pub(super) async fn start(&self) -> Result<Began<(Worker, Vec<Known>)>, Failed> {
        let size = WORKER.len();
        let bootstrap = format!(
            "import os\ns=b''\nwhile len(s)<{size}:s+=os.read(0,{size}-len(s))\nexec(compile(s,'<kaos>','exec'))"
        );
        let mut command = Command::new(&self.program);
        command
            .args(["-u", "-c", &bootstrap])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Who may ask is the server's to know: a function does not need it, and could say it.
            .env_remove("KAOS_API_TOKEN")
            .env_remove(reports::MARK)
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        let missing = || io::Error::other("a pipe is missing");
        let to = child.stdin.take().ok_or_else(missing)?;
        let from = child.stdout.take().ok_or_else(missing)?;
        let lines = Lines::new(child.stderr.take().ok_or_else(missing)?);
        let mut worker = Worker {
            child,
            to,
            from,
            lines,
            mark: format!("\u{1e}{:016x}", RandomIds.next()),
        };
        let begin = json!({
            "name": self.code.name, "source": self.code.source,
            "memory": self.memory, "mark": worker.mark, "most": frames::MAX_BYTES,
        });
        let program = &self.program;
        let loaded = match timeout(LOADING, worker.begin(&begin)).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(Lost { why, .. })) => {
                return Err(format!("{program} does not run the code: {why}").into());
            }
            Err(_elapsed) => {
                let name = &self.code.name;
                return Err(format!("{name} does not load within {LOADING:?}").into());
            }
        };
        match loaded {
            Loaded::Failed(failed) => Ok(Began::Refused(failed.text)),
            Loaded::Tools(tools) => Ok(Began::Ready((worker, tools))),
        }
    }

    fn not_started(&self, error: &io::Error) -> Failed {
        let program = &self.program;
        if error.kind() == io::ErrorKind::NotFound {
            return format!(
                "{program} is not there, and Python tools run in it: install Python 3.9 or newer (Debian: `apt-get install python3`), or name one with --python; tools in Rust need none"
            )
            .into();
        }
        format!("{program} cannot be started: {error}").into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Loaded {
    Tools(Vec<Known>),
    Failed(CodeError),
}

#[derive(Deserialize)]
struct CodeError {
    text: String,
}

impl Worker {
    async fn begin(&mut self, begin: &Value) -> Result<Loaded, Lost> {
        let lost = |why: String| Lost { why, begun: false };
        let sent = self.to.write_all(WORKER.as_bytes()).await;
        sent.map_err(|error| lost(error.to_string()))?;
        let redactor = Redactor::new();
        let loaded = self.call(begin, Printed::of("", &redactor)).await?;
        serde_json::from_value(loaded).map_err(|error| lost(error.to_string()))
    }

    /// Asks it, and hands on what it prints meanwhile.
    pub(super) async fn call(
        &mut self,
        call: &Value,
        mut printed: Printed<'_>,
    ) -> Result<Value, Lost> {
        let Self {
            child,
            to,
            from,
            lines,
            mark,
        } = self;
        let (mut speaks, mut marked, mut begun) = (true, false, false);
        let answered = {
            let asked = async {
                frames::write(to, call).await?;
                begun = frames::read(from).await?.is_null();
                frames::read(from).await
            };
            let mut asked = std::pin::pin!(asked);
            // A process that it started may hold its pipes open, so their end says too little.
            let ended = async {
                let ended = child.wait().await;
                tokio::time::sleep(LAST_WORDS).await;
                ended
                    .err()
                    .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
            };
            let mut ended = std::pin::pin!(ended);
            loop {
                tokio::select! {
                    biased;
                    answered = &mut asked => break answered,
                    line = lines.next(), if speaks => match line {
                        Some(line) if line == *mark => marked = true,
                        Some(line) => printed.line(&line),
                        None => speaks = false,
                    },
                    error = &mut ended => break Err(error),
                }
            }
        };
        if let (Err(error), false) = (&answered, begun) {
            let why = self.end_of(error).await;
            return Err(Lost { why, begun });
        }
        // What it printed may come behind the answer, up to the mark, or to the process' end.
        let rest = async {
            while speaks && !marked {
                match lines.next().await {
                    Some(line) if line == *mark => marked = true,
                    Some(line) => printed.line(&line),
                    None => speaks = false,
                }
            }
        };
        let _in_time = timeout(LAST_WORDS, rest).await.is_ok();
        match answered {
            Ok(answer) => Ok(answer),
            Err(error) => Err(Lost {
                why: self.end_of(&error).await,
                begun,
            }),
        }
    }

    async fn end_of(&mut self, error: &io::Error) -> String {
        match timeout(LAST_WORDS, self.child.wait()).await {
            Ok(Ok(status)) => how(status),
            _ => error.to_string(),
        }
    }
}

#[cfg(unix)]
fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("it was ended by the signal {signal}"),
        (None, Some(code)) => format!("it ended with the exit code {code}"),
        (None, None) => "it ended".to_owned(),
    }
}

#[cfg(not(unix))]
fn how(status: ExitStatus) -> String {
    format!("it ended: {status}")
}

impl Drop for Worker {
    /// Whatever it started ends with it.
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.child.id()
            && let Some(group) = i32::try_from(group)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let signal = rustix::process::Signal::KILL;
            let _sent = rustix::process::kill_process_group(group, signal).is_ok();
        }
    }
}
