//! What MCP's conformance suite asks: a server with the tools that its scenarios name, and a client that
//! lists and calls.
//!
//! `mcp_conformance serve PORT`; `mcp_conformance client URL`

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use kaos_runner::mcp::McpServer;
use kaos_runner::mcp::server::ToolServer;
use kaos_runner::server::signals;
use kaos_runner::{
    Audio, Content, Image, Resource, Tool, ToolContext, ToolError, ToolOutput, ToolProgress,
    ToolSource as _, ToolSpec,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::Level;

/// A red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

type Parts = fn() -> Vec<Content>;

struct Fixed {
    spec: ToolSpec,
    parts: Parts,
}

#[async_trait]
impl Tool for Fixed {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, given: &str, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        let client = || context.client().ok_or_else(|| ToolError::new("nobody"));
        let given: Value = serde_json::from_str(given).unwrap_or_default();
        let given = |name: &str| {
            given
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        match self.spec.name.as_str() {
            "test_error_handling" => {
                return Err(ToolError::new(
                    "This tool intentionally returns an error for testing",
                ));
            }
            "test_tool_with_progress" => {
                for done in [0.0, 50.0, 100.0] {
                    context.progress(ToolProgress::new(done).of(100.0));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            "test_tool_with_logging" | "test_logging_tool" => {
                for line in ["started", "processing", "completed"] {
                    client()?.log(Level::INFO, line).await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            "test_sampling" | "test_missing_capability" => {
                let answer = client()?.sample(given("prompt"), 100).await?;
                return Ok(format!("LLM response: {answer}").into());
            }
            "test_elicitation" | "test_streaming_elicitation" => {
                let text = json!({ "type": "string" });
                let schema = json!({ "type": "object", "required": ["username", "email"],
                    "properties": { "username": text, "email": text } });
                let answer = client()?.elicit(given("message"), schema).await?;
                return Ok(format!("User response: {answer:?}").into());
            }
            _ => {}
        }
        Ok((self.parts)().into())
    }
}

fn fixed(name: &'static str, parts: Parts) -> Fixed {
    let schema = json!({ "type": "object", "properties": {} });
    let spec = ToolSpec::new(name, "A tool of the conformance suite.", schema);
    Fixed { spec, parts }
}

fn text() -> Vec<Content> {
    vec![Content::text("This is a simple text response for testing.")]
}

fn image() -> Vec<Content> {
    vec![Content::Image(Image::base64("image/png", PNG))]
}

fn resource(uri: &'static str, kind: &'static str, text: &'static str) -> Content {
    Content::Resource(Resource {
        uri: uri.into(),
        media_type: Some(kind.into()),
        text: Some(text.into()),
    })
}

fn tools() -> ToolServer {
    let mut schema = fixed("json_schema_2020_12_tool", text);
    schema.spec.schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties":
            { "street": { "type": "string" }, "city": { "type": "string" } } } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    });
    ToolServer::new()
        .name("conformance")
        .tool(fixed("test_simple_text", text))
        .tool(fixed("test_image_content", image))
        .tool(fixed("test_audio_content", || {
            vec![Content::Audio(Audio {
                media_type: "audio/wav".into(),
                data: WAV.into(),
            })]
        }))
        .tool(fixed("test_embedded_resource", || {
            let text = "This is an embedded resource content.";
            vec![resource("test://embedded-resource", "text/plain", text)]
        }))
        .tool(fixed("test_multiple_content_types", || {
            let json = r#"{"test":"data","value":123}"#;
            let mut parts = vec![Content::text("Multiple content types test:")];
            parts.extend(image());
            parts.push(resource(
                "test://mixed-content-resource",
                "application/json",
                json,
            ));
            parts
        }))
        .tool(fixed("test_tool_with_logging", text))
        .tool(fixed("test_logging_tool", text))
        .tool(fixed("test_sampling", text))
        .tool(fixed("test_missing_capability", text))
        .tool(fixed("test_elicitation", text))
        .tool(fixed("test_streaming_elicitation", text))
        .tool(fixed("test_error_handling", text))
        .tool(fixed("test_tool_with_progress", text))
        .tool(schema)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [what, port] if what == "serve" => {
            let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
            tools().serve(listener, signals()?).await?;
        }
        [what, url] if what == "client" => {
            let mut server = McpServer::http(url.clone());
            // The suite says which version it asks its client to begin with.
            if std::env::var("MCP_CONFORMANCE_PROTOCOL_VERSION").is_ok_and(|it| it == "2026-07-28")
            {
                server = server.stateless();
            }
            let context = ToolContext::default();
            for tool in server.tools(&context).await?.tools {
                let name = tool.spec().name.clone();
                let arguments: Value = match name.as_str() {
                    "add_numbers" => json!({ "a": 5, "b": 3 }),
                    _ => json!({}),
                };
                tool.call(&arguments.to_string(), &context).await?;
            }
            server.close().await;
        }
        _ => return Err("serve PORT, or client URL".into()),
    }
    Ok(())
}
