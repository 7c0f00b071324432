use std::fmt;

use kaos_hooks::Str;

/// Why a model stopped.
///
/// # Example
///
/// ```
/// use kaos_runner::FinishReason;
///
/// assert_eq!(FinishReason::Length.as_str(), "length");
/// assert!(!FinishReason::Length.is_whole() && FinishReason::Stop.is_whole());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// It had said everything.
    Stop,
    /// It asks for tools.
    ToolCall,
    /// It may not say more: at its own limit, or the request's.
    Length,
    /// The provider's filter, or the model itself, refused the rest.
    ContentFilter,
    /// The provider's own word, at most 40 characters.
    Other(Str),
}

/// The longest finish reason of a provider's own that is kept, in characters.
#[cfg(feature = "models")]
const MAX_LEN: usize = 40;

impl FinishReason {
    /// The name, as in the GenAI conventions: `stop`, `tool_call`, `length`, `content_filter`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::ToolCall => "tool_call",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }

    /// Whether nothing is missing of what it had to say.
    pub fn is_whole(&self) -> bool {
        !matches!(self, Self::Length | Self::ContentFilter)
    }

    /// A word of a provider's own.
    #[cfg(feature = "models")]
    pub(crate) fn other(word: &str) -> Self {
        Self::Other(word.chars().take(MAX_LEN).collect::<String>().into())
    }
}

impl From<&FinishReason> for Str {
    fn from(reason: &FinishReason) -> Self {
        match reason {
            FinishReason::Stop => Self::Static("stop"),
            FinishReason::ToolCall => Self::Static("tool_call"),
            FinishReason::Length => Self::Static("length"),
            FinishReason::ContentFilter => Self::Static("content_filter"),
            FinishReason::Other(word) => word.clone(),
        }
    }
}

impl fmt::Display for FinishReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
