//! What services have in common: their runtime, their end, and the socket they listen at.

use std::fmt::Display;
use std::process::ExitCode;

use futures_util::Stream;
use futures_util::stream::unfold;
use kaos_otel_hook::{HandOn, Telemetry};
use kaos_runner::server::Access;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::config::variable;
use crate::output::{self, Failed};
use crate::signals::Signals;

/// Runs a service until it has ended. What still runs by then, such as a read of the standard input, is not
/// waited for.
pub(crate) fn run(
    serve: impl AsyncFnOnce(Signals) -> Result<ExitCode, Failed>,
) -> Result<ExitCode, Failed> {
    let signals = Signals::listen()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(signals));
    runtime.shutdown_background();
    ended
}

/// The socket; `None` where it cannot be listened at, which is said.
pub(crate) async fn listener<H: Display + Clone>(host: H, port: u16) -> Option<TcpListener>
where
    (H, u16): ToSocketAddrs,
{
    match TcpListener::bind((host.clone(), port)).await {
        Ok(listener) => Some(listener),
        Err(error) => {
            output::say(&format!("kaos: {host}, port {port}: {error}"));
            None
        }
    }
}

/// The signals, as what tells a server to stop.
pub(crate) fn stops(signals: Signals) -> impl Stream<Item = ()> {
    unfold(signals, async |mut signals| {
        signals.next().await;
        Some(((), signals))
    })
}

/// Trace context goes on where no telemetry is on, too: trails, and whoever leads a team, tell questions apart by it.
pub(crate) fn hand_on(telemetry: &Telemetry) -> Option<HandOn> {
    (!telemetry.is_on()).then(|| HandOn::new(telemetry.propagators().clone()))
}

/// The names under which a service is asked, and the web pages that may ask it, as variables say.
pub(crate) fn access() -> Access {
    Access::new()
        .hosts(list("KAOS_ALLOWED_HOSTS"))
        .origins(list("KAOS_ALLOWED_ORIGINS"))
}

/// What stands between the commas of a variable.
pub(crate) fn list(name: &str) -> Vec<String> {
    let value = variable(name).unwrap_or_default();
    let parts = value.split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}
