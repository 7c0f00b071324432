//! `kaos model serve`.

mod answer;
mod call;
mod forward;
mod provider;
mod response;
mod routes;
mod scripted;

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args as ClapArgs;
use kaos_otel_hook::Telemetry;
use kaos_runner::server::{Bounds, Drain, listen};

use self::call::Calls;
use self::provider::Provider;
use self::routes::Shared;
use self::scripted::Script;
use crate::config::variable;
use crate::output::{self, Failed};
use crate::service;
use crate::signals::Signals;

#[derive(ClapArgs)]
#[command(
    after_help = "The configuration is LiteLLM's: of model_list it reads model_name (* and prefix/* are patterns), and model, api_base and api_key of litellm_params;
os.environ/NAME names a variable. Requests go on as they are, with the model's own name and key; the provider is what stands before the
first / of the model. A provider without an address of its own needs api_base; one that does not speak OpenAI's chat completions needs LiteLLM.

DEBUG_MOCK_RESPONSES answers instead: a JSON list of replies, each a text or {\"text\", \"tool_calls\", \"usage\"}, from the first for each question; or
an object of such lists, by model.

KAOS_ALLOWED_HOSTS and KAOS_ALLOWED_ORIGINS say under which names it is asked, and which web pages may ask, as for kaos agent serve; LOG_LEVEL
says which log lines there are.

Exit codes: 0 ended as asked, 1 the address cannot be listened at, 2 the command or its configuration is wrong."
)]
pub(crate) struct Args {
    /// The models, as LiteLLM's configuration has them
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The address to listen at; elsewhere than on this machine only if you say so
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen at; 0 is one that is free
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    service::run(async |signals| serve(args, signals).await)
}

async fn serve(args: &Args, signals: Signals) -> Result<ExitCode, Failed> {
    let at = args.config.display();
    let text = std::fs::read_to_string(&args.config).map_err(|error| format!("{at}: {error}"))?;
    let models = kaos_operator::model_routes(&text).map_err(|why| format!("{at}: {why}"))?;
    let script = variable("DEBUG_MOCK_RESPONSES").map(|it| Script::read(&it));
    let providers = models.iter().map(|it| Provider::of(it, script.is_some()));
    let providers = providers.collect::<Result<Vec<_>, String>>()?;
    let telemetry = Telemetry::from_env()?;
    telemetry.install_logs()?;
    let Some(listener) = service::listener(args.host, args.port).await else {
        return Ok(ExitCode::FAILURE);
    };
    let at = listener.local_addr()?;
    let how = if script.is_some() {
        "answered by script"
    } else {
        "forwarded"
    };
    output::say(&format!("kaos: models at http://{at}/v1, {how}"));
    let shared = Shared {
        providers,
        script,
        calls: Calls::new(&telemetry),
    };
    let stop = service::stops(signals);
    let access = service::access().at(at);
    let routes = access.guard(routes::router(Arc::new(shared)));
    let drained = Box::pin(listen(
        listener,
        routes,
        &Bounds::default(),
        &Drain::default(),
        stop,
    ))
    .await?;
    if drained.cancelled > 0 {
        output::say(&format!("kaos: {} calls were cancelled", drained.cancelled));
    }
    let _account = telemetry.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
