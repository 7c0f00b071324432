//! The same agent, exported to an OpenTelemetry collector.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` says where to (`http://localhost:4317` when it is not set) and
//! `OTEL_EXPORTER_OTLP_PROTOCOL` how (`grpc`, the default, or `http/protobuf`). Without a collector
//! the turn is answered all the same, and the loss is counted. Ctrl-C flushes what there is.
//!
//! `--turns N` runs N turns, `--events FILE` also writes every event as a JSON line, and
//! `--current-thread` does it all on one thread. `KAOS_TRAIL` names the directory of an audit trail.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_examples::lease_agent;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::{Event, codec};
use kaos_otel_hook::Telemetry;
use kaos_runner::Runner;

fn main() -> ExitCode {
    let Err(error) = start() else {
        return ExitCode::SUCCESS;
    };
    say(&format!("error: {error}"));
    let mut cause = error.source();
    while let Some(because) = cause {
        say(&format!("  because: {because}"));
        cause = because.source();
    }
    ExitCode::FAILURE
}

fn start() -> Result<(), Box<dyn Error>> {
    let options = Options::of(std::env::args().skip(1))?;
    let mut runtime = if options.current_thread {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    runtime.enable_all().build()?.block_on(run(options))
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let lines = options
        .events
        .map(EventLines::create)
        .transpose()?
        .map(Arc::new);
    let write = lines
        .clone()
        .map(|lines| move |event: &Event<'_>| lines.write(event));
    let telemetry = Telemetry::from_env_or("http://localhost:4317")?;
    telemetry.install_logs()?; // lines on stdout, and log records, with the ids of their spans
    let audit = std::env::var_os("KAOS_TRAIL")
        .map(AuditHook::open)
        .transpose()?;
    let runner = Runner::new(lease_agent()).hooks((telemetry.hooks(), audit, write));

    let mut interrupted = pin!(tokio::signal::ctrl_c());
    for number in 1..=options.turns {
        tokio::task::yield_now().await; // offline turns never wait: let the signal in
        tokio::select! {
            reply = runner.turn("Summarize the lease.", format!("session-{number}")) => {
                let reply = reply?;
                writeln!(io::stdout(), "{reply} (trace {})", reply.trace_id())
                    .map_err(|error| format!("cannot write the answer: {error}"))?;
            }
            _ = &mut interrupted => break,
        }
    }
    drop(runner);
    say(&telemetry.shutdown().await.to_string());
    if let Some(lines) = lines {
        lines.finish()?;
    }
    Ok(())
}

/// A file of event lines. Hooks do not fail, so the first error is kept until the end.
struct EventLines {
    path: String,
    file: Mutex<(BufWriter<File>, io::Result<()>)>,
}

impl EventLines {
    fn create(path: String) -> Result<Self, String> {
        let file = File::create(&path).map_err(|error| format!("cannot create {path}: {error}"))?;
        Ok(Self {
            path,
            file: Mutex::new((BufWriter::new(file), Ok(()))),
        })
    }

    fn write(&self, event: &Event<'_>) {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, so_far) = &mut *guard;
        if so_far.is_ok() {
            *so_far = writeln!(file, "{}", codec::encode(event));
        }
    }

    fn finish(&self) -> Result<(), String> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, so_far) = &mut *guard;
        let written = std::mem::replace(so_far, Ok(())).and_then(|()| file.flush());
        written.map_err(|error| format!("events are missing from {}: {error}", self.path))
    }
}

/// A line on stderr. When that is full or closed, there is nobody left to tell.
fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// What the command line asks for.
struct Options {
    turns: u32,
    events: Option<String>,
    current_thread: bool,
}

impl Options {
    fn of(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            turns: 1,
            events: None,
            current_thread: false,
        };
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
            match &*flag {
                "--turns" => {
                    let turns = value()?;
                    options.turns = turns
                        .parse()
                        .map_err(|_| format!("--turns is `{turns}`, not a number"))?;
                }
                "--events" => options.events = Some(value()?),
                "--current-thread" => options.current_thread = true,
                _ => {
                    return Err(format!(
                        "{flag} is none of --turns N, --events FILE, --current-thread"
                    ));
                }
            }
        }
        Ok(options)
    }
}
