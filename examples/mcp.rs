//! An agent whose tools are behind a server of the Model Context Protocol.
//!
//! `mcp URL NAME=JSON…` calls these tools of a server over HTTP; `mcp stdio PROGRAM ARGUMENT…
//! -- NAME=JSON…` starts the server as a child process. Without a call it says which tools there are.
//! The events are written as JSON lines on stdout.
//!
//! `cargo run -p kaos-examples --all-features --example mcp -- http://127.0.0.1:8000/mcp 'add={"a":1,"b":2}'`

use std::error::Error;
use std::io::{self, Write as _};

use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::McpServer;
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner, ToolContext, ToolSource as _};
use tokio_stream::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let address = words
        .next()
        .ok_or("the first argument is the server's URL, or `stdio`")?;
    let server = if address == "stdio" {
        let program = words.next().ok_or("`stdio` is followed by a program")?;
        let arguments = words.by_ref().take_while(|word| word != "--");
        McpServer::stdio(program, arguments)
    } else {
        McpServer::http(address)
    };
    let calls: Vec<String> = words.collect();
    if calls.is_empty() {
        for tool in server.tools(&ToolContext::default()).await?.tools {
            let spec = tool.spec();
            writeln!(io::stdout(), "{}: {}", spec.name, spec.description)?;
        }
        return Ok(());
    }

    // A model would choose the tools; this one calls those of the command line, a step each.
    let mut script = Vec::new();
    for (call, number) in calls.iter().zip(1..) {
        let (name, arguments) = call.split_once('=').ok_or("a call is NAME=JSON")?;
        let (id, name) = (format!("call-{number}"), name.to_owned());
        script.push(ModelReply::call(id, name, arguments.to_owned()));
    }
    script.push(ModelReply::text("Done."));
    let agent = Agent::new("assistant", FunctionModel::script(script)).tools_from(server);

    // The telemetry's spans are what the server gets as `traceparent`.
    let (telemetry, _memory) = Telemetry::in_memory();
    let runner = Runner::new(agent).hooks(telemetry.hooks());
    let mut events = runner.run("Call the tools.", "session-1");
    while let Some(event) = events.next().await {
        writeln!(io::stdout(), "{}", event.to_line())?;
    }
    events.into_reply().await?;
    Ok(())
}
