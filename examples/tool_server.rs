//! Three tools for other programs' agents, over the Model Context Protocol and HTTP, observed.
//!
//! `cargo run -p kaos-examples --all-features --example tool_server`, until Ctrl-C; ask it with the example `mcp`.

use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::server::ToolServer;
use kaos_runner::{FunctionTool, server::signals};
use tokio::net::TcpListener;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Numbers {
    a: i32,
    b: i32,
}

fn tool(name: &'static str, does: fn(i64, i64) -> i64) -> FunctionTool {
    let call = move |it: Numbers| async move { Ok(does(it.a.into(), it.b.into()).to_string()) };
    FunctionTool::new(name, "Calculates with two numbers.", call).read_only()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::from_env()?; // OTEL_*
    let server = ToolServer::new()
        .tool(tool("add", |a, b| a + b))
        .tool(tool("subtract", |a, b| a - b))
        .tool(tool("multiply", |a, b| a * b))
        .hooks(telemetry.hooks());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/mcp", listener.local_addr()?);
    server.serve(listener, signals()?).await?;
    Ok(())
}
