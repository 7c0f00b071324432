//! What an event says, before anything is taken out of it.

use std::fmt;

use kaos_events::Str;
use serde_json::{Map, Value, json};

use crate::redact::{ContentPolicies, Field, Redactor};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MemoryEventType {
    /// Somebody asked the agent.
    UserMessage,
    /// Another agent gave it work.
    TaskDelegationReceived,
    /// It answered.
    AgentResponse,
    /// It called a tool.
    ToolCall,
    /// The tool gave a result, or none.
    ToolResult,
    /// It gave work to another agent.
    DelegationRequest,
    /// The other agent answered.
    DelegationResponse,
    /// The other agent did not.
    DelegationError,
    /// It did not answer.
    Error,
}

impl MemoryEventType {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::UserMessage,
        Self::TaskDelegationReceived,
        Self::AgentResponse,
        Self::ToolCall,
        Self::ToolResult,
        Self::DelegationRequest,
        Self::DelegationResponse,
        Self::DelegationError,
        Self::Error,
    ];

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|it| it.as_str() == name).copied()
    }

    /// The name: `user_message`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserMessage => "user_message",
            Self::TaskDelegationReceived => "task_delegation_received",
            Self::AgentResponse => "agent_response",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::DelegationRequest => "delegation_request",
            Self::DelegationResponse => "delegation_response",
            Self::DelegationError => "delegation_error",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for MemoryEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an event says.
pub(super) enum Entry {
    UserMessage(Str),
    TaskDelegationReceived(Str),
    AgentResponse(Str),
    ToolCall { tool: Str, arguments: Str },
    ToolResult { tool: Str, result: Str },
    ToolFailed { tool: Str, why: Why },
    DelegationRequest { agent: Str, task: Str },
    DelegationResponse { agent: Str, response: Str },
    DelegationError { agent: Str, why: Why },
    Error(Why),
}

/// Why there is no result.
pub(super) struct Why {
    /// One of few words, and no content.
    pub(super) kind: Str,
    pub(super) message: Option<Str>,
}

/// What takes out of an event what may not leave.
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub(super) policies: ContentPolicies,
    pub(super) redactor: Redactor,
}

impl Entry {
    pub(super) fn event_type(&self) -> MemoryEventType {
        match self {
            Self::UserMessage(_) => MemoryEventType::UserMessage,
            Self::TaskDelegationReceived(_) => MemoryEventType::TaskDelegationReceived,
            Self::AgentResponse(_) => MemoryEventType::AgentResponse,
            Self::ToolCall { .. } => MemoryEventType::ToolCall,
            Self::ToolResult { .. } | Self::ToolFailed { .. } => MemoryEventType::ToolResult,
            Self::DelegationRequest { .. } => MemoryEventType::DelegationRequest,
            Self::DelegationResponse { .. } => MemoryEventType::DelegationResponse,
            Self::DelegationError { .. } => MemoryEventType::DelegationError,
            Self::Error(_) => MemoryEventType::Error,
        }
    }

    /// How many bytes its texts have.
    pub(super) fn bytes(&self) -> usize {
        let words = |why: &Why| why.message.as_ref().map_or(0, |text| text.len());
        match self {
            Self::UserMessage(text)
            | Self::TaskDelegationReceived(text)
            | Self::AgentResponse(text) => text.len(),
            Self::ToolCall {
                tool: name,
                arguments: text,
            }
            | Self::ToolResult {
                tool: name,
                result: text,
            }
            | Self::DelegationRequest {
                agent: name,
                task: text,
            }
            | Self::DelegationResponse {
                agent: name,
                response: text,
            } => name.len() + text.len(),
            Self::ToolFailed { tool: name, why } | Self::DelegationError { agent: name, why } => {
                name.len() + words(why)
            }
            Self::Error(why) => words(why),
        }
    }

    /// What may leave of it, in the shapes of KAOS. Of a delegation each generation finds its own
    /// fields: `agent` and `task`, or `tool` and `arguments`.
    pub(super) fn content(&self, stage: &Stage) -> Value {
        match self {
            Self::UserMessage(text) | Self::TaskDelegationReceived(text) => {
                stage.text(Field::Input, text)
            }
            Self::AgentResponse(text) => stage.text(Field::Output, text),
            Self::ToolCall { tool, arguments } => {
                let arguments = stage.json(Field::Arguments, tool, arguments);
                json!({ "tool": tool, "arguments": arguments })
            }
            Self::ToolResult { tool, result } => {
                json!({ "tool": tool, "result": stage.json(Field::Result, tool, result) })
            }
            Self::ToolFailed { tool, why } => {
                json!({ "tool": tool, "result": null, "error": stage.why(why, Some(tool)) })
            }
            Self::DelegationRequest { agent, task } => {
                let task = stage.text(Field::Input, task);
                let arguments = Map::from_iter([("task".to_owned(), task.clone())]);
                json!({ "agent": agent, "task": task, "tool": as_tool(agent), "arguments": arguments })
            }
            Self::DelegationResponse { agent, response } => {
                let response = stage.text(Field::Output, response);
                let result = response.clone();
                json!({ "agent": agent, "response": response, "tool": as_tool(agent), "result": result })
            }
            Self::DelegationError { agent, why } => {
                let why = stage.why(why, None);
                json!({ "agent": agent, "error": why, "tool": as_tool(agent) })
            }
            Self::Error(why) => stage.why(why, None),
        }
    }
}

/// What a delegation is called where it is a tool.
fn as_tool(agent: &str) -> String {
    format!("delegate_to_{agent}")
}

impl Stage {
    fn text(&self, field: Field, text: &str) -> Value {
        let safe = self.policies.apply(&self.redactor, field, None, text);
        safe.map_or(Value::Null, |safe| safe.into_text().into())
    }

    /// An object or a list as what it is, everything else as text.
    fn json(&self, field: Field, tool: &str, text: &str) -> Value {
        let safe = self.policies.apply(&self.redactor, field, Some(tool), text);
        let Some(safe) = safe else {
            return Value::Null;
        };
        match serde_json::from_str(safe.as_str()) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => safe.into_text().into(),
        }
    }

    fn why(&self, why: &Why, tool: Option<&str>) -> Value {
        let words = why.message.as_ref();
        let safe = words.and_then(|text| {
            self.policies
                .apply(&self.redactor, Field::Error, tool, text)
        });
        safe.map_or_else(|| why.kind.as_str().into(), |safe| safe.into_text().into())
    }
}
