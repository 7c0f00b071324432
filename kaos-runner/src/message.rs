//! A conversation: messages made of parts.

mod content;
pub(crate) mod estimate;

use std::borrow::Cow;
use std::collections::HashSet;

use kaos_hooks::Str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use content::joined;
pub use content::{Audio, Content, Image, Resource, ToolOutput};

/// A message of a conversation.
///
/// # Example
///
/// ```
/// use kaos_runner::{Content, Image, Message};
///
/// let question = Message::user("How long is the lease?");
/// let picture = Message::User(vec![
///     Content::text("What is on this page?"),
///     Content::Image(Image::url("https://example.com/page-1.png")),
/// ]);
/// assert_eq!(question.text(), "How long is the lease?");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", content = "message", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Message {
    /// From the user.
    User(Vec<Content>),
    /// From the model.
    Assistant(AssistantMessage),
    /// What came of a call.
    Tool(ToolResult),
}

impl Message {
    /// A text from the user.
    pub fn user(text: impl Into<Str>) -> Self {
        Self::User(vec![Content::Text(text.into())])
    }

    /// A text from the model.
    pub fn assistant(text: impl Into<Str>) -> Self {
        Self::Assistant(AssistantMessage::text(text))
    }

    /// What came of the call with this id.
    pub fn tool(call_id: impl Into<Str>, output: impl Into<ToolOutput>) -> Self {
        Self::Tool(ToolResult {
            call_id: call_id.into(),
            output: output.into(),
            failed: false,
        })
    }

    /// Its text; what is no text is named in it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::User(content) => joined(content),
            Self::Assistant(said) => said.joined_text(),
            Self::Tool(result) => result.output.text(),
        }
    }
}

/// What a model said, in its order.
///
/// # Example
///
/// ```
/// use kaos_runner::{AssistantMessage, Part, ToolUse};
///
/// let mut said = AssistantMessage::text("Let me see.");
/// said.parts.push(Part::ToolCall(ToolUse::new("call-1", "multiply", r#"{"a":6,"b":7}"#)));
/// assert_eq!(said.joined_text(), "Let me see.");
/// assert_eq!(said.tool_calls().count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssistantMessage {
    /// Its parts.
    pub parts: Vec<Part>,
}

impl AssistantMessage {
    /// One text.
    pub fn text(text: impl Into<Str>) -> Self {
        let text = text.into();
        let parts = (!text.is_empty()).then_some(Part::Text(text));
        Self {
            parts: parts.into_iter().collect(),
        }
    }

    /// The calls it asks for.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolUse> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// Its texts in one.
    pub fn joined_text(&self) -> Cow<'_, str> {
        concatenated(self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        }))
    }

    /// Its reasoning in one.
    pub fn joined_reasoning(&self) -> Cow<'_, str> {
        concatenated(self.parts.iter().filter_map(|part| match part {
            Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
            _ => None,
        }))
    }

    /// Gives every call an id of its own: some models repeat one, or give none.
    pub(crate) fn tell_calls_apart(&mut self) {
        let mut taken: HashSet<String> = HashSet::new();
        let given = self.tool_calls().map(|call| call.id.to_string());
        let given: HashSet<String> = given.collect();
        for part in &mut self.parts {
            let Part::ToolCall(call) = part else { continue };
            if call.id.is_empty() || taken.contains(call.id.as_str()) {
                let id = if call.id.is_empty() {
                    "call"
                } else {
                    call.id.as_str()
                };
                let numbered = (2..).map(|number| format!("{id}-{number}"));
                let mut free = numbered.filter(|id| !taken.contains(id) && !given.contains(id));
                call.id = free.next().unwrap_or_default().into();
            }
            taken.insert(call.id.to_string());
        }
    }

    /// Whether it neither says nor asks for anything.
    pub fn is_empty(&self) -> bool {
        self.tool_calls().next().is_none() && self.joined_text().is_empty()
    }
}

/// A part of what a model said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "part", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text(Str),
    /// Thoughts before the text.
    Reasoning(Reasoning),
    /// A call.
    ToolCall(ToolUse),
    /// Something only its provider understands.
    Provider(ProviderData),
}

/// What a model thought aloud.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reasoning {
    /// The text; empty where the provider shows none.
    pub text: Str,
    /// What the provider wants back with it, such as its signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Box<ProviderData>>,
}

/// A call the model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The id of the call, different from that of every other call of the reply.
    pub id: Str,
    /// The tool, or the sub-agent.
    pub name: Str,
    /// The arguments, as JSON; as the model gave them, so they may be none.
    pub arguments: Str,
    /// What the provider wants back with it, such as a thought's signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Box<ProviderData>>,
}

impl ToolUse {
    /// A call with this id of this tool with these arguments, as JSON.
    pub fn new(id: impl Into<Str>, name: impl Into<Str>, arguments: impl Into<Str>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
            provider: None,
        }
    }
}

/// What a provider said in a form of its own. It goes back to where it came from, unchanged, and
/// nowhere else: not to another model, and not into events.
///
/// # Example
///
/// A model of your own whose thoughts are signed, and go back to it with their signature:
///
/// ```
/// use kaos_runner::{ModelReply, Part, ProviderData, Reasoning};
/// use serde_json::json;
///
/// let signed = ProviderData { origin: "acme api.acme.example think-1".into(), data: json!({ "signature": "EqQB…" }) };
/// let thought = Reasoning { text: "Twelve, as the lease says.".into(), provider: Some(Box::new(signed)) };
/// let reply = ModelReply::text("Twelve months.").and(Part::Reasoning(thought));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderData {
    /// Where it came from: provider, host and model.
    pub origin: Str,
    /// As it came.
    pub data: Value,
}

/// What came of a call.
///
/// # Example
///
/// The results that did not come, of a turn that was answered all the same:
///
/// ```
/// use kaos_runner::{Message, Reply, ToolResult};
///
/// fn failures(reply: &Reply) -> Vec<&ToolResult> {
///     let results = reply.messages().iter().filter_map(|it| match it {
///         Message::Tool(result) => Some(result),
///         _ => None,
///     });
///     results.filter(|it| it.failed).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id.
    pub call_id: Str,
    /// The result, or why there is none.
    pub output: ToolOutput,
    /// Whether it is why there is none.
    #[serde(default)]
    pub failed: bool,
}

fn concatenated<'t>(mut texts: impl Iterator<Item = &'t str>) -> Cow<'t, str> {
    let first = texts.next().unwrap_or_default();
    match texts.next() {
        None => Cow::Borrowed(first),
        Some(second) => {
            let rest: String = texts.collect();
            Cow::Owned(format!("{first}{second}{rest}"))
        }
    }
}
