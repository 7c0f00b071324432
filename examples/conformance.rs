//! Every span that the GenAI conventions have a row for, exported over OTLP, for a checker of the
//! conventions to judge, such as `weaver registry live-check`.
//!
//! Offline: models and tools are scripted, and a server of tools is this program itself.
//! `OTEL_EXPORTER_OTLP_ENDPOINT` says where to (`http://localhost:4317` when it is not set),
//! `KAOS_SPAN_NAMES` under which names (`genai` when it is not set). Prints a line per scenario, with
//! its trace id.

#[path = "conformance/by_hand.rs"]
mod by_hand;
#[path = "conformance/by_runner.rs"]
mod by_runner;
#[path = "conformance/mcp_server.rs"]
mod mcp_server;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write as _};

use kaos_hooks::{Custom, Handoff, Hooks, Scope, Turn};
use kaos_otel_hook::{Capture, ContentSettings, Price, Prices, SpanNames, Telemetry};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Success,
    Error,
    Streaming,
    ContentSettings,
}

type Row = (&'static str, fn(&Scope<Turn>, Case));

/// Each in a turn of its own.
const BY_HAND: [Row; 8] = [
    ("chat", by_hand::chat),
    ("embeddings", by_hand::embeddings),
    ("tool", by_hand::tool),
    ("MCP tool", by_hand::mcp_tool),
    ("remote sub-agent", by_hand::remote_agent),
    ("plan", |it, case| {
        by_hand::bare(it, Custom::new("plan"), case);
    }),
    ("handoff", |it, case| {
        by_hand::bare(it, Handoff::new("lawyer"), case);
    }),
    ("custom", |it, case| {
        by_hand::bare(it, Custom::new("rerank"), case);
    }),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some(mcp_server::OVER_PIPES) {
        return Ok(mcp_server::over_pipes()?);
    }
    let names = std::env::var("KAOS_SPAN_NAMES").ok();
    let names = names.and_then(|name| SpanNames::from_name(&name));
    let names = names.unwrap_or(SpanNames::GenAi);
    let telemetry = Telemetry::from_env_or("http://localhost:4317")?.with_names(names);
    if !telemetry.is_on() {
        return Err("telemetry is off".into());
    }
    let prices = [
        ("gpt-4o", Price::new(2.5, 10.0)),
        ("text-embedding-3-small", Price::new(0.02, 0.0)),
    ];
    let telemetry = telemetry.with_prices(Prices::new(prices)?);
    let silent = Hooks::new(telemetry.hooks());
    let telemetry = telemetry.with_content(ContentSettings::new(Capture::SpanAndEvent));
    let telling = Hooks::new(telemetry.hooks()); // on spans, and in log events

    for case in [
        Case::Success,
        Case::Error,
        Case::Streaming,
        Case::ContentSettings,
    ] {
        let hooks = if case == Case::ContentSettings {
            &telling
        } else {
            &silent
        };
        say("turn", case, by_runner::run_turn(hooks, case).await?)?;
        for (row, by_hand) in BY_HAND {
            if case == Case::Streaming && row != "chat" {
                continue; // nothing else streams
            }
            let turn = hooks.turn(Turn::new("assistant").session("lease-42"));
            say(row, case, turn.trace_id())?;
            by_hand(&turn, case);
            turn.complete(by_hand::turn_outcome(row));
        }
    }
    for (case, hooks) in [(Case::Success, &silent), (Case::ContentSettings, &telling)] {
        say("retry", case, by_runner::retry(hooks).await)?;
        say("failed late", case, by_runner::failed_late(hooks).await)?;
        say("structured", case, by_runner::structured(hooks).await)?;
        say("unreachable", case, by_runner::unreachable(hooks).await?)?;
        say("MCP, HTTP", case, by_runner::mcp(hooks, true).await?)?;
        say("MCP, pipes", case, by_runner::mcp(hooks, false).await?)?;
    }
    writeln!(io::stderr(), "{}", telemetry.shutdown().await)?;
    Ok(())
}

fn say(row: &str, case: Case, trace: impl Display) -> io::Result<()> {
    let what = format!("{row}, {case:?}").to_lowercase();
    writeln!(io::stdout(), "{what:<28} {trace}")
}
