//! The MCP server of the tests as a child process, on standard input and output: a good one, or, with
//! the name of a way to misbehave, that one.

use kaos_tests::mcp_server::Server;
use kaos_tests::rogue;
use rmcp::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((way, words)) = words.split_first() {
        rogue::over_stdio(way, words);
        return Ok(());
    }
    let serving = Server::default().serve(rmcp::transport::stdio()).await?;
    serving.waiting().await?;
    Ok(())
}
