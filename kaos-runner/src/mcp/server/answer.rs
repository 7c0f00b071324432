//! A tool's result as clients are told.

use rmcp::model::{self, CallToolResult, ContentBlock, ResourceContents};

use crate::turn::NotDone;
use crate::{Audio, Content, Image, Resource, ToolOutput};

/// All its parts. The first that is structured stands by itself, and as text where there is none, as
/// the protocol recommends.
pub(super) fn given(output: ToolOutput) -> CallToolResult {
    let has_text = output.parts.iter().any(|it| matches!(it, Content::Text(_)));
    let mut structured = None;
    let mut blocks = Vec::with_capacity(output.parts.len());
    for part in output.parts {
        match part {
            Content::Structured(value) if structured.is_none() => {
                if !has_text {
                    blocks.push(ContentBlock::text(value.to_string()));
                }
                structured = Some(value);
            }
            part => blocks.push(block(part)),
        }
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = structured;
    result
}

/// Why there is none, for the model behind the client.
pub(super) fn not_done(why: NotDone) -> CallToolResult {
    let text = match why {
        NotDone::Failed(why) => why.to_string(),
        NotDone::Skipped(reason) => format!("skipped: {reason}"),
        NotDone::Denied(reason) => format!("denied: {reason}"),
    };
    CallToolResult::error(vec![ContentBlock::text(text)])
}

fn block(part: Content) -> ContentBlock {
    match part {
        Content::Text(text) => ContentBlock::text(text.to_string()),
        Content::Image(Image::Base64 { media_type, data }) => {
            ContentBlock::image(data.to_string(), media_type.to_string())
        }
        Content::Image(Image::Url(url)) => link(&url),
        Content::Audio(Audio { media_type, data }) => {
            ContentBlock::audio(data.to_string(), media_type.to_string())
        }
        Content::Resource(Resource {
            uri,
            media_type,
            text: Some(text),
        }) => ContentBlock::resource(ResourceContents::TextResourceContents {
            uri: uri.to_string(),
            mime_type: media_type.map(|it| it.to_string()),
            text: text.to_string(),
            meta: None,
        }),
        Content::Resource(Resource { uri, .. }) => link(&uri),
        Content::Structured(value) => ContentBlock::text(value.to_string()),
    }
}

fn link(uri: &str) -> ContentBlock {
    ContentBlock::resource_link(model::Resource::new(uri, uri))
}
