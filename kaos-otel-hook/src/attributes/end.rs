//! What a span's end adds.

use kaos_hooks::{
    Intent, IntentOutcome, LlmOutcome, McpCall, McpOutcome, Outcome, Phase, ServedOutcome, Span,
    Str, SubagentOutcome, Subject, ToolOutcome, TurnOutcome, Usage,
};

use super::start::{McpSession, ServerAt};
use super::table::said;
use super::{Put, To};
use crate::Conventions;
use crate::attributes::operation::is_inference;

/// The reason to stop that stands for one that did not come.
const NONE_CAME: [Str; 1] = [Str::Static("error")];

/// What the end of a span adds, as far as it is known.
pub(crate) fn at_end(span: &Span<'_>, to: &mut To<impl Put>) {
    let Some(outcome) = span.phase.outcome() else {
        return no_answer(span, to);
    };
    match outcome {
        Outcome::Turn(turn) => TurnEnd::put(to, (turn, span.subject)),
        Outcome::LlmCall(call) if asks_a_model(span.subject) => {
            let names = to.conventions();
            InferenceEnd::put(to, (call, names));
            if call.finish_reasons.is_empty() {
                no_answer(span, to);
            }
        }
        Outcome::LlmCall(call) => OtherCallEnd::put(to, call),
        Outcome::IntentClassification(found) => IntentEnd::put(to, found),
        Outcome::ToolCall(tool) => ToolCallEnd::put(to, tool),
        Outcome::Subagent(sub) => SubagentEnd::put(to, sub),
        Outcome::McpRequest(asked) => McpRequestEnd::put(to, asked),
        Outcome::ServedCall(served) => ServedCallEnd::put(to, served),
        Outcome::Step(_) | Outcome::Handoff(_) | Outcome::Custom(_) => {}
    }
}

/// A model that was to answer, and of which no reason to stop came.
fn no_answer(span: &Span<'_>, to: &mut To<impl Put>) {
    if asks_a_model(span.subject)
        && matches!(span.phase, Phase::Error { .. } | Phase::Cancelled { .. })
    {
        FinishReasons::put(to, &NONE_CAME);
    }
}

fn asks_a_model(subject: &Subject) -> bool {
    matches!(subject, Subject::LlmCall(call) if is_inference(call))
}

said! {
    TurnEnd of (turn, subject), (&TurnOutcome, &Subject) {
        KAOS_TOOL_CALL_COUNT: count_if(turn.tool_calls);
        KAOS_TURN_NUMBER: count_if(turn.number.filter(|_| !is_numbered(subject)));
        + Tokens: turn.usage;
        + FinishReasons: Some(&*turn.finish_reasons);
    }

    /// Of embeddings and searches: nothing is generated.
    OtherCallEnd of call, &LlmOutcome {
        GEN_AI_USAGE_INPUT_TOKENS: count_if(call.usage.map(|usage| usage.input_tokens));
        GEN_AI_RESPONSE_MODEL: text_if(call.response_model.as_ref());
    }

    InferenceEnd of (call, names), (&LlmOutcome, Conventions) {
        GEN_AI_RESPONSE_ID: text_if(call.response_id.as_ref());
        GEN_AI_RESPONSE_MODEL: text_if(call.response_model.as_ref());
        GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK:
            value_if(call.time_to_first_chunk.map(|first| first.as_secs_f64()));
        + Tokens: call.usage;
        + TokenParts: call.usage.map(|usage| (usage, names));
        + FinishReasons: Some(&*call.finish_reasons);
    }

    Tokens of usage, Usage {
        GEN_AI_USAGE_INPUT_TOKENS: count_if(Some(usage.input_tokens));
        GEN_AI_USAGE_OUTPUT_TOKENS: count_if(Some(usage.output_tokens));
    }

    /// A part that is none says nothing.
    TokenParts of (usage, names), (Usage, Conventions) {
        GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: count_if(some(usage.cache_read_tokens));
        GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS:
            count_if(names.pinned(some(usage.cache_creation_tokens)));
        GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS:
            count_if(names.latest(some(usage.cache_creation_tokens)));
        GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: count_if(some(usage.reasoning_tokens));
    }

    FinishReasons of reasons, &[Str] {
        GEN_AI_RESPONSE_FINISH_REASONS: list_if(reasons);
    }

    IntentEnd of found, &IntentOutcome {
        KAOS_INTENT: text_if(found.intent.as_ref().map(Intent::to_str).as_ref());
        KAOS_CONFIDENCE: value_if(found.confidence);
    }

    ToolCallEnd of tool, &ToolOutcome {
        KAOS_TOOL_SKIPPED: value_if(tool.skipped.then_some(true));
        MCP_METHOD_NAME: text_if(tool.mcp.as_deref().map(|mcp| &mcp.method));
        + Mcp: tool.mcp.as_deref();
    }

    McpRequestEnd of asked, &McpOutcome {
        + Mcp: asked.mcp.as_deref();
    }

    ServedCallEnd of served, &ServedOutcome {
        KAOS_TOOL_SKIPPED: value_if(served.skipped.then_some(true));
        RPC_RESPONSE_STATUS_CODE: text_if(served.status_code.as_ref());
    }

    /// What is known of a request to a server besides its method.
    Mcp of mcp, &McpCall {
        RPC_RESPONSE_STATUS_CODE: text_if(mcp.status_code.as_ref());
        + McpSession: Some(mcp);
        + ServerAt: mcp.server.as_ref();
    }

    SubagentEnd of sub, &SubagentOutcome {
        KAOS_TOOL_SKIPPED: value_if(sub.skipped.then_some(true));
        + Tokens: sub.usage;
        + FinishReasons: Some(&*sub.finish_reasons);
    }

    /// How any span can end.
    Ends of ended, Ended<'_> {
        ERROR_TYPE: text_if(ended.error);
        KAOS_SUSPENDED: value_if(ended.suspended.then_some(true));
        KAOS_TRUNCATED: value_if(ended.cut.then_some(true));
    }

    /// Where prices are known.
    Cost of usd, f64 {
        KAOS_COST_USD: value(usd);
    }

    /// Where a foreign tracer provider made another id.
    OwnId of id, kaos_hooks::SpanId {
        KAOS_SPAN_ID: value(id.to_string());
    }
}

/// Whether a turn's number was known at its start.
const fn is_numbered(subject: &Subject) -> bool {
    matches!(subject, Subject::Turn(turn) if turn.number.is_some())
}

/// What any span can say of its end.
#[derive(Debug, Default)]
pub(crate) struct Ended<'a> {
    pub(crate) error: Option<&'a Str>,
    pub(crate) suspended: bool,
    pub(crate) cut: bool,
}

pub(crate) fn ends(ended: Ended<'_>, to: &mut To<impl Put>) {
    Ends::put(to, ended);
}

pub(crate) fn cost(usd: f64, to: &mut To<impl Put>) {
    Cost::put(to, usd);
}

pub(crate) fn own_id(id: kaos_hooks::SpanId, to: &mut To<impl Put>) {
    OwnId::put(to, id);
}

fn some(part: Option<u64>) -> Option<u64> {
    part.filter(|tokens| *tokens > 0)
}
