//! What a server says its tools are, taken one by one: what is wrong with one is not the others' fault.

use std::collections::HashSet;

use rmcp::model::{PaginatedRequestParams, ServerResult, Tool};
use serde_json::Value;

use super::connection::Connection;
use super::request::Asking;
use crate::ToolError;

/// The most tools of one server.
const MAX_TOOLS: usize = 1000;
/// The most pages that they stand on.
const MAX_PAGES: usize = 100;
/// The most bytes of their descriptions and schemas together.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of one schema.
const MAX_SCHEMA: usize = 256 * 1024;
/// The most bytes of one description; what is longer is cut.
const MAX_DESCRIPTION: usize = 16 * 1024;
/// The most characters of a name, as the protocol has it (2025-11-25).
const MAX_NAME: usize = 128;

/// A server's tools, in its order.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) tools: Vec<Tool>,
    /// Why tools, or the rest of the list, were left out.
    pub(super) left_out: Vec<&'static str>,
    names: HashSet<String>,
    bytes: usize,
}

impl Listed {
    /// Asks for page after page, until there is no other, or one comes again.
    pub(super) async fn ask(
        connection: &Connection,
        asking: Asking<'_>,
    ) -> Result<Self, ToolError> {
        let mut listed = Self::default();
        let mut cursors = HashSet::new();
        let mut page = PaginatedRequestParams::default();
        loop {
            let next = match connection.page(page, asking).await? {
                ServerResult::ListToolsResult(list) => {
                    let tools = list.tools.into_iter().map(Ok);
                    listed.page(tools);
                    list.next_cursor
                }
                // What the library cannot read whole, it hands on as it came.
                ServerResult::CustomResult(raw) => listed.raw(raw.0)?,
                _ => return Err(no_list()),
            };
            let Some(next) = next.filter(|cursor| !cursor.is_empty()) else {
                return Ok(listed);
            };
            if listed.tools.len() >= MAX_TOOLS || listed.bytes >= MAX_BYTES {
                listed.left_out.push("there are too many tools");
                return Ok(listed);
            }
            if cursors.len() >= MAX_PAGES {
                listed.left_out.push("the list has too many pages");
                return Ok(listed);
            }
            page = PaginatedRequestParams::default().with_cursor(Some(next.clone()));
            if !cursors.insert(next) {
                listed.left_out.push("the list begins again without end");
                return Ok(listed);
            }
        }
    }

    /// A page with something wrong in it: each of its tools by itself.
    fn raw(&mut self, mut raw: Value) -> Result<Option<String>, ToolError> {
        let Some(Value::Array(tools)) = raw.get_mut("tools").map(Value::take) else {
            return Err(no_list());
        };
        let read = |raw| serde_json::from_value(raw).map_err(|_content| "it is no tool");
        self.page(tools.into_iter().map(read));
        let next = raw.get("nextCursor").and_then(Value::as_str);
        Ok(next.map(str::to_owned))
    }

    fn page(&mut self, tools: impl Iterator<Item = Result<Tool, &'static str>>) {
        for tool in tools {
            if let Err(why) = tool.and_then(|tool| self.take(tool)) {
                self.left_out.push(why);
            }
        }
    }

    fn take(&mut self, mut tool: Tool) -> Result<(), &'static str> {
        let name = &*tool.name;
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err("its name is empty or too long");
        }
        if name.chars().any(kaos_hooks::is_hidden) {
            return Err("its name has control characters");
        }
        let schema = serde_json::to_string(&tool.input_schema).unwrap_or_default();
        if schema.len() > MAX_SCHEMA {
            return Err("its schema is too long");
        }
        if let Some(text) = &mut tool.description
            && text.len() > MAX_DESCRIPTION
        {
            let whole = |at: &usize| text.is_char_boundary(*at);
            let end = (0..=MAX_DESCRIPTION).rev().find(whole).unwrap_or_default();
            *text = format!("{} [cut]", text.get(..end).unwrap_or_default()).into();
        }
        let bytes = schema.len() + tool.description.as_deref().map_or(0, str::len);
        if self.tools.len() >= MAX_TOOLS || self.bytes + bytes > MAX_BYTES {
            return Err("there are too many tools");
        }
        if !self.names.insert(tool.name.to_string()) {
            return Err("its name is another one's");
        }
        self.bytes += bytes;
        self.tools.push(tool);
        Ok(())
    }
}

fn no_list() -> ToolError {
    ToolError::of_kind("bad_response", "the server's list of tools is none")
}
