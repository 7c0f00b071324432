//! What the strictest provider of each API refuses.

mod chat;
mod judge;
mod messages;
mod rules;
mod schema;

/// The rules of a fake endpoint, by the path of a request: those of the strictest provider of chat
/// completions (`…/chat/completions`) or of the Messages API (`…/messages`).
///
/// Both refuse names of tools that are not letters, digits, `_` and `-`, two tools of one name, schemas
/// that are no object's or hold what validators of providers trip over, messages that say nothing,
/// ids that are missing, odd, unknown or doubled, arguments that are no object, calls without
/// results and results without calls, and fields that the API does not have. The settings add what
/// single providers refuse.
///
/// # Example
///
/// ```
/// use kaos_runner::testing::Strict;
///
/// let deepseek = Strict::default().wants_with_calls("reasoning_content");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Strict {
    /// Fields that the endpoint sends, and takes back.
    pub(super) known: Vec<&'static str>,
    pub(super) with_calls: Option<&'static str>,
    pub(super) on_calls: Option<&'static str>,
    pub(super) mistral: bool,
    pub(super) open_api: bool,
    pub(super) thinking: bool,
    pub(super) most: Option<usize>,
}

impl Strict {
    /// Knows this field of a message, or of a call in it: others are refused.
    #[must_use]
    pub fn knows(mut self, field: &'static str) -> Self {
        self.known.push(field);
        self
    }

    /// Refuses a message with calls that lacks this field, as DeepSeek does `reasoning_content`.
    #[must_use]
    pub fn wants_with_calls(mut self, field: &'static str) -> Self {
        self.with_calls = Some(field);
        self.knows(field)
    }

    /// Refuses a call since the user's last word that lacks this field, as Gemini does
    /// `extra_content`.
    #[must_use]
    pub fn wants_on_calls(mut self, field: &'static str) -> Self {
        self.on_calls = Some(field);
        self.knows(field)
    }

    /// Refuses what Mistral refuses: ids of calls that are not nine letters or digits, a user who
    /// speaks right after a tool, `stream_options`.
    #[must_use]
    pub fn like_mistral(mut self) -> Self {
        self.mistral = true;
        self
    }

    /// Refuses more tools than this in a request, and more calls in a message, as OpenAI does beyond
    /// 128.
    #[must_use]
    pub fn at_most(mut self, most: usize) -> Self {
        self.most = Some(most);
        self
    }

    /// Refuses schemas that OpenAPI 3.0 does not have, as Gemini does.
    #[must_use]
    pub fn open_api(mut self) -> Self {
        self.open_api = true;
        self
    }

    /// Refuses calls since the user's last word that no signed thought comes before, as Anthropic
    /// does while a model thinks.
    #[must_use]
    pub fn wants_thoughts(mut self) -> Self {
        self.thinking = true;
        self
    }
}
