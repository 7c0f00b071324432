//! A server's result as the model is told.

use kaos_hooks::Str;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::ToolError;

/// The structured result as JSON, or else the parts as text. What the server calls an error is one.
pub(super) fn told(result: CallToolResult) -> Result<Str, ToolError> {
    let failed = result.is_error == Some(true);
    let text = match result.structured_content {
        Some(structured) if !failed => structured.to_string(),
        _ => {
            let parts: Vec<String> = result.content.into_iter().map(part).collect();
            parts.join("\n")
        }
    };
    if failed {
        return Err(ToolError::new(text));
    }
    Ok(text.into())
}

/// What is no text is named, not shown.
fn part(part: ContentBlock) -> String {
    match part {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => format!("[image, {}]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[audio, {}]", audio.mime_type),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text,
            ResourceContents::BlobResourceContents { uri, .. } => format!("[resource {uri}]"),
            _ => String::from("[resource]"),
        },
        ContentBlock::ResourceLink(link) => format!("[resource {}]", link.uri),
        _ => String::from("[content of an unknown kind]"),
    }
}
