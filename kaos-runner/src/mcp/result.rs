//! A server's result as the model is told.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

use crate::{Content, Image, Resource, ToolError, ToolOutput};

/// The parts of a result, and its structured part unless it stands among them as text, as the
/// protocol recommends. What the server calls an error is one.
pub(super) fn told(result: CallToolResult) -> Result<ToolOutput, ToolError> {
    let mut parts: Vec<Content> = result.content.into_iter().map(part).collect();
    if result.is_error == Some(true) {
        return Err(ToolError::new(ToolOutput::from(parts).text().into_owned()));
    }
    if let Some(structured) = result.structured_content {
        parts.retain(|part| !says(part, &structured));
        parts.push(Content::Structured(structured));
    }
    Ok(parts.into())
}

fn says(part: &Content, structured: &Value) -> bool {
    let Content::Text(text) = part else {
        return false;
    };
    serde_json::from_str(text).is_ok_and(|value: Value| value == *structured)
}

/// What no model can be given is named.
fn part(part: ContentBlock) -> Content {
    match part {
        ContentBlock::Text(text) => Content::Text(text.text.into()),
        ContentBlock::Image(image) => Content::Image(Image::base64(image.mime_type, image.data)),
        ContentBlock::Audio(audio) => Content::text(format!("[audio, {}]", audio.mime_type)),
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
        _ => Content::text("[content of an unknown kind]"),
    }
}
