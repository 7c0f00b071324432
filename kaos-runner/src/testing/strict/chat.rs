//! Chat completions.

use std::collections::HashSet;

use serde_json::Value;

use super::Strict;
use super::rules::{call_id, must, only, text, tool_name};
use super::schema::Dialect;

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "stream",
    "stream_options",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "reasoning_effort",
    "parallel_tool_calls",
];

pub(super) fn judge(rules: &Strict, body: &Value) -> Result<(), String> {
    only(body, FIELDS, "the request")?;
    text(body, "model", "the request")?;
    let mistral = rules.mistral && body.get("stream_options").is_some();
    must(!mistral, || "`stream_options` is extra".to_owned())?;
    tools(rules, body)?;
    if let Some(form) = body.pointer("/response_format/json_schema") {
        only(
            form,
            &["name", "schema", "strict"],
            "the form of the answer",
        )?;
        tool_name(text(form, "name", "the form of the answer")?)?;
    }
    let messages = body["messages"].as_array().ok_or("there are no messages")?;
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    let mut before = "";
    let last_user = messages.iter().rposition(|it| it["role"] == "user");
    must(last_user.is_some(), || {
        "no message is the user's".to_owned()
    })?;
    for (at, message) in messages.iter().enumerate() {
        let role = text(message, "role", "a message")?;
        must(role == "tool" || open.is_empty(), || {
            format!("calls without results: {open:?}")
        })?;
        match role {
            "system" => {
                must(at == 0, || "a system message in the middle".to_owned())?;
                only(message, &["role", "content"], "a system message")?;
                says(message)?;
            }
            "user" => {
                must(before != "user", || "the user speaks twice".to_owned())?;
                let after_tool = before == "tool" && rules.mistral;
                must(!after_tool, || {
                    "Unexpected role 'user' after role 'tool'".to_owned()
                })?;
                only(message, &["role", "content"], "a user's message")?;
                user(message)?;
            }
            "assistant" => {
                let first = before.is_empty() || before == "system";
                must(!first, || "the model speaks first".to_owned())?;
                must(before != "assistant", || {
                    "the model speaks twice".to_owned()
                })?;
                open = assistant(rules, message, Some(at) > last_user)?;
                for id in &open {
                    must(seen.insert(id), || format!("two calls have the id `{id}`"))?;
                }
            }
            "tool" => {
                only(
                    message,
                    &["role", "tool_call_id", "content"],
                    "a tool's message",
                )?;
                must(message["content"].is_string(), || {
                    "a result is no text".to_owned()
                })?;
                let id = text(message, "tool_call_id", "a result")?;
                let at = open.iter().position(|known| *known == id);
                open.remove(at.ok_or_else(|| format!("no call has the id `{id}` of a result"))?);
            }
            other => return Err(format!("`{other}` is no role")),
        }
        before = role;
    }
    must(open.is_empty(), || {
        format!("calls without results: {open:?}")
    })
}

fn says(message: &Value) -> Result<(), String> {
    let said = message["content"].as_str().unwrap_or_default();
    must(!said.trim().is_empty(), || {
        format!("a message says nothing: {message}")
    })
}

fn user(message: &Value) -> Result<(), String> {
    let Some(parts) = message["content"].as_array() else {
        return says(message);
    };
    for part in parts {
        match text(part, "type", "a part")? {
            "text" => must(!text(part, "text", "a part")?.trim().is_empty(), || {
                "an empty part".to_owned()
            })?,
            "image_url" => {
                let url = part.pointer("/image_url/url").and_then(Value::as_str);
                let url = url.ok_or("an image has no url")?;
                let known = url.starts_with("https://") || url.starts_with("data:image/");
                must(known, || format!("`{url}` is no image"))?;
            }
            other => return Err(format!("`{other}` is no part")),
        }
    }
    must(!parts.is_empty(), || "a message says nothing".to_owned())
}

fn assistant<'m>(
    rules: &Strict,
    message: &'m Value,
    is_current: bool,
) -> Result<Vec<&'m str>, String> {
    let mut known = vec!["role", "content", "tool_calls"];
    known.extend(&rules.known);
    only(message, &known, "a message of the model's")?;
    must(message["content"].is_string(), || {
        "`content` is no text".to_owned()
    })?;
    let Some(calls) = message.get("tool_calls") else {
        says(message)?;
        return Ok(Vec::new());
    };
    let calls = calls.as_array().filter(|calls| !calls.is_empty());
    let calls = calls.ok_or("`tool_calls` has nothing in it")?;
    rules.not_too_long(calls, "tool_calls")?;
    if let Some(field) = rules.with_calls {
        must(message[field].is_string(), || {
            format!("Missing `{field}` field in the assistant message")
        })?;
    }
    let mut ids = Vec::new();
    for call in calls {
        let mut known = vec!["id", "type", "function"];
        known.extend(&rules.known);
        only(call, &known, "a call")?;
        must(call["type"] == "function", || {
            "a call's type is not `function`".to_owned()
        })?;
        if let Some(field) = rules.on_calls.filter(|_| is_current) {
            must(!call[field].is_null(), || {
                format!("a call lacks its `{field}`")
            })?;
        }
        let function = &call["function"];
        only(function, &["name", "arguments"], "a call's function")?;
        tool_name(text(function, "name", "a call")?)?;
        let arguments = text(function, "arguments", "a call")?;
        let object: Result<Value, _> = serde_json::from_str(arguments);
        let object = object.is_ok_and(|it| it.is_object());
        must(object, || format!("arguments are no object: {arguments}"))?;
        let id = text(call, "id", "a call")?;
        call_id(id)?;
        let nine = id.len() == 9 && id.bytes().all(|it| it.is_ascii_alphanumeric());
        must(nine || !rules.mistral, || {
            format!("`{id}` is not nine letters or digits")
        })?;
        ids.push(id);
    }
    Ok(ids)
}

fn tools(rules: &Strict, body: &Value) -> Result<(), String> {
    let Some(tools) = body.get("tools") else {
        return Ok(());
    };
    let tools = tools.as_array().filter(|tools| !tools.is_empty());
    let mut names: HashSet<&str> = HashSet::new();
    let tools = tools.ok_or("`tools` has nothing in it")?;
    rules.not_too_long(tools, "tools")?;
    for tool in tools {
        only(tool, &["type", "function"], "a tool")?;
        let function = &tool["function"];
        only(
            function,
            &["name", "description", "parameters"],
            "a tool's function",
        )?;
        let name = text(function, "name", "a tool")?;
        tool_name(name)?;
        must(names.insert(name), || {
            format!("two tools are called `{name}`")
        })?;
        let dialect = Dialect {
            open_api: rules.open_api,
            plain_keys: false,
        };
        dialect.judge(&function["parameters"])?;
    }
    Ok(())
}
