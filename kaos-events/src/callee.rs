use crate::{ServedCall, Str, Subagent, Subject, SubjectType, ToolCall};

/// A subject that a model asks for by its name: a tool, here or for somebody else, or another agent. Gates
/// decide about all of them.
pub trait Callable: SubjectType {}

impl Callable for ToolCall {}
impl Callable for ServedCall {}
impl Callable for Subagent {}

/// What the span of a call names; see [`Scope::callee`](crate::Scope::callee).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// The tool's name, or the agent's.
    pub name: Str,
    /// The id the model gave to this call.
    pub call_id: Option<Str>,
    /// Whether it is another agent.
    pub is_agent: bool,
}

impl Callee {
    /// That of a call's subject; `None` for other subjects.
    pub(crate) fn of(subject: Subject) -> Option<Self> {
        match subject {
            Subject::ToolCall(call) => Some(Self {
                name: call.name,
                call_id: call.call_id,
                is_agent: false,
            }),
            Subject::ServedCall(call) => Some(Self {
                name: call.name,
                call_id: call.mcp.and_then(|mcp| mcp.request_id),
                is_agent: false,
            }),
            Subject::Subagent(agent) => Some(Self {
                name: agent.agent,
                call_id: agent.call_id,
                is_agent: true,
            }),
            _ => None,
        }
    }
}
