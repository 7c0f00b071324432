//! What the strictest provider of each API refuses.

mod chat;
mod messages;
mod schema;

use serde_json::Value;

use super::Request;

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

    /// Whether a provider would take this request.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn judge(&self, request: &Request) -> Result<(), String> {
        match request.path() {
            path if path.ends_with("/chat/completions") => chat::judge(self, &request.body),
            path if path.ends_with("/messages") => messages::judge(self, request),
            _ => Ok(()),
        }
    }
}

impl Strict {
    /// That a list is no longer than the provider takes it.
    fn not_too_long(&self, list: &[Value], what: &str) -> Result<(), String> {
        must(self.most.is_none_or(|most| list.len() <= most), || {
            format!("{what}: array too long, {}", list.len())
        })
    }
}

/// That this holds, or why the request is refused.
fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn only(of: &Value, known: &[&str], what: &str) -> Result<(), String> {
    let fields = of
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))?;
    for key in fields.keys() {
        must(known.contains(&key.as_str()), || {
            format!("{what} has an unknown field `{key}`")
        })?;
    }
    Ok(())
}

fn text<'v>(of: &'v Value, key: &str, what: &str) -> Result<&'v str, String> {
    let text = of.get(key).and_then(Value::as_str);
    text.ok_or_else(|| format!("{what} has no text `{key}`"))
}

fn tool_name(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    let legal = name
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    must(begins && legal && name.len() <= 64, || {
        format!("`{name}` is no name of a tool")
    })
}

fn call_id(id: &str) -> Result<(), String> {
    let legal = id
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    must(legal && !id.is_empty() && id.len() <= 64, || {
        format!("`{id}` is no id of a call")
    })
}
