use serde::{Deserialize, Serialize};

use crate::fields::{always_there, fields};
use crate::texts::numbers;
use crate::{Attributes, McpCall, Str};

fields! {
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
        pub name: Str as name,
        /// The id the model gave to this call.
        pub call_id: Option<Str> as name,
        /// What kind of tool it is.
        #[serde(rename = "tool_type")]
        pub kind: ToolKind as number,
        /// The name that the model asked for, where no tool has it: whatever a model says. Content.
        pub asked_name: Option<Box<Str>> as content(Arguments),
        /// What the tool is for, in its maker's words.
        pub description: Option<Str> as content(Instructions),
        /// The arguments the model asked for, as JSON. Content.
        pub arguments: Option<Str> as content(Arguments) at start,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
}

/// Who executes a tool: `gen_ai.tool.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
    /// The name of all tools that do not exist.
    pub const OTHER: &'static str = "_OTHER";

    /// A call of a tool that does not exist.
    ///
    /// A model can make up any name. So that it becomes neither a span's name nor a label, the
    /// call's name is [`OTHER`](Self::OTHER), and the name asked for is content.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Subject, ToolCall};
    ///
    /// let call = Subject::from(ToolCall::unknown("levitate"));
    /// assert_eq!(call.span_name(), "tool._OTHER");
    /// ```
    pub fn unknown(asked_name: impl Into<Str>) -> Self {
        Self {
            asked_name: Some(Box::new(asked_name.into())),
            ..Self::new(Self::OTHER)
        }
    }

    /// A call of the function with this name.
    pub fn new(name: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

fields! {
    /// What came of a tool call.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ToolOutcome {
        /// What the tool gave back. Content.
        pub result: Option<Str> as content(Result),
        /// Size of the result, in bytes.
        pub result_bytes: Option<u64> as number,
        /// A gate skipped the call: the tool did not run.
        pub skipped: bool as number,
        /// How the server was asked, where the tool lives behind one of the Model Context Protocol.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub mcp: Option<Box<McpCall>> as fields,
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

always_there! { ToolKind }
numbers! { ToolKind }
