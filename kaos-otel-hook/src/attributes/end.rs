//! What a span's outcome adds.

use kaos_hooks::{
    IntentOutcome, LlmOutcome, McpCall, Outcome, Phase, Run, Span, Str, SubagentOutcome, Subject,
    ToolOutcome, TurnOutcome, Usage,
};

use super::{Put, To, added, server};
use crate::operation::is_inference;
use crate::semconv;

/// The reason to stop that stands for one that did not come.
const NONE_CAME: Str = Str::Static("error");

/// What the end of a span adds, as far as it is known.
pub(crate) fn at_end(span: &Span<'_>, run: &Run, to: &mut To<impl Put>) {
    let Some(outcome) = span.phase.outcome() else {
        return no_answer(span, to);
    };
    match outcome {
        Outcome::Turn(turn) => end_turn(turn, to),
        Outcome::LlmCall(call) if asks_a_model(span.subject) => {
            end_inference(call, to);
            if call.finish_reasons.is_empty() {
                no_answer(span, to);
            }
        }
        Outcome::LlmCall(call) => end_other_call(call, to),
        Outcome::IntentClassification(found) => end_intent(found, to),
        Outcome::ToolCall(tool) => end_tool_call(tool, to),
        Outcome::Subagent(sub) => end_subagent(sub, to),
        Outcome::McpRequest(asked) => {
            if let Some(mcp) = asked.mcp.as_deref() {
                end_mcp(mcp, to);
            }
        }
        Outcome::Step(_) | Outcome::Handoff(_) | Outcome::Custom(_) => {}
    }
    added::at_end(span.subject, run, outcome, to);
}

/// A model that was to answer, and of which no reason to stop came.
fn no_answer(span: &Span<'_>, to: &mut To<impl Put>) {
    if asks_a_model(span.subject)
        && matches!(span.phase, Phase::Error { .. } | Phase::Cancelled { .. })
    {
        finish_reasons(&[NONE_CAME], to);
    }
}

fn end_turn(turn: &TurnOutcome, to: &mut To<impl Put>) {
    tokens(turn.usage, to);
    to.count_if(semconv::KAOS_TOOL_CALL_COUNT, turn.tool_calls);
    to.count_if(semconv::KAOS_TURN_NUMBER, turn.number);
    finish_reasons(&turn.finish_reasons, to);
}

fn asks_a_model(subject: &Subject) -> bool {
    matches!(subject, Subject::LlmCall(call) if is_inference(call))
}

/// Of embeddings and searches: nothing is generated.
fn end_other_call(call: &LlmOutcome, to: &mut To<impl Put>) {
    let input = call.usage.map(|usage| usage.input_tokens);
    to.count_if(semconv::GEN_AI_USAGE_INPUT_TOKENS, input);
    to.text_if(semconv::GEN_AI_RESPONSE_MODEL, call.response_model.as_ref());
}

fn end_inference(call: &LlmOutcome, to: &mut To<impl Put>) {
    tokens(call.usage, to);
    if let Some(usage) = call.usage {
        // A part that is none says nothing.
        let part = |part: Option<u64>| part.filter(|tokens| *tokens > 0);
        let (read, creation) = (usage.cache_read_tokens, usage.cache_creation_tokens);
        to.count_if(semconv::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, part(read));
        let creation = part(creation);
        to.count_if(semconv::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, creation);
        let reasoning = part(usage.reasoning_tokens);
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
        to.text(semconv::MCP_METHOD_NAME, &mcp.method);
        end_mcp(mcp, to);
    }
}

/// What is known of a request to a server besides its method.
fn end_mcp(mcp: &McpCall, to: &mut To<impl Put>) {
    to.text_if(semconv::JSONRPC_REQUEST_ID, mcp.request_id.as_ref());
    to.text_if(semconv::MCP_SESSION_ID, mcp.session_id.as_ref());
    let version = mcp.protocol_version.as_ref();
    to.text_if(semconv::MCP_PROTOCOL_VERSION, version);
    let status = mcp.status_code.as_ref();
    to.text_if(semconv::RPC_RESPONSE_STATUS_CODE, status);
    to.text_if(semconv::NETWORK_TRANSPORT, mcp.transport.as_ref());
    let protocol = mcp.network_protocol.as_ref();
    to.text_if(semconv::NETWORK_PROTOCOL_NAME, protocol);
    server(to, mcp.server.as_ref());
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
