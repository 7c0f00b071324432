//! A coordinator that asks a researcher and an analyst over HTTP: three servers on loopback, offline models,
//! and one trace across all three, with the log lines of its id.

use std::io::Write as _;

use kaos_examples::calculator;
use kaos_otel_hook::sdk::opentelemetry::logs::AnyValue;
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::server::Server;
use kaos_runner::{
    Agent, FunctionModel, FunctionTool, Message, ModelReply, RemoteAgent, Runner, ToolError,
};
use tokio::net::TcpListener;

type Failed = Box<dyn std::error::Error>;

/// An agent behind a server of its own.
struct Service {
    name: &'static str,
    at: String,
    runner: Runner,
    seen: Memory,
    telemetry: Telemetry,
}

/// Serves it on a free port of this machine.
async fn serve(name: &'static str, agent: Agent) -> Result<Service, Failed> {
    let (telemetry, seen) = Telemetry::in_memory();
    let runner = Runner::new(agent).hooks(telemetry.hooks());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("http://{}", listener.local_addr()?);
    tokio::spawn(Server::new(runner.clone()).serve(listener, tokio_stream::pending()));
    Ok(Service {
        name,
        at,
        runner,
        seen,
        telemetry,
    })
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let search = FunctionTool::new("search", "Searches the lease.", |_: Nothing| async {
        tracing::info!(clauses = 12, "searched the lease");
        Ok::<_, ToolError>("Clause 4: the lease runs three years.".to_owned())
    });
    let researcher = Agent::new("researcher", calls("search", "{}", "Three years."));
    let researcher = serve("researcher", researcher.tool(search)).await?;
    let analyst = calls("calculator", r#"{"expression":"12*3"}"#, "36 months.");
    let analyst = serve("analyst", Agent::new("analyst", analyst).tool(calculator())).await?;

    let asks = FunctionModel::new(|request| {
        Ok(match request.messages.last() {
            Some(Message::Tool(_)) => ModelReply::text("It runs 36 months.").usage(90, 8),
            _ => ModelReply::call("1", "researcher", r#"{"task":"How long does it run?"}"#)
                .and_call("2", "analyst", r#"{"task":"Three years in months?"}"#)
                .usage(60, 20),
        })
    });
    let coordinator = Agent::new("coordinator", asks)
        .subagent(RemoteAgent::at(&researcher.at).name("researcher"))
        .subagent(RemoteAgent::at(&analyst.at).name("analyst"));
    let coordinator = serve("coordinator", coordinator).await?;
    coordinator.telemetry.install_logs()?;

    let turn = coordinator.runner.turn("How many months?", "session-1");
    let reply = turn.await?;

    let services = [&coordinator, &researcher, &analyst];
    let spans: Vec<Span> = services.iter().flat_map(|it| spans_of(it)).collect();
    let mut out = std::io::stdout();
    writeln!(out, "\n{reply}\n\ntrace {}", reply.trace_id())?;
    let none = "0000000000000000";
    write_tree(&mut out, &spans, none, 0)?;
    let total = reply.usage().map_or(0, |usage| usage.total());
    writeln!(
        out,
        "{total} tokens in all, each counted once\n\nlog lines of the trace"
    )?;
    let trace = reply.trace_id().to_string();
    let logs = coordinator.seen.logs();
    for log in logs.iter().map(|log| &log.record) {
        let context = log.trace_context();
        if let Some(context) = context.filter(|it| it.trace_id.to_string() == trace) {
            let (span, said) = (context.span_id, log.body());
            if let Some(AnyValue::String(said)) = said {
                writeln!(out, "  span {span}: {said}")?;
            }
        }
    }
    let in_one_trace = spans.iter().all(|span| span.trace == trace);
    assert!(in_one_trace && spans.iter().filter(|it| it.name == "agent.turn").count() == 3);
    Ok(())
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// A model that calls this tool, and answers with this.
fn calls(tool: &'static str, arguments: &'static str, answer: &'static str) -> FunctionModel {
    FunctionModel::new(move |request| {
        Ok(match request.messages.last() {
            Some(Message::Tool(_)) => ModelReply::text(answer).usage(40, 6),
            _ => ModelReply::call("1", tool, arguments).usage(30, 9),
        })
    })
}

/// What the tree shows of a span.
struct Span {
    service: &'static str,
    name: String,
    trace: String,
    id: String,
    parent: String,
}

fn spans_of(service: &Service) -> Vec<Span> {
    let mut spans = service.seen.spans();
    spans.sort_by_key(|span| span.start_time);
    let ended = spans.iter().map(|span| Span {
        service: service.name,
        name: span.name.to_string(),
        trace: span.span_context.trace_id().to_string(),
        id: span.span_context.span_id().to_string(),
        parent: span.parent_span_id.to_string(),
    });
    ended.collect()
}

/// The spans beneath this one, each with its service.
fn write_tree(
    out: &mut impl std::io::Write,
    spans: &[Span],
    parent: &str,
    depth: usize,
) -> std::io::Result<()> {
    for span in spans.iter().filter(|span| span.parent == parent) {
        let name = format!("{}{}", "  ".repeat(depth), span.name);
        writeln!(out, "{name:44} {}", span.service)?;
        write_tree(out, spans, &span.id, depth + 1)?;
    }
    Ok(())
}
