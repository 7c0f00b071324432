//! A Python function as a tool.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::Thrown;
use kaos_runner::{Audio, Content, Image, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pool::Pool;
use super::process::Known;

pub(super) struct PythonTool {
    spec: ToolSpec,
    pool: Arc<Pool>,
}

impl PythonTool {
    pub(super) fn new(known: Known, limit: Duration, pool: &Arc<Pool>) -> Self {
        let mut spec = ToolSpec::new(known.name, known.description, known.input_schema);
        spec.output_schema = known.output_schema;
        spec.time_limit = Some(limit);
        let pool = Arc::clone(pool);
        Self { spec, pool }
    }
}

#[async_trait]
impl Tool for PythonTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        let arguments: Value = serde_json::from_str(arguments)
            .map_err(|error| ToolError::of_kind("invalid_arguments", error.to_string()))?;
        // As programs find the context in their environment.
        let mut carried = Map::new();
        context.hooks().inject(|name, value| {
            carried.insert(name.to_uppercase(), value.into());
        });
        let call = json!({ "tool": self.spec.name, "arguments": arguments, "context": carried });
        let answer = self.pool.call(&self.spec.name, &call).await?;
        let answer = serde_json::from_value(answer).map_err(|error| {
            ToolError::of_kind(
                "bad_response",
                format!("the tool's process answered with none: {error}"),
            )
        })?;
        match answer {
            Answer::Error(error) => Err(error.into()),
            Answer::Given {
                content,
                structured,
            } => {
                let parts = content.into_iter().map(Content::from);
                let structured = structured.map(Content::Structured);
                Ok(parts.chain(structured).collect::<Vec<_>>().into())
            }
        }
    }
}

/// What a worker answers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Given {
        content: Vec<Part>,
        structured: Option<Value>,
    },
    Error(Failed),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    Image { mime: String, data: String },
    Audio { mime: String, data: String },
}

#[derive(Deserialize)]
struct Failed {
    error: Exception,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "type")]
    class: String,
    message: String,
    stacktrace: String,
}

impl From<Part> for Content {
    fn from(part: Part) -> Self {
        match part {
            Part::Text { text } => Self::text(text),
            Part::Image { mime, data } => Self::Image(Image::base64(mime, data)),
            Part::Audio { mime, data } => Self::Audio(Audio {
                media_type: mime.into(),
                data: data.into(),
            }),
        }
    }
}

impl From<Failed> for ToolError {
    /// With the exception's words, or where it has none, its name.
    fn from(Failed { error }: Failed) -> Self {
        let Exception {
            class,
            message,
            stacktrace,
        } = error;
        let kind = if class == "MemoryError" {
            "out_of_memory"
        } else {
            "tool_error"
        };
        let words = if message.is_empty() {
            class.clone()
        } else {
            message
        };
        let thrown = Thrown {
            class: class.into(),
            stacktrace: Some(stacktrace.into()).filter(|it: &kaos_hooks::Str| !it.is_empty()),
        };
        Self::of_kind(kind, words).thrown(thrown)
    }
}
