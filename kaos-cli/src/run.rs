//! `kaos run`.

mod answer;
mod display;

use std::process::ExitCode;

use futures_util::future::join_all;
use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::McpServer;
use kaos_runner::{Agent, Limits, Runner};
use tokio_stream::StreamExt as _;

use self::display::Display;
pub(crate) use crate::config::Args;
use crate::config::{Config, Mcp};
use crate::output::Failed;
use crate::signals::Signals;

/// The answer was cut: by a limit of the model's, or by a filter.
const NOT_WHOLE: u8 = 3;

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
    let servers: Result<Vec<McpServer>, Failed> = config.mcp.iter().map(Mcp::server).collect();
    let servers = servers?;
    let telemetry = Telemetry::from_env()?;
    let audit = crate::recording::open(config.trail.as_deref(), config.trail_key.as_deref())?;
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
        let answered = async {
            let hooks = runner.observed_by().shutdown().await;
            // A turn that was interrupted has not told the store that its session is free.
            runner.session_store().settled().await;
            drop(runner);
            let _account = telemetry.shutdown().await;
            hooks
        };
        let closed = join_all(servers.iter().map(McpServer::close));
        tokio::join!(answered, closed).0
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
