//! The same agent, exported to an OpenTelemetry collector.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` says where to (`http://localhost:4317` when it is not set) and
//! `OTEL_EXPORTER_OTLP_PROTOCOL` how (`grpc`, the default, or `http/protobuf`). Without a collector
//! the turn is answered all the same, and the loss is counted. Ctrl-C flushes what there is.
//!
//! `--turns N` runs N turns, `--events FILE` also writes every event as a JSON line, and
//! `--current-thread` does it all on one thread.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_examples::lease_agent;
use kaos_hooks::{Event, codec};
use kaos_otel_hook::Telemetry;
use kaos_runner::Runner;

fn main() -> ExitCode {
    let mut runtime = if std::env::args().any(|argument| argument == "--current-thread") {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = runtime.enable_all().build();
    let Err(error) = runtime
        .map_err(Into::into)
        .and_then(|it| it.block_on(run()))
    else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(because) = cause {
        eprintln!("  because: {because}");
        cause = because.source();
    }
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::from_env_or("http://localhost:4317")?;
    telemetry.install_logs()?; // lines on stdout, and log records, with the ids of their spans
    let lines = argument("--events")
        .map(EventLines::create)
        .transpose()?
        .map(Arc::new);
    let write = lines
        .clone()
        .map(|lines| move |event: &Event<'_>| lines.write(event));
    let turns = argument("--turns").unwrap_or_else(|| "1".to_owned());
    let turns: u32 = turns
        .parse()
        .map_err(|_| format!("--turns is `{turns}`, not a number"))?;
    let runner = Runner::new(lease_agent()).hooks((telemetry.hooks(), write));

    let mut interrupted = pin!(tokio::signal::ctrl_c());
    for _ in 0..turns {
        tokio::task::yield_now().await; // offline turns never wait: let the signal in
        tokio::select! {
            reply = runner.turn("Summarize the lease.", "session-1") => {
                let reply = reply?;
                println!("{reply} (trace {})", reply.trace_id());
            }
            _ = &mut interrupted => break,
        }
    }
    drop(runner);
    eprintln!("{}", telemetry.shutdown().await);
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

/// The value after a flag of the command line.
fn argument(flag: &str) -> Option<String> {
    std::env::args()
        .skip_while(|argument| argument != flag)
        .nth(1)
}
