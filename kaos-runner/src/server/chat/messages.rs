//! The messages of a request: what the model is told, what was said, and what is to be answered.

use kaos_hooks::Str;
use serde_json::Value;

use super::fields::Fields;
use crate::server::error::ApiError;
use crate::{AssistantMessage, Content, Image, Message, Part, ToolOutput, ToolResult, ToolUse};

/// The messages of a request.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// What the caller tells the model, behind what the agent does.
    pub(super) instructions: String,
    /// What was said before.
    pub(super) history: Vec<Message>,
    /// What is to be answered: what the user says after the last answer.
    pub(super) asked: Vec<Message>,
    /// Whether another agent asks.
    pub(super) delegated: bool,
}

impl Messages {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, ApiError> {
        let listed = fields.list("messages")?.filter(|list| !list.is_empty());
        let listed = listed.ok_or_else(|| fields.wrong("messages", "messages are required"))?;
        let mut messages = Self::default();
        for (at, message) in listed.iter().enumerate() {
            let place = format!("messages[{at}]");
            let Value::Object(message) = message else {
                return Err(ApiError::field(place, "must be an object"));
            };
            messages.add(&Fields::at(message, &place))?;
        }
        if messages.asked.is_empty() {
            let wrong = "no user or task-delegation message found after the last answer";
            return Err(fields.wrong("messages", wrong));
        }
        Ok(messages)
    }

    fn add(&mut self, message: &Fields<'_>) -> Result<(), ApiError> {
        match message.required("role")? {
            "system" | "developer" => {
                let gap = if self.instructions.is_empty() {
                    ""
                } else {
                    "\n\n"
                };
                self.instructions += gap;
                self.instructions += &text_of(message)?;
            }
            role @ ("user" | "task-delegation") => {
                self.delegated |= role == "task-delegation";
                let content = content(message)?;
                if content.is_empty() {
                    return Err(message.wrong("content", "is missing"));
                }
                self.asked.push(Message::User(content));
            }
            "assistant" => {
                self.history.append(&mut self.asked);
                self.history.push(Message::Assistant(said(message)?));
            }
            "tool" => {
                self.history.append(&mut self.asked);
                self.history.push(Message::Tool(ToolResult {
                    call_id: Str::copied(message.required("tool_call_id")?),
                    output: ToolOutput::from(text_of(message)?),
                    failed: false,
                }));
            }
            _ => {
                let known = "must be system, developer, user, assistant, tool or task-delegation";
                return Err(message.wrong("role", known));
            }
        }
        Ok(())
    }
}

/// What the model said, and what it called.
fn said(message: &Fields<'_>) -> Result<AssistantMessage, ApiError> {
    let mut said = AssistantMessage::text(text_of(message)?);
    let calls = message.list("tool_calls")?.into_iter().flatten();
    for (at, call) in calls.enumerate() {
        let place = message.place(&format!("tool_calls[{at}]"));
        let Value::Object(call) = call else {
            return Err(ApiError::field(place, "must be an object"));
        };
        let call = Fields::at(call, &place);
        let function = call.object("function")?;
        let function = function.ok_or_else(|| call.wrong("function", "is missing"))?;
        said.parts.push(Part::ToolCall(ToolUse::new(
            Str::copied(call.required("id")?),
            Str::copied(function.required("name")?),
            Str::copied(function.text("arguments")?.unwrap_or_default()),
        )));
    }
    Ok(said)
}

/// The content as one text, as every role but the user has it.
fn text_of(message: &Fields<'_>) -> Result<String, ApiError> {
    let parts = content(message)?;
    let texts = parts.iter().map(|part| match part {
        Content::Text(text) => Ok(text.as_str()),
        _ => Err(message.wrong("content", "must be text")),
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.concat())
}

/// A text, or a list of parts; nothing where there is none.
fn content(message: &Fields<'_>) -> Result<Vec<Content>, ApiError> {
    match message.get("content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Content::text(Str::copied(text))]),
        Some(Value::Array(parts)) => {
            let parts = parts.iter().enumerate().map(|(at, part)| {
                let place = message.place(&format!("content[{at}]"));
                match part {
                    Value::Object(part) => self::part(&Fields::at(part, &place)),
                    _ => Err(ApiError::field(place, "must be an object")),
                }
            });
            parts.collect()
        }
        Some(_) => Err(message.wrong("content", "must be a text or a list of parts")),
    }
}

fn part(part: &Fields<'_>) -> Result<Content, ApiError> {
    match part.required("type")? {
        "text" => Ok(Content::text(Str::copied(part.required("text")?))),
        "refusal" => Ok(Content::text(Str::copied(part.required("refusal")?))),
        "image_url" => {
            let image = part.object("image_url")?;
            let image = image.ok_or_else(|| part.wrong("image_url", "is missing"))?;
            let image = self::image(image.required("url")?)
                .ok_or_else(|| image.wrong("url", "must be https://… or data:image/…;base64,…"))?;
            Ok(Content::Image(image))
        }
        _ => Err(ApiError::unsupported(
            part.place("type"),
            "must be text or image_url",
        )),
    }
}

fn image(url: &str) -> Option<Image> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some(Image::url(Str::copied(url)));
    }
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let is_image = media_type.starts_with("image/") && !data.is_empty();
    is_image.then(|| Image::base64(Str::copied(media_type), Str::copied(data)))
}
