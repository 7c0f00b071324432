//! The Messages API.

use std::collections::HashSet;

use serde_json::Value;

use super::Strict;
use super::rules::{call_id, must, only, text, tool_name};
use super::schema::Dialect;
use crate::testing::Request;

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "metadata",
];

pub(super) fn judge(rules: &Strict, request: &Request) -> Result<(), String> {
    let body = &request.body;
    must(request.header("anthropic-version").is_some(), || {
        "no anthropic-version".to_owned()
    })?;
    only(body, FIELDS, "the request")?;
    text(body, "model", "the request")?;
    must(body["max_tokens"].as_u64().is_some_and(|it| it > 0), || {
        "max_tokens: Field required".to_owned()
    })?;
    if let Some(system) = body.get("system") {
        let said = system.as_str().unwrap_or_default();
        must(!said.trim().is_empty(), || {
            "system: text must not be empty".to_owned()
        })?;
    }
    let names = tools(body)?;
    let messages = body["messages"].as_array().filter(|all| !all.is_empty());
    let messages = messages.ok_or("messages: at least one message is required")?;
    let spoke = |message: &&Value| {
        let parts = message["content"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        message["role"] == "user" && parts.iter().any(|it| it["type"] != "tool_result")
    };
    let last_user = messages.iter().rposition(|message| spoke(&message));
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    let mut before = "";
    for (at, message) in messages.iter().enumerate() {
        only(message, &["role", "content"], "a message")?;
        let role = text(message, "role", "a message")?;
        must(role != before, || format!("`{role}` speaks twice"))?;
        let parts = message["content"]
            .as_array()
            .filter(|parts| !parts.is_empty());
        let parts = parts.ok_or("a message has no content")?;
        match role {
            "user" => user(parts, &mut open)?,
            "assistant" => {
                must(at > 0, || "first message must use the user role".to_owned())?;
                let thinks = rules.thinking && Some(at) > last_user;
                open = assistant(parts, thinks)?;
                for id in &open {
                    must(seen.insert(id), || {
                        "`tool_use` ids must be unique".to_owned()
                    })?;
                }
                let declared = open.is_empty() || !names.is_empty();
                must(declared, || {
                    "calls in the conversation need `tools`".to_owned()
                })?;
            }
            other => return Err(format!("`{other}` is no role")),
        }
        before = role;
    }
    must(open.is_empty(), || {
        format!("`tool_use` without `tool_result`: {open:?}")
    })
}

/// The results of all calls first, then whatever the user says.
fn user<'m>(parts: &'m [Value], open: &mut Vec<&'m str>) -> Result<(), String> {
    let mut spoke = false;
    for part in parts {
        if part["type"] == "tool_result" {
            must(!spoke, || "`tool_result` blocks must come first".to_owned())?;
            only(
                part,
                &["type", "tool_use_id", "content", "is_error"],
                "a result",
            )?;
            let id = text(part, "tool_use_id", "a result")?;
            let at = open.iter().position(|known| *known == id);
            open.remove(at.ok_or_else(|| format!("unexpected `tool_use_id`: {id}"))?);
            for inner in part["content"].as_array().into_iter().flatten() {
                content(inner)?;
            }
        } else {
            spoke = true;
            content(part)?;
        }
    }
    must(open.is_empty(), || {
        format!("`tool_use` without `tool_result`: {open:?}")
    })
}

fn content(part: &Value) -> Result<(), String> {
    match text(part, "type", "a block")? {
        "text" => {
            only(part, &["type", "text"], "a text block")?;
            let said = text(part, "text", "a text block")?;
            must(!said.trim().is_empty(), || {
                "text content blocks must be non-empty".to_owned()
            })
        }
        "image" => {
            let source = &part["source"];
            match text(source, "type", "an image's source")? {
                "url" => {
                    let url = text(source, "url", "an image")?;
                    must(url.starts_with("https://"), || {
                        "Only HTTPS URLs are supported".to_owned()
                    })
                }
                "base64" => {
                    let media = text(source, "media_type", "an image")?;
                    let accepted = ["image/png", "image/jpeg", "image/gif", "image/webp"];
                    must(accepted.contains(&media), || {
                        format!("`{media}` is no image")
                    })?;
                    text(source, "data", "an image").map(drop)
                }
                other => Err(format!("`{other}` is no source")),
            }
        }
        other => Err(format!("`{other}` is no block")),
    }
}

fn assistant(parts: &[Value], thinks: bool) -> Result<Vec<&str>, String> {
    let mut ids = Vec::new();
    for part in parts {
        match text(part, "type", "a block")? {
            "thinking" => {
                only(part, &["type", "thinking", "signature"], "a thinking block")?;
                let signature = text(part, "signature", "a thinking block")?;
                must(signature.starts_with("sig-"), || {
                    "Invalid `signature` in `thinking` block".to_owned()
                })?;
            }
            "redacted_thinking" => {
                text(part, "data", "a redacted thinking block")?;
            }
            "tool_use" => {
                only(part, &["type", "id", "name", "input"], "a tool_use block")?;
                tool_name(text(part, "name", "a tool_use block")?)?;
                must(part["input"].is_object(), || {
                    "input: Input should be an object".to_owned()
                })?;
                let id = text(part, "id", "a tool_use block")?;
                call_id(id)?;
                ids.push(id);
            }
            _ => content(part)?,
        }
    }
    let first = parts
        .first()
        .map(|part| part["type"].as_str().unwrap_or_default());
    let thought = first.is_some_and(|kind| kind.ends_with("thinking"));
    must(!thinks || ids.is_empty() || thought, || {
        "a final assistant message must start with a thinking block".to_owned()
    })?;
    Ok(ids)
}

fn tools(body: &Value) -> Result<HashSet<&str>, String> {
    let mut names: HashSet<&str> = HashSet::new();
    for tool in body["tools"].as_array().into_iter().flatten() {
        only(tool, &["name", "description", "input_schema"], "a tool")?;
        let name = text(tool, "name", "a tool")?;
        tool_name(name)?;
        must(names.insert(name), || {
            "Tool names must be unique".to_owned()
        })?;
        let dialect = Dialect {
            open_api: false,
            plain_keys: true,
        };
        dialect.judge(&tool["input_schema"])?;
    }
    if let Some(choice) = body.get("tool_choice") {
        let name = choice.get("name").and_then(Value::as_str);
        must(name.is_none_or(|name| names.contains(name)), || {
            "tool_choice names no tool".to_owned()
        })?;
        must(name.is_none() || body.get("thinking").is_none(), || {
            "Thinking may not be enabled when tool_choice forces tool use".to_owned()
        })?;
    }
    Ok(names)
}
