//! `kaos run`.

mod answer;
mod complaints;
mod config;
mod display;
mod servers;
mod signals;

use std::process::ExitCode;

use clap::Args as ClapArgs;
use futures_util::future::join_all;
use kaos_hooks::audit::{AuditHook, SigningKey};
use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::McpServer;
use kaos_runner::{Agent, Limits, Runner};
use tokio_stream::StreamExt as _;

pub(crate) use self::config::Config;
use self::display::Display;
use self::signals::Signals;
use crate::output::Failed;

/// The answer was cut: by a limit of the model's, or by a filter.
const NOT_WHOLE: u8 = 3;

#[derive(ClapArgs)]
#[command(
    after_help = "The answer goes to the standard output as it is made, everything else to the standard error.

A setting is taken from its flag, else from its variable, else from kaos.toml, else it has a default:

    instructions = \"Answer briefly.\"
    trail = \"trail\"                              # an audit trail
    [model]
    url = \"http://localhost:11434/v1\"            # any OpenAI-compatible endpoint
    name = \"qwen3\"
    [limits]
    steps = 10
    seconds = 300
    [[mcp]]                                      # tools of a server, as often as you like
    server = \"https://mcp.example.org/mcp\"       # a URL, or a program with its arguments
    name = \"search\"                              # its tools' prefix where names clash
    start_seconds = 10                           # to start and list its tools
    call_seconds = 60                            # for a call
    token_env = \"SEARCH_TOKEN\"                   # URL: the variable with the bearer token
    headers = { X-Team = \"blue\" }                # URL: headers,
    headers_env = { X-Key = \"SEARCH_KEY\" }       # and headers from variables
    [[mcp]]
    server = \"mcp-server-files\"
    args = [\"--root\", \"/srv/my files\"]           # program: its arguments, with blanks in them
    env = { MODE = \"read\" }                      # program: it gets PATH, HOME and the like, these variables,
    env_from = [\"FILES_TOKEN\"]                   # and these of yours

The kaos.toml of the current directory is taken once `kaos trust` was told to, as long as nobody changes it;
that of --config always.

Without a URL the model is provider:name, such as anthropic:claude-haiku-4-5 or openai:gpt-5-mini, whose key is in
ANTHROPIC_API_KEY, OPENAI_API_KEY, …; OPENAI_API_KEY is the key of a URL, too. DEBUG_MOCK_RESPONSES='[\"Hello.\"]' answers without a model.
OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there. KAOS_SESSIONS=redis://… keeps the conversations of --session there.

Exit codes: 0 answered, 1 no answer, 2 the command or its configuration is wrong, 3 the answer was cut by a limit
or a filter of the model, 130 Ctrl-C (SIGINT), 143 SIGTERM, 129 SIGHUP. A signal cancels what runs, ends MCP servers and
sends and records what there is; a second one does not wait for that.

On a terminal, control characters in answers are shown as escapes; in files and pipes answers are byte for byte."
)]
pub(crate) struct Args {
    /// What to ask
    question: String,
    /// The endpoint's base URL [variable: MODEL_API_URL]
    #[arg(long)]
    url: Option<String>,
    /// The model's name [variable: MODEL_NAME]
    #[arg(long)]
    model: Option<String>,
    /// What the agent is told to be
    #[arg(long)]
    instructions: Option<String>,
    /// An MCP server with tools: a URL, or a command to start; may be given more than once
    #[arg(long, value_name = "URL or COMMAND")]
    mcp: Vec<String>,
    /// How many steps it may take
    #[arg(long)]
    steps: Option<u32>,
    /// How many seconds it may take
    #[arg(long)]
    seconds: Option<u64>,
    /// Records what happens in the audit trail of this directory [variable: KAOS_TRAIL]
    #[arg(long)]
    trail: Option<String>,
    /// Signs the trail with this key, made by `kaos audit keygen` [variable: KAOS_TRAIL_KEY]
    #[arg(long)]
    trail_key: Option<String>,
    /// The conversation's name in traces, trail and, where KAOS_SESSIONS names a store, there
    #[arg(long)]
    session: Option<String>,
    /// Where settings are; ./kaos.toml, if it is trusted, unless given
    #[arg(long)]
    config: Option<String>,
    /// Shows no tree
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let config = Config::of(args)?;
    let signals = Signals::listen()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(answer(args, &config, signals))
}

async fn answer(args: &Args, config: &Config, mut signals: Signals) -> Result<ExitCode, Failed> {
    let display = Display::new(!args.quiet);
    crate::warnings::show(display.bars());
    let servers: Result<Vec<McpServer>, Failed> =
        config.mcp.iter().map(servers::Mcp::server).collect();
    let servers = servers?;
    let telemetry = Telemetry::from_env()?;
    let audit = config.trail.as_ref().map(|trail| audit(config, trail));
    let audit = audit.transpose()?;
    let hooks = (telemetry.hooks(), audit, display.hook());
    let runner = Runner::new(agent(config, &servers)?).hooks(hooks);
    let runner = match crate::sessions::store()? {
        Some(store) => runner.sessions(store),
        None => runner,
    };

    let session = args.session.clone().unwrap_or_default();
    let mut events = runner.run(args.question.clone(), session);
    let finished = async {
        while events.next().await.is_some() {}
        events.into_reply().await
    };
    let ended = tokio::select! {
        biased;
        code = signals.next() => Err(code),
        ended = finished => Ok(ended),
    };
    // Whatever was interrupted has ended as cancelled by now, and is sent and recorded, too.
    let mut flush = Box::pin(async {
        let told = async {
            let hooks = runner.observed_by().shutdown().await;
            // A turn that was interrupted has not told the store that its session is free.
            runner.session_store().settled().await;
            drop(runner);
            let _account = telemetry.shutdown().await;
            hooks
        };
        let closed = join_all(servers.iter().map(McpServer::close));
        tokio::join!(told, closed).0
    });
    let second = async {
        if ended.is_ok() {
            signals.next().await;
        }
        signals.next().await
    };
    let flushed = tokio::select! {
        flushed = &mut flush => flushed,
        again = second => {
            // Nothing of it is waited for, and what it holds would wait when it is dropped. What runs
            // in the runtime is dropped with it: children are killed.
            std::mem::forget(flush);
            return Ok(ExitCode::from(ended.err().unwrap_or(again)));
        }
    };
    drop(flush);
    display.end(ended.as_ref().ok().and_then(|ended| ended.as_ref().ok()))?;
    flushed?;
    match ended {
        Ok(Ok(reply)) => {
            if let Err(why) = reply.remembered() {
                let why = format!("the session does not have this turn: {why}");
                crate::output::failed(&why.into());
            }
            if let Err(why) = reply.durable() {
                let why = format!("the audit trail may be without the turn's end: {why}");
                crate::output::failed(&why.into());
            }
            let cut = reply.finish_reason().filter(|reason| !reason.is_whole());
            let Some(reason) = cut else {
                return Ok(ExitCode::SUCCESS);
            };
            let why = format!("the answer is not whole: the model stopped with `{reason}`");
            crate::output::failed(&why.into());
            Ok(ExitCode::from(NOT_WHOLE))
        }
        Ok(Err(error)) => {
            crate::output::failed(&error.into());
            Ok(ExitCode::FAILURE)
        }
        Err(code) => Ok(ExitCode::from(code)),
    }
}

fn audit(config: &Config, trail: &str) -> Result<AuditHook, Failed> {
    let mut audit = AuditHook::builder(trail);
    if let Some(key) = &config.trail_key {
        audit = audit.signing_key(SigningKey::read(key)?);
    }
    Ok(audit.open()?)
}

fn agent(config: &Config, servers: &[McpServer]) -> Result<Agent, Failed> {
    let model = kaos_runner::models::model_from_vars(|name| config.model_variable(name))?;
    let limits = Limits {
        steps: config.steps,
        turn: config.time,
        ..Limits::default()
    };
    let agent = Agent::new("kaos", model).limits(limits);
    let agent = servers.iter().cloned().fold(agent, Agent::tools_from);
    Ok(match &config.instructions {
        Some(instructions) => agent.instructions(instructions.clone()),
        None => agent,
    })
}
