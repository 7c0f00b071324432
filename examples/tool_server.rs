//! Three tools for other programs' agents, over the Model Context Protocol and HTTP, observed. It calls one of
//! them itself, and stops.
//!
//! `cargo run -p kaos-examples --all-features --example tool_server`

use std::error::Error;
use std::io::{self, Write as _};

use kaos_otel_hook::Telemetry;
use kaos_runner::mcp::{McpServer, server::ToolServer};
use kaos_runner::{FunctionTool, ToolContext, ToolError, ToolSource as _};
use tokio::net::TcpListener;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Numbers {
    a: i64,
    b: i64,
}

fn tool(name: &'static str, does: fn(i64, i64) -> Option<i64>) -> FunctionTool {
    FunctionTool::new(
        name,
        "Calculates with two numbers.",
        move |it: Numbers| async move {
            does(it.a, it.b)
                .map(|it| it.to_string())
                .ok_or_else(|| ToolError::new("too large"))
        },
    )
    .read_only()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (telemetry, spans) = Telemetry::in_memory();
    let server = ToolServer::new()
        .tool(tool("add", i64::checked_add))
        .tool(tool("subtract", i64::checked_sub))
        .tool(tool("multiply", i64::checked_mul))
        .name("sums")
        .hooks(telemetry.hooks());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);

    let client = McpServer::http(url); // an agent's: `Agent::tools_from`
    let call = async {
        let tools = client.tools(&ToolContext::default()).await?.tools;
        let product = tools
            .last()
            .ok_or("no tools")?
            .call(r#"{"a":6,"b":7}"#, &ToolContext::default())
            .await?;
        client.close().await;
        writeln!(
            io::stdout(),
            "{} tools; 6 * 7 = {}",
            tools.len(),
            product.text()
        )?;
        Ok::<_, Box<dyn Error>>(())
    };
    let (tell, stop) = tokio::sync::oneshot::channel::<()>();
    let stop = futures_util::stream::once(async { drop(stop.await) }); // an application: `kaos_runner::server::signals()?`
    let (ended, called) = tokio::join!(server.serve(listener, stop), async {
        let called = call.await;
        drop(tell);
        called
    });
    called?;
    ended?;
    for span in spans.spans() {
        writeln!(io::stdout(), "{} {:?}", span.name, span.span_kind)?;
    }
    Ok(())
}
