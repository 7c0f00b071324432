//! What users add to a span beyond its typed fields. A name is exported once, and a name of ours is
//! ours: what a user adds under it is left out.

use kaos_hooks::{Outcome, Run, Subject};
use opentelemetry::KeyValue;

use super::{Put, To};
use crate::semconv;

/// Adds to what we say of the start.
pub(super) fn at_start(subject: &Subject, list: &mut Vec<KeyValue>, limit: Option<usize>) {
    for (key, value) in subject.attributes().iter() {
        if !has(list, key) && !is_said_later(subject, key) {
            To::new(limit, |attribute| list.push(attribute)).any(key, value);
        }
    }
}

/// Adds to what we say of the end; what is said of the start stands, by us or by the user.
pub(super) fn at_end(subject: &Subject, run: &Run, outcome: Outcome<'_>, to: &mut To<impl Put>) {
    let added = outcome.attributes();
    if added.is_empty() {
        return;
    }
    let said = super::at_start(subject, run, Some(0));
    for (key, value) in added.iter() {
        if !has(&said, key) && !is_said_later(subject, key) {
            to.any(key, value);
        }
    }
}

fn has(list: &[KeyValue], key: &str) -> bool {
    list.iter().any(|known| known.key.as_str() == key)
}

/// Whether we may say it of such a span after its attributes of the start.
fn is_said_later(subject: &Subject, key: &str) -> bool {
    const ALL: &[&str] = &[
        semconv::ERROR_TYPE,
        semconv::KAOS_COST_USD,
        semconv::KAOS_SPAN_ID,
        semconv::KAOS_SUSPENDED,
        semconv::KAOS_TRUNCATED,
    ];
    const MESSAGES: &[&str] = &[
        semconv::GEN_AI_SYSTEM_INSTRUCTIONS,
        semconv::GEN_AI_TOOL_DEFINITIONS,
        semconv::GEN_AI_INPUT_MESSAGES,
        semconv::GEN_AI_OUTPUT_MESSAGES,
        semconv::GEN_AI_USAGE_INPUT_TOKENS,
        semconv::GEN_AI_USAGE_OUTPUT_TOKENS,
        semconv::GEN_AI_RESPONSE_FINISH_REASONS,
    ];
    const LLM_CALL: &[&str] = &[
        semconv::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        semconv::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
        semconv::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        semconv::GEN_AI_RESPONSE_ID,
        semconv::GEN_AI_RESPONSE_MODEL,
        semconv::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    ];
    const TOOL_CALL: &[&str] = &[
        semconv::GEN_AI_TOOL_DESCRIPTION,
        semconv::GEN_AI_TOOL_CALL_ARGUMENTS,
        semconv::GEN_AI_TOOL_CALL_RESULT,
        semconv::KAOS_TOOL_ASKED_NAME,
        semconv::KAOS_TOOL_SKIPPED,
        semconv::MCP_METHOD_NAME,
    ];
    const MCP: &[&str] = &[
        semconv::JSONRPC_REQUEST_ID,
        semconv::MCP_SESSION_ID,
        semconv::MCP_PROTOCOL_VERSION,
        semconv::RPC_RESPONSE_STATUS_CODE,
        semconv::NETWORK_TRANSPORT,
        semconv::NETWORK_PROTOCOL_NAME,
        semconv::SERVER_ADDRESS,
        semconv::SERVER_PORT,
    ];
    let own: [&[&str]; 2] = match subject {
        Subject::Turn(_) => [MESSAGES, &[semconv::KAOS_TOOL_CALL_COUNT]],
        Subject::LlmCall(_) => [MESSAGES, LLM_CALL],
        Subject::Subagent(_) => [MESSAGES, &[]],
        Subject::ToolCall(_) => [TOOL_CALL, MCP],
        Subject::McpRequest(_) => [MCP, &[]],
        Subject::IntentClassification(_) => {
            [&[semconv::KAOS_INTENT, semconv::KAOS_CONFIDENCE], &[]]
        }
        Subject::Step(_) | Subject::Handoff(_) | Subject::Custom(_) => [&[], &[]],
    };
    ALL.contains(&key) || own.iter().any(|names| names.contains(&key))
}
