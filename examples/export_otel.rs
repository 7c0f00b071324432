//! An offline turn, exported to memory: its spans, its tree, its summary.

use std::io::Write as _;

use kaos_examples::lease_agent;
use kaos_hooks::SpanTree;
use kaos_otel_hook::Telemetry;
use kaos_runner::Runner;
use tokio_stream::StreamExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (telemetry, memory) = Telemetry::in_memory();
    let runner = Runner::new(lease_agent()).hooks(telemetry.hooks());

    let events: Vec<_> = runner
        .run("Summarize the lease.", "session-1")
        .collect()
        .await;

    let spans = memory.spans();
    let mut out = std::io::stdout();
    writeln!(out, "{} spans exported\n", spans.len())?;
    write!(out, "{}", SpanTree::of(&events))?;

    let has = |name: &str| spans.iter().any(|span| span.name == name);
    assert!(has("agent.turn"));
    assert!(has("agent.intent_classification"));
    Ok(())
}
