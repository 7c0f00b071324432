//! `kaos doctor`: whether telemetry arrives where the variables say, and which of them to change if not.

use std::net::ToSocketAddrs as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args as ClapArgs;
use kaos_otel_hook::{Protocol, Settings, SignalProbe};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::variable;
use crate::output::{self, Failed};
use crate::terminal;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

#[derive(ClapArgs)]
#[command(
    after_help = "It reads the variables that `kaos run`, `kaos agent serve` and the operator read, and sends what they would send: in a pod,
`kubectl exec deploy/agent-NAME -- /kaos doctor` asks from where the agent is. What it sends is called kaos.doctor.

Exit codes: 0 all was taken, 1 something was not, or nothing is sent at all, 2 the command is wrong."
)]
pub(crate) struct Args {
    /// The endpoint, instead of OTEL_EXPORTER_OTLP_ENDPOINT
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The protocol, grpc or http/protobuf, instead of OTEL_EXPORTER_OTLP_PROTOCOL
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(examine(args))
}

async fn examine(args: &Args) -> Result<ExitCode, Failed> {
    let said = |name: &str| match (name, &args.endpoint, &args.protocol) {
        (ENDPOINT, Some(endpoint), _) => Some(endpoint.clone()),
        (PROTOCOL, _, Some(protocol)) => Some(protocol.clone()),
        (name, _, _) => variable(name),
    };
    let settings = Settings::from_vars(said);
    for line in &settings.warnings {
        output::say(&format!("kaos: {line}"));
    }
    if !settings.is_on() {
        let why = if settings.disabled {
            "OTEL_SDK_DISABLED is true: set it to false, or leave it out".to_owned()
        } else {
            format!("no endpoint is set: set {ENDPOINT}, to http://localhost:4317 say")
        };
        output::say(&format!("kaos: nothing is sent: {why}"));
        return Ok(ExitCode::FAILURE);
    }
    let mut out = terminal::people();
    let (mut is_well, mut advised) = (true, Vec::new());
    for probe in settings.probe().await {
        let Some((endpoint, protocol)) = &probe.to else {
            writeln!(out, "{:8} not sent: off, or to the console", probe.signal)?;
            continue;
        };
        let to = format!("{endpoint} over {}", word(*protocol));
        match &probe.answer {
            Ok(()) => writeln!(out, "{:8} taken by {to}", probe.signal)?,
            Err(why) => {
                is_well = false;
                writeln!(out, "{:8} NOT taken by {to}: {why}", probe.signal)?;
                let advice = advice(&probe, endpoint, *protocol, why, &said).await;
                if !advised.contains(&advice) {
                    advised.push(advice);
                }
            }
        }
    }
    for advice in &advised {
        writeln!(out, "→ {advice}")?;
    }
    out.flush()?;
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::HttpProtobuf => "http/protobuf",
        _ => "grpc",
    }
}

/// What to change: found out, not guessed.
async fn advice(
    probe: &SignalProbe,
    endpoint: &str,
    protocol: Protocol,
    why: &str,
    said: &impl Fn(&str) -> Option<String>,
) -> String {
    let upper = probe.signal.to_uppercase();
    let own = |what: &str| {
        let own = format!("OTEL_EXPORTER_OTLP_{upper}_{what}");
        if said(&own).is_some() {
            own
        } else {
            format!("OTEL_EXPORTER_OTLP_{what}")
        }
    };
    if let Err(nobody) = reached(endpoint).await {
        return format!(
            "{nobody}: is it running, and is {} right? In a container localhost is the container itself",
            own("ENDPOINT")
        );
    }
    let other = if protocol == Protocol::HttpProtobuf {
        "grpc"
    } else {
        "http/protobuf"
    };
    let instead = Settings::from_vars(|name| match name {
        PROTOCOL => Some(other.to_owned()),
        name if name.starts_with("OTEL_EXPORTER_OTLP_") && name.ends_with("_PROTOCOL") => None,
        name => said(name),
    });
    let again = instead.probe().await;
    if again
        .iter()
        .any(|it| it.signal == probe.signal && it.to.is_some() && it.answer.is_ok())
    {
        return format!(
            "it takes {} over {other}: set {}={other}",
            probe.signal,
            own("PROTOCOL")
        );
    }
    let refuses = ["401", "403", "Unauthenticated", "PermissionDenied"]
        .iter()
        .any(|it| why.contains(it));
    if refuses {
        return format!(
            "it refuses who sends: {} has the key, as name=value with commas",
            own("HEADERS")
        );
    }
    if ["404", "Unimplemented"].iter().any(|it| why.contains(it)) {
        return format!(
            "it does not take {} there: {} is another's, or OTEL_{upper}_EXPORTER=none leaves them out",
            probe.signal,
            own("ENDPOINT")
        );
    }
    format!(
        "somebody answers, who takes {} neither over grpc nor over http/protobuf: {} is another's, or it is out of order",
        probe.signal,
        own("ENDPOINT")
    )
}

/// Whether somebody listens.
async fn reached(endpoint: &str) -> Result<(), String> {
    let url = Url::parse(endpoint).map_err(|error| format!("{endpoint} is no URL: {error}"))?;
    let (host, port) = (
        url.host_str().unwrap_or_default().to_owned(),
        url.port_or_known_default().unwrap_or(4317),
    );
    let addresses = tokio::task::spawn_blocking(move || {
        let found = (host.trim_matches(['[', ']']), port).to_socket_addrs();
        found
            .map(Iterator::collect::<Vec<_>>)
            .map_err(|_unknown| host)
    });
    let addresses = match addresses.await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(host)) => return Err(format!("nobody knows the name {host}")),
        Err(_) => return Err("the name could not be looked up".to_owned()),
    };
    let mut why = format!("nothing listens at port {port}");
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => why = format!("nothing listens at {address} ({})", error.kind()),
            Err(_) => why = format!("{address} does not answer"),
        }
    }
    Err(why)
}
