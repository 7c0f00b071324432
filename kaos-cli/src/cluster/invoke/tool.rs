//! One call of one tool.

use std::sync::{Arc, Mutex, PoisonError};

use kaos_runner::mcp::McpServer;
use kaos_runner::{Agent, FunctionModel, Message, ModelReply, Runner};
use serde_json::Value;

use crate::output::Failed;

/// What a tool gives, or its own word for why it gives nothing.
pub(super) type Given = Result<String, String>;

/// Calls it as an agent does: a model wants the call, and is told what came of it.
///
/// # Errors
///
/// The server cannot be reached.
pub(super) async fn call(
    server: &McpServer,
    tool: &str,
    arguments: &Value,
) -> Result<Given, Failed> {
    let given = Arc::new(Mutex::new(None));
    let came = Arc::clone(&given);
    let (tool, arguments) = (tool.to_owned(), arguments.to_string());
    let model = FunctionModel::new(move |request| {
        let Some(Message::Tool(result)) = request.messages.last() else {
            return Ok(ModelReply::call("call-1", tool.clone(), arguments.clone()));
        };
        let text = result.output.text().into_owned();
        let result = if result.failed { Err(text) } else { Ok(text) };
        *came.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        Ok(ModelReply::text("done"))
    });
    let agent = Agent::new("kaos", model).tools_from(server.clone());
    Runner::new(agent)
        .turn("call it", "kaos-mcp-invoke")
        .await?;
    let given = given.lock().unwrap_or_else(PoisonError::into_inner).take();
    given.ok_or_else(|| "nobody said what came of the call".into())
}

#[cfg(test)]
mod tests {
    use kaos_runner::mcp::server::ToolServer;
    use kaos_runner::{FunctionTool, ToolError};
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_call_that_fails_gives_nothing_but_its_reason() {
        let half = FunctionTool::new("half", "Halves.", async |given: Value| {
            let number = given["number"].as_i64().unwrap_or_default();
            let half = (number % 2 == 0).then(|| (number / 2).to_string());
            half.ok_or_else(|| ToolError::new("it is odd"))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let tools = ToolServer::new().tool(half);
        tokio::spawn(async move { tools.serve(listener, tokio_stream::pending()).await });
        let server = McpServer::http(url);
        let fine = call(&server, "half", &json!({"number": 8})).await;
        assert_eq!(fine.unwrap(), Ok("4".to_owned()));
        for (tool, number, why) in [("half", 7, "it is odd"), ("third", 9, "third")] {
            let given = call(&server, tool, &json!({"number": number})).await;
            let said = given.unwrap().unwrap_err();
            assert!(said.contains(why), "{tool}: {said}");
        }
        server.close().await;
    }
}
