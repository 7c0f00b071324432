//! A server's result as the model is told.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents, ServerResult};
use serde_json::Value;

use crate::{Audio, Content, Image, Resource, ToolError, ToolOutput};

/// The parts of a result, and its structured part unless it stands among them as text, as the
/// protocol recommends. What the server calls an error is one, with the same parts.
pub(super) fn tool_output(answer: ServerResult) -> Result<ToolOutput, ToolError> {
    match answer {
        ServerResult::CallToolResult(CallToolResult {
            content,
            structured_content,
            is_error,
            ..
        }) => {
            let parts = content.into_iter().map(part).collect();
            whole(parts, structured_content, is_error == Some(true))
        }
        // What the library cannot read whole, it hands on as it came.
        ServerResult::CustomResult(raw) => raw_parts(raw.0),
        _ => Err(no_result()),
    }
}

fn whole(
    mut parts: Vec<Content>,
    structured: Option<Value>,
    is_error: bool,
) -> Result<ToolOutput, ToolError> {
    if let Some(structured) = structured {
        parts.retain(|part| !says(part, &structured));
        parts.push(Content::Structured(structured));
    }
    let output = ToolOutput::from(parts);
    if is_error {
        return Err(ToolError::new(output.text().into_owned()));
    }
    Ok(output)
}

/// A result with a part that is none: each part by itself.
fn raw_parts(mut raw: Value) -> Result<ToolOutput, ToolError> {
    let Some(Value::Array(content)) = raw.get_mut("content").map(Value::take) else {
        return Err(no_result());
    };
    let parts = content.into_iter().map(|raw| {
        let text = raw
            .get("text")
            .and_then(Value::as_str)
            .map(|text| Content::text(text.to_owned()));
        let read = serde_json::from_value(raw).map(part);
        read.unwrap_or_else(|_content| text.unwrap_or_else(unknown))
    });
    let parts = parts.collect();
    let structured = raw.get_mut("structuredContent").map(Value::take);
    whole(
        parts,
        structured,
        raw.get("isError") == Some(&Value::Bool(true)),
    )
}

fn no_result() -> ToolError {
    let text = "the server answered with something else than a result";
    ToolError::of_kind("bad_response", text)
}

fn says(part: &Content, structured: &Value) -> bool {
    let Content::Text(text) = part else {
        return false;
    };
    serde_json::from_str(text).is_ok_and(|value: Value| value == *structured)
}

fn unknown() -> Content {
    Content::text("[content of an unknown kind]")
}

/// What no model can be given is named.
fn part(part: ContentBlock) -> Content {
    match part {
        ContentBlock::Text(text) => Content::Text(text.text.into()),
        ContentBlock::Image(image) => Content::Image(Image::base64(image.mime_type, image.data)),
        ContentBlock::Audio(audio) => Content::Audio(Audio {
            media_type: audio.mime_type.into(),
            data: audio.data.into(),
        }),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents {
                uri,
                mime_type,
                text,
                ..
            } => Content::Resource(Resource {
                uri: uri.into(),
                media_type: mime_type.map(Into::into),
                text: Some(text.into()),
            }),
            ResourceContents::BlobResourceContents {
                mime_type: Some(media_type),
                blob,
                ..
            } if media_type.starts_with("image/") => {
                Content::Image(Image::base64(media_type, blob))
            }
            ResourceContents::BlobResourceContents { uri, mime_type, .. } => {
                Content::Resource(Resource {
                    uri: uri.into(),
                    media_type: mime_type.map(Into::into),
                    text: None,
                })
            }
            _ => Content::text("[resource]"),
        },
        ContentBlock::ResourceLink(link) => Content::text(format!("[resource {}]", link.uri)),
        _ => unknown(),
    }
}
