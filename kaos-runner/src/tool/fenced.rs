//! Tool calls for models that have none: blocks in the model's text.

use kaos_hooks::Str;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{Content, Message, ToolSpec, ToolUse};

/// What a model's text asks for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Blocks {
    /// The text without the blocks.
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolUse>,
    /// What is wrong with blocks that cannot be read, for the model to correct.
    pub(crate) fault: Option<Str>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(alias = "name")]
    tool: String,
    arguments: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Delegate {
    #[serde(alias = "name")]
    agent: String,
    task: String,
}

/// How the model is to call tools, to stand behind the agent's instructions.
pub(crate) fn instructions(tools: &[ToolSpec], agents: &[Str]) -> String {
    let mut text = String::from(
        "To use a tool, write a block like this, and nothing behind it; the result follows in the \
         next message:\n\n```tool_call\n{\"tool\": \"<name>\", \"arguments\": {…}}\n```\n",
    );
    let is_agent = |tool: &&ToolSpec| agents.contains(&tool.name);
    text += "\nThe tools, with the JSON Schema of their arguments:\n";
    for tool in tools.iter().filter(|tool| !is_agent(tool)) {
        let (name, description, schema) = (&tool.name, &tool.description, &tool.schema);
        let line = format!("- {name}: {description} {schema}\n");
        text += &line;
    }
    if !agents.is_empty() {
        text += "\nTo give work to another agent, write:\n\n```delegate\n\
                 {\"agent\": \"<name>\", \"task\": \"…\"}\n```\n\nThe agents:\n";
    }
    for agent in tools.iter().filter(is_agent) {
        let line = format!("- {}: {}\n", agent.name, agent.description);
        text += &line;
    }
    text
}

/// Finds the blocks in a model's text. `step` makes the calls' ids different in each step.
///
/// A block inside another block, such as an example in Markdown, is not one.
pub(crate) fn read(text: &str, step: u32) -> Blocks {
    let mut found = Blocks::default();
    let mut faults = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in text.split_inclusive('\n') {
        let (ticks, word) = fence(line);
        match &mut open {
            None => {
                let kind = match (ticks, word) {
                    (3.., "tool_call" | "delegate") => Some(word),
                    _ => None,
                };
                if ticks >= 3 {
                    let body = String::new();
                    open = Some(Block { kind, ticks, body });
                }
                if kind.is_none() {
                    found.text += line;
                }
            }
            Some(block) if ticks >= block.ticks && word.is_empty() => {
                match block.kind {
                    Some(kind) => match call(kind, &block.body, step, found.calls.len() + 1) {
                        Ok(call) => found.calls.push(call),
                        Err(fault) => faults.push(fault),
                    },
                    None => found.text += line,
                }
                open = None;
            }
            Some(block) if block.kind.is_some() => block.body += line,
            Some(_) => found.text += line,
        }
    }
    if let Some(Block {
        kind: Some(kind), ..
    }) = open
    {
        faults.push(format!("The {kind} block has no end: close it with ```."));
    }
    found.text.truncate(found.text.trim_end().len());
    if !faults.is_empty() {
        found.fault = Some(faults.join("\n").into());
    }
    found
}

/// A block that has begun: its word, if it is one of ours.
struct Block<'a> {
    kind: Option<&'a str>,
    ticks: usize,
    body: String,
}

/// How many backticks a line begins with, and what stands behind them.
fn fence(line: &str) -> (usize, &str) {
    let line = line.trim();
    let word = line.trim_start_matches('`');
    (line.len() - word.len(), word)
}

fn call(kind: &str, body: &str, step: u32, number: usize) -> Result<ToolUse, String> {
    let id = Str::from(format!("block-{step}-{number}"));
    if kind == "delegate" {
        let form = r#"{"agent": "<name>", "task": "…"}"#;
        let delegate: Delegate =
            serde_json::from_str(body).map_err(|why| fault(kind, form, &why))?;
        let arguments = json!({ "task": delegate.task }).to_string();
        return Ok(ToolUse::new(id, delegate.agent, arguments));
    }
    let form = r#"{"tool": "<name>", "arguments": {…}}"#;
    let call: Call = serde_json::from_str(body).map_err(|why| fault(kind, form, &why))?;
    let arguments = call.arguments.map_or_else(String::new, |given| {
        // Some write the arguments as text that holds the JSON.
        let text: Option<String> = serde_json::from_str(given.get()).ok();
        text.unwrap_or_else(|| given.get().to_owned())
    });
    Ok(ToolUse::new(id, call.tool, arguments))
}

fn fault(kind: &str, form: &str, why: &serde_json::Error) -> String {
    format!("The {kind} block cannot be read: {why}. Write {form} and close it with ```.")
}

/// The conversation as a model without tool calls can read it.
pub(crate) fn conversation(messages: &[Message]) -> Vec<Message> {
    let mut sent: Vec<Message> = Vec::new();
    let mut results = false;
    let mut names: Vec<(&Str, &Str)> = Vec::new();
    for message in messages {
        match message {
            Message::Assistant(said) => {
                names.extend(said.tool_calls().map(|call| (&call.id, &call.name)));
                let text = said.joined_text().into_owned();
                let text = Some(text).filter(|text| !text.is_empty());
                let parts = text.into_iter().chain(said.tool_calls().map(block));
                let parts: Vec<String> = parts.collect();
                sent.push(Message::assistant(parts.join("\n\n")));
                results = false;
            }
            Message::Tool(result) => {
                let name = names.iter().rev().find(|(id, _)| **id == result.call_id);
                let name = name.map_or("tool", |(_, name)| name.as_str());
                let mut content = result.output.parts.iter();
                // Its first text stands in the line of its name.
                let first = content.as_slice().first().map(Content::to_text);
                let first = first.unwrap_or_default();
                let mut content: Vec<Content> = content.by_ref().skip(1).cloned().collect();
                let head = format!("Result of {name}:\n{first}");
                content.insert(0, Content::text(head));
                add(&mut sent, content, results);
                results = true;
            }
            // Two messages of the user in a row confuse some models.
            Message::User(content) => {
                add(&mut sent, content.clone(), results);
                results = false;
            }
        }
    }
    sent
}

/// Adds content from the user, to the last message where that has results.
fn add(sent: &mut Vec<Message>, content: Vec<Content>, to_last: bool) {
    match sent.last_mut() {
        Some(Message::User(before)) if to_last => before.extend(content),
        _ => sent.push(Message::User(content)),
    }
}

fn block(call: &ToolUse) -> String {
    let arguments: Value = serde_json::from_str(&call.arguments)
        .unwrap_or_else(|_not_json| Value::from(call.arguments.as_str()));
    let call = json!({ "tool": call.name, "arguments": arguments });
    format!("```tool_call\n{call}\n```")
}
