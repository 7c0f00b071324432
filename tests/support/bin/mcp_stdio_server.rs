//! The MCP server of the tests as a child process, on standard input and output.

use kaos_tests::mcp_server::Server;
use rmcp::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let serving = Server::default().serve(rmcp::transport::stdio()).await?;
    serving.waiting().await?;
    Ok(())
}
