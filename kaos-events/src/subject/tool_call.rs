use serde::{Deserialize, Serialize};

use crate::{Attributes, Str};

/// The execution of a tool.
///
/// # Example
///
/// ```
/// use kaos_events::ToolCall;
///
/// let mut call = ToolCall::new("calculator");
/// call.arguments = Some(r#"{"expression":"6*7"}"#.into());
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolCall {
    /// The tool's name.
    pub name: Str,
    /// The id the model gave to this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Str>,
    /// What kind of tool it is.
    #[serde(rename = "tool_type")]
    pub kind: ToolKind,
    /// What the tool is for, in its maker's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Str>,
    /// The arguments the model asked for, as JSON. Content.
    #[serde(skip)]
    pub arguments: Option<Str>,
    /// What the user adds.
    #[serde(skip)]
    pub attributes: Attributes,
}

/// Who executes a tool: `gen_ai.tool.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// The agent's own process.
    #[default]
    Function,
    /// The agent calls an external service.
    Extension,
    /// The agent reads a data store.
    Datastore,
}

impl ToolKind {
    /// The value of `gen_ai.tool.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Extension => "extension",
            Self::Datastore => "datastore",
        }
    }
}

impl ToolCall {
    /// A call of the function with this name.
    pub fn new(name: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// What came of a tool call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolOutcome {
    /// What the tool gave back. Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Str>,
    /// Size of the result, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_bytes: Option<u64>,
    /// A gate skipped the call: the tool did not run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
    /// The Model Context Protocol's part, where the tool lives behind a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp: Option<Box<McpCall>>,
    /// What the user adds.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// The Model Context Protocol's part of a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct McpCall {
    /// The method, for example `tools/call`.
    pub method: Str,
    /// The JSON-RPC request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Str>,
    /// The protocol session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Str>,
    /// `rpc.response.status_code`: the JSON-RPC error code, where the server gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<Str>,
    /// The protocol version agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<Str>,
    /// `pipe` for stdio, `tcp` for HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Str>,
}
