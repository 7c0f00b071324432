//! `kaos mcp serve`.

mod code;
mod frames;
mod pool;
mod printed;
mod process;
mod tool;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::server::{ToolServer, ToolSet};
use kaos_runner::server::Access;

use self::code::Code;
use self::pool::Pool;
use self::process::{Began, Python};
use self::tool::PythonTool;
use crate::config::variable;
use crate::output::{self, Failed};
use crate::reports::Reporter;
use crate::service;
use crate::signals::Signals;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "Each function that the file defines becomes a tool, plain or async: its parameters' types and defaults are the tool's
schema, its docstring the description. Functions whose names begin with _ do not; where the file has __all__, what
that names does. They run in processes of the machine's python3, one call at a time in each, so what a function
keeps in a global is its process' own. What it prints becomes log lines with the call's ids.

MCP_TOOLS_STRING, MCP_HOST and MCP_PORT stand for --tools-string, --host and --port; MCP_LOG_LEVEL or LOG_LEVEL for
the level of log lines. KAOS_API_TOKEN, KAOS_ALLOWED_HOSTS and KAOS_ALLOWED_ORIGINS say who may ask, as for
kaos agent serve; OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there.

Exit codes: 0 ended as asked, 1 the code has an error or the address cannot be listened at, 2 the command or its
configuration is wrong."
)]
pub(crate) struct Args {
    /// The Python file
    #[arg(conflicts_with = "tools_string")]
    file: Option<std::path::PathBuf>,
    /// The Python code itself
    #[arg(long)]
    tools_string: Option<String>,
    /// Serve one client on the standard input and output, instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// The address to listen at; elsewhere than on this machine only if you say so [default: 127.0.0.1]
    #[arg(long)]
    host: Option<IpAddr>,
    /// The port to listen at; 0 is one that is free [default: 8000]
    #[arg(long)]
    port: Option<u16>,
    /// What the server is called
    #[arg(long, default_value = "tools")]
    name: String,
    /// How many processes run calls; one a core unless given
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    /// Seconds that a call may take; then its process is killed
    #[arg(long, default_value_t = 60)]
    time: u64,
    /// MiB of memory that a process may address; 0 is no limit
    #[arg(long, default_value_t = 1024)]
    memory: u64,
    /// Sessions at once; 0: no client has one
    #[arg(long, default_value_t = ToolServer::DEFAULT_SESSIONS)]
    sessions: usize,
    /// The interpreter
    #[arg(long, default_value = "python3")]
    python: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let code = Code::of(args.file.as_deref(), args.tools_string.as_deref())?;
    service::run(async |signals| serve(args, code, signals).await)
}

async fn serve(args: &Args, code: Code, mut signals: Signals) -> Result<ExitCode, Failed> {
    let output = args.stdio.then(terminal::messages).transpose()?;
    let telemetry = Telemetry::from_env()?;
    printed::install(&telemetry)?;
    let python = Python {
        program: args.python.clone(),
        code,
        memory: args.memory.saturating_mul(1024 * 1024),
    };
    let workers = args
        .workers
        .or_else(|| std::thread::available_parallelism().ok());
    let workers = workers.map_or(1, NonZeroUsize::get);
    let began = tokio::select! {
        biased;
        // Dropped, it kills what it has started: code may take long to load.
        _code = signals.next() => return Ok(ExitCode::SUCCESS),
        began = Pool::start(python, workers) => began?,
    };
    let (pool, known) = match began {
        Began::Ready(ready) => ready,
        Began::Refused(why) => {
            output::say(why.trim_end());
            return Ok(ExitCode::FAILURE);
        }
    };
    let pool = Arc::new(pool);
    let limit = Duration::from_secs(args.time);
    let tools: ToolSet = known
        .into_iter()
        .map(|known| PythonTool::new(known, limit, &pool))
        .collect();
    let count = tools.names().len();
    let asked = Arc::clone(&pool);
    let server = ToolServer::new()
        .name(args.name.clone())
        .tools(tools)
        .hooks((
            telemetry.hooks(),
            service::hand_on(&telemetry),
            Reporter::of_team().map(Reporter::hook),
        ))
        .sessions(args.sessions)
        .access(access())
        .ready(move || asked.works());
    let hooks = server.hooks_in_use();
    let code = if let Some(output) = output {
        tokio::select! {
            biased;
            code = signals.next() => Ok(ExitCode::from(code)),
            ended = server.serve_pipes(tokio::io::stdin(), output) => ended.map(|()| ExitCode::SUCCESS).map_err(Into::into),
        }
    } else {
        listen(args, server, count, signals).await
    };
    pool.end();
    let flushed = hooks.shutdown().await;
    let _account = telemetry.shutdown().await;
    flushed?;
    code
}

async fn listen(
    args: &Args,
    server: ToolServer,
    count: usize,
    signals: Signals,
) -> Result<ExitCode, Failed> {
    let host = match (args.host, variable("MCP_HOST")) {
        (Some(host), _) => host,
        (None, Some(given)) => given
            .parse()
            .map_err(|_no| format!("MCP_HOST is `{given}`, which is no address"))?,
        (None, None) => IpAddr::from([127, 0, 0, 1]),
    };
    let port = match (args.port, variable("MCP_PORT")) {
        (Some(port), _) => port,
        (None, Some(given)) => given
            .parse()
            .map_err(|_no| format!("MCP_PORT is `{given}`, which is no port"))?,
        (None, None) => 8000,
    };
    let Some(listener) = service::listener(host, port).await else {
        return Ok(ExitCode::FAILURE);
    };
    let at = listener.local_addr()?;
    let tools = if count == 1 { "tool" } else { "tools" };
    output::say(&format!("kaos: {count} {tools} at http://{at}/mcp"));
    let stop = service::stops(signals);
    let drained = Box::pin(server.serve(listener, stop)).await?;
    if drained.cancelled > 0 {
        let cancelled = drained.cancelled;
        output::say(&format!("kaos: {cancelled} calls were cancelled"));
    }
    Ok(ExitCode::SUCCESS)
}

fn access() -> Access {
    let tokens = service::list("KAOS_API_TOKEN");
    tokens.iter().fold(service::access(), Access::token)
}
