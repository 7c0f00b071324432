//! What the GenAI conventions make of a subject.

use kaos_hooks::{LlmCall, Str, Subject};

/// Whether a model answers: what is neither an embedding nor a search in a store.
///
/// Only an inference has messages, reasons to stop and output tokens.
pub(crate) fn is_inference(call: &LlmCall) -> bool {
    !matches!(&*call.operation, "embeddings" | "retrieval")
}

/// Whether a model or a remote agent does the work, and this is its caller's view of it.
pub(crate) fn is_client(subject: &Subject) -> bool {
    match subject {
        Subject::LlmCall(_) => true,
        Subject::Subagent(sub) => sub.remote.is_some(),
        Subject::Turn(_)
        | Subject::IntentClassification(_)
        | Subject::Step(_)
        | Subject::ToolCall(_)
        | Subject::Handoff(_)
        | Subject::McpRequest(_)
        | Subject::ServedCall(_)
        | Subject::Custom(_) => false,
    }
}

/// The tool that it is a call of.
pub(crate) fn tool_of(subject: &Subject) -> Option<&str> {
    subject.tool().map(Str::as_str)
}
