//! What a span's outcome adds.

use kaos_hooks::{
    IntentOutcome, LlmOutcome, McpCall, Outcome, Run, Str, SubagentOutcome, Subject, ToolOutcome,
    TurnOutcome, Usage,
};

use super::{Put, To, added};
use crate::semconv;

pub(crate) fn at_end(subject: &Subject, run: &Run, outcome: Outcome<'_>, to: &mut To<impl Put>) {
    match outcome {
        Outcome::Turn(turn) => end_turn(turn, to),
        Outcome::LlmCall(call) => end_llm_call(call, to),
        Outcome::IntentClassification(found) => end_intent(found, to),
        Outcome::ToolCall(tool) => end_tool_call(tool, to),
        Outcome::Subagent(sub) => end_subagent(sub, to),
        Outcome::Step(_) | Outcome::Handoff(_) | Outcome::Custom(_) => {}
    }
    added::at_end(subject, run, outcome, to);
}

fn end_turn(turn: &TurnOutcome, to: &mut To<impl Put>) {
    tokens(turn.usage, to);
    to.count_if(semconv::KAOS_TOOL_CALL_COUNT, turn.tool_calls);
    to.count_if(semconv::KAOS_TURN_NUMBER, turn.number);
    finish_reasons(&turn.finish_reasons, to);
}

fn end_llm_call(call: &LlmOutcome, to: &mut To<impl Put>) {
    tokens(call.usage, to);
    if let Some(usage) = call.usage {
        let (read, creation) = (usage.cache_read_tokens, usage.cache_creation_tokens);
        to.count_if(semconv::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, read);
        to.count_if(semconv::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, creation);
        let reasoning = usage.reasoning_tokens;
        to.count_if(semconv::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, reasoning);
    }
    to.text_if(semconv::GEN_AI_RESPONSE_ID, call.response_id.as_ref());
    to.text_if(semconv::GEN_AI_RESPONSE_MODEL, call.response_model.as_ref());
    finish_reasons(&call.finish_reasons, to);
    let first = call.time_to_first_chunk.map(|first| first.as_secs_f64());
    to.value_if(semconv::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, first);
}

fn end_intent(found: &IntentOutcome, to: &mut To<impl Put>) {
    if let Some(intent) = &found.intent {
        to.text(semconv::KAOS_INTENT, &intent.to_str());
    }
    to.value_if(semconv::KAOS_CONFIDENCE, found.confidence);
}

fn end_tool_call(tool: &ToolOutcome, to: &mut To<impl Put>) {
    if tool.skipped {
        to.value(semconv::KAOS_TOOL_SKIPPED, true);
    }
    if let Some(mcp) = tool.mcp.as_deref() {
        end_mcp(mcp, to);
    }
}

fn end_mcp(mcp: &McpCall, to: &mut To<impl Put>) {
    to.text(semconv::MCP_METHOD_NAME, &mcp.method);
    to.text_if(semconv::JSONRPC_REQUEST_ID, mcp.request_id.as_ref());
    to.text_if(semconv::MCP_SESSION_ID, mcp.session_id.as_ref());
    let version = mcp.protocol_version.as_ref();
    to.text_if(semconv::MCP_PROTOCOL_VERSION, version);
    let status = mcp.status_code.as_ref();
    to.text_if(semconv::RPC_RESPONSE_STATUS_CODE, status);
    to.text_if(semconv::NETWORK_TRANSPORT, mcp.transport.as_ref());
}

fn end_subagent(sub: &SubagentOutcome, to: &mut To<impl Put>) {
    tokens(sub.usage, to);
    finish_reasons(&sub.finish_reasons, to);
    if sub.skipped {
        to.value(semconv::KAOS_TOOL_SKIPPED, true);
    }
}

fn tokens(usage: Option<Usage>, to: &mut To<impl Put>) {
    if let Some(usage) = usage {
        to.count_if(semconv::GEN_AI_USAGE_INPUT_TOKENS, Some(usage.input_tokens));
        let output = Some(usage.output_tokens);
        to.count_if(semconv::GEN_AI_USAGE_OUTPUT_TOKENS, output);
    }
}

fn finish_reasons(reasons: &[Str], to: &mut To<impl Put>) {
    to.list_if(semconv::GEN_AI_RESPONSE_FINISH_REASONS, reasons);
}
