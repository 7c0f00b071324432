//! What a model is given: by the user, or by a tool.

use std::borrow::Cow;

use kaos_hooks::Str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that a model is given: by the user, or by a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "content", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text(Str),
    /// An image.
    Image(Image),
    /// Sound, for clients of a tool server; a model is told of it.
    Audio(Audio),
    /// A document with an address.
    Resource(Resource),
    /// JSON.
    Structured(Value),
}

impl Content {
    /// A text.
    pub fn text(text: impl Into<Str>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Image(Image::Url(url)) => url.len(),
            Self::Image(Image::Base64 { data, .. }) | Self::Audio(Audio { data, .. }) => data.len(),
            Self::Resource(resource) => resource.text.as_ref().map_or(0, |text| text.len()),
            Self::Structured(_) => self.to_text().len(),
        }
    }

    /// It as text; what is no text is named.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text)
            | Self::Resource(Resource {
                text: Some(text), ..
            }) => Cow::Borrowed(text),
            Self::Image(Image::Url(url)) => format!("[image {url}]").into(),
            Self::Image(Image::Base64 { media_type, .. }) => {
                format!("[image, {media_type}]").into()
            }
            Self::Audio(Audio { media_type, .. }) => format!("[audio, {media_type}]").into(),
            Self::Resource(Resource { uri, .. }) => format!("[resource {uri}]").into(),
            Self::Structured(value) => value.to_string().into(),
        }
    }
}

/// An image for a model that can look at it. Providers take PNG, JPEG, GIF and WebP, by https or in
/// base64; others are named instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Image {
    /// At this address, which the provider reads.
    Url(Str),
    /// Itself.
    Base64 {
        /// What it is, for example `image/png`.
        media_type: Str,
        /// Its bytes in base64, with the usual alphabet and padding.
        data: Str,
    },
}

impl Image {
    /// Whether providers take it: they refuse others, and with them the whole conversation.
    #[cfg(feature = "models")]
    pub(crate) fn is_accepted(&self) -> bool {
        const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
        match self {
            Self::Url(url) => url.starts_with("https://"),
            Self::Base64 { media_type, data } => {
                let body = data.trim_end_matches('=');
                let letter = |it: u8| it.is_ascii_alphanumeric() || it == b'+' || it == b'/';
                let whole = data.len().is_multiple_of(4) && data.len() - body.len() <= 2;
                TYPES.contains(&media_type.as_str())
                    && whole
                    && !body.is_empty()
                    && body.bytes().all(letter)
            }
        }
    }

    /// The image at this address.
    pub fn url(url: impl Into<Str>) -> Self {
        Self::Url(url.into())
    }

    /// The image of this media type with these bytes, in base64.
    pub fn base64(media_type: impl Into<Str>, data: impl Into<Str>) -> Self {
        Self::Base64 {
            media_type: media_type.into(),
            data: data.into(),
        }
    }
}

/// Sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// What it is, for example `audio/wav`.
    pub media_type: Str,
    /// Its bytes in base64, with the usual alphabet and padding.
    pub data: Str,
}

/// A document with an address, and its text where it is one.
///
/// # Example
///
/// A tool that gives back more than a text:
///
/// ```
/// use kaos_runner::{Audio, Content, FunctionTool, Resource, ToolOutput};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Page { number: u32 }
///
/// let read = FunctionTool::new("read_page", "Reads a page aloud.", |page: Page| async move {
///     let uri = format!("lease://page/{}", page.number);
///     let text = Resource { uri: uri.into(), media_type: Some("text/markdown".into()), text: Some("# Term".into()) };
///     let voice = Audio { media_type: "audio/wav".into(), data: "UklGRg==".into() };
///     let facts = json!({ "page": page.number });
///     Ok(ToolOutput::from(vec![Content::Resource(text), Content::Audio(voice), Content::Structured(facts)]))
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The address.
    pub uri: Str,
    /// What it is, for example `text/markdown`.
    pub media_type: Option<Str>,
    /// Its text.
    pub text: Option<Str>,
}

/// What a tool gives back.
///
/// # Example
///
/// ```
/// use kaos_runner::{Content, Image, ToolOutput};
///
/// let text = ToolOutput::from("42");
/// let both = ToolOutput::from(vec![
///     Content::text("The page:"),
///     Content::Image(Image::base64("image/png", "iVBORw0KGgo=")),
/// ]);
/// assert_eq!(both.text(), "The page:\n[image, image/png]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolOutput {
    /// Its parts.
    pub parts: Vec<Content>,
}

impl ToolOutput {
    /// It as text, its parts on lines of their own; what is no text is named.
    pub fn text(&self) -> Cow<'_, str> {
        joined(&self.parts)
    }
}

impl ToolOutput {
    /// It as text that is shared where it can be.
    pub(crate) fn shared_text(&self) -> Str {
        match &self.parts[..] {
            [Content::Text(text)] => text.clone(),
            _ => self.text().into_owned().into(),
        }
    }

    /// How large it is, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(Content::bytes).sum()
    }

    /// At most about the first `most` bytes: texts are cut between characters, what is no text is
    /// named where it does not fit, and a mark says that there was more.
    pub(crate) fn cut(self, most: usize) -> Self {
        let all = self.bytes();
        if all <= most {
            return self;
        }
        let mut left = most;
        let mut parts: Vec<Content> = Vec::new();
        for part in self.parts {
            if part.bytes() <= left {
                left -= part.bytes();
                parts.push(part);
                continue;
            }
            if let Content::Image(_)
            | Content::Audio(_)
            | Content::Resource(Resource { text: None, .. }) = part
            {
                parts.push(Content::Text(part.to_text().into_owned().into()));
                continue;
            }
            let text = part.to_text();
            let whole = |at: &usize| text.is_char_boundary(*at);
            let kept = (0..=left).rev().find(whole).unwrap_or_default();
            let kept = text.get(..kept).unwrap_or_default();
            let shown = most - left + kept.len();
            let mark = format!("{kept}\n[cut: the first {shown} of {all} bytes]");
            parts.push(Content::Text(mark.into()));
            break;
        }
        Self { parts }
    }
}

impl From<Vec<Content>> for ToolOutput {
    fn from(parts: Vec<Content>) -> Self {
        Self { parts }
    }
}

impl From<Str> for ToolOutput {
    fn from(text: Str) -> Self {
        vec![Content::Text(text)].into()
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Str::from(text).into()
    }
}

impl From<&'static str> for ToolOutput {
    fn from(text: &'static str) -> Self {
        Str::Static(text).into()
    }
}

/// The parts as text, each on lines of its own.
pub(super) fn joined(content: &[Content]) -> Cow<'_, str> {
    match content {
        [one] => one.to_text(),
        more => more
            .iter()
            .map(Content::to_text)
            .collect::<Vec<_>>()
            .join("\n")
            .into(),
    }
}
