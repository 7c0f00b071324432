//! `kaos audit replay`.

use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};
use kaos_hooks::audit::{Filter, RecordContent, Trail};
use kaos_hooks::{Hooks, Replay};
use kaos_otel_hook::Telemetry;
use serde_json::json;

use super::select::Select;
use super::trail::Of;
use crate::output::Failed;
use crate::terminal::{self, progress};

/// After how many records the exporter is waited for, so that its queue never overflows.
const FLUSH_EVERY: u64 = 256;

#[derive(ClapArgs)]
#[command(
    after_help = "OpenTelemetry is configured by OTEL_* variables, for example
OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318. RecordContent stands in a trail as redacted as it was
recorded. A backend that has the spans already may show them twice."
)]
pub(super) struct Args {
    #[command(flatten)]
    of: Of,
    /// Where to
    #[arg(long, value_enum)]
    to: To,
    #[command(flatten)]
    select: Select,
    /// Prints the account as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// The events as JSON Lines, on the standard output
    Jsonl,
    /// The runs as OpenTelemetry traces, by OTLP
    Otlp,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let (trail, filter) = (args.of.open()?, args.select.filter());
    match args.to {
        To::Jsonl => to_jsonl(&trail, filter),
        To::Otlp => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(to_otlp(&trail, filter, args.json))
        }
    }
}

fn to_jsonl(trail: &Trail, filter: Filter) -> Result<ExitCode, Failed> {
    let mut out = terminal::data();
    for record in trail.records(filter)? {
        if let RecordContent::Event(event) = record?.content {
            writeln!(out, "{}", event.to_line())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn to_otlp(trail: &Trail, filter: Filter, as_json: bool) -> Result<ExitCode, Failed> {
    let telemetry = Telemetry::from_vars(only_traces)?;
    if telemetry.tracer_provider().is_none() {
        return Err(
            "no traces are sent: set OTEL_EXPORTER_OTLP_ENDPOINT, and neither \
                    OTEL_SDK_DISABLED nor OTEL_TRACES_EXPORTER=none"
                .into(),
        );
    }
    let hooks = Hooks::new(telemetry.hooks());
    let bar = progress("sending");
    let mut replay = Replay::new(&hooks);
    let mut replayed = 0_u64;
    for record in trail.records(filter)? {
        if let RecordContent::Event(event) = record?.content {
            replay.event(&event);
            replayed += 1;
            bar.set_position(replayed);
            if replayed.is_multiple_of(FLUSH_EVERY) {
                // What could not be sent stands in the account below.
                let _flushed = hooks.force_flush().await.is_ok();
            }
        }
    }
    let replayed = replay.finish();
    drop(hooks);
    let spans = telemetry.shutdown().await.traces;
    bar.finish_and_clear();
    let lost = spans.failed + spans.dropped;
    let mut out = terminal::json_or_people(as_json);
    if as_json {
        let account = json!({
            "runs": replayed.runs, "events": replayed.events, "unended": replayed.unended,
            "left_out": replayed.left_out, "spans": spans.exported, "lost": lost,
        });
        writeln!(out, "{account}")?;
    } else {
        let (runs, exported) = (replayed.runs, spans.exported);
        writeln!(out, "{runs} runs, {exported} spans sent, {lost} lost")?;
        if replayed.unended > 0 {
            let unended = replayed.unended;
            writeln!(
                out,
                "{unended} spans never ended, and were sent as cancelled"
            )?;
        }
        if replayed.left_out > 0 {
            let left_out = replayed.left_out;
            writeln!(
                out,
                "{left_out} records of runs whose beginning is not among those chosen"
            )?;
        }
    }
    out.flush()?;
    Ok(ExitCode::from(u8::from(lost > 0)))
}

/// The environment, but: traces alone, and all of them.
fn only_traces(name: &str) -> Option<String> {
    match name {
        "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => Some("none".to_owned()),
        "OTEL_TRACES_SAMPLER" => Some("always_on".to_owned()),
        _ => std::env::var(name).ok(),
    }
}
