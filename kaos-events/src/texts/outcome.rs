//! The texts of a span's end.

use super::{content, names};
use crate::{
    ContentKind, CustomOutcome, HandoffOutcome, IntentOutcome, LlmOutcome, McpCall, OutcomeBuf,
    StepOutcome, SubagentOutcome, TextVisitor, ToolOutcome, TurnOutcome,
};

pub(super) fn outcome(outcome: &mut OutcomeBuf, tool: Option<&str>, to: &mut impl TextVisitor) {
    let attributes = match outcome {
        OutcomeBuf::Turn(TurnOutcome {
            text,
            usage: _,
            finish_reasons,
            tool_calls: _,
            attributes,
        }) => {
            content(ContentKind::Output, None, text, to);
            to.names(finish_reasons);
            attributes
        }
        OutcomeBuf::IntentClassification(IntentOutcome {
            intent,
            confidence: _,
            attributes,
        }) => {
            if let Some(intent) = intent {
                super::intent(intent, to);
            }
            attributes
        }
        OutcomeBuf::LlmCall(LlmOutcome {
            response_id,
            response_model,
            finish_reasons,
            usage: _,
            time_to_first_chunk: _,
            output,
            attributes,
        }) => {
            names(response_id, to);
            names(response_model, to);
            to.names(finish_reasons);
            content(ContentKind::OutputMessages, None, output, to);
            attributes
        }
        OutcomeBuf::ToolCall(ToolOutcome {
            result,
            result_bytes: _,
            skipped: _,
            mcp,
            attributes,
        }) => {
            content(ContentKind::Result, tool, result, to);
            if let Some(mcp) = mcp {
                mcp_call(mcp, to);
            }
            attributes
        }
        OutcomeBuf::Subagent(SubagentOutcome {
            usage: _,
            finish_reasons,
            result,
            attributes,
        }) => {
            to.names(finish_reasons);
            content(ContentKind::Output, None, result, to);
            attributes
        }
        OutcomeBuf::Step(StepOutcome { attributes })
        | OutcomeBuf::Handoff(HandoffOutcome { attributes })
        | OutcomeBuf::Custom(CustomOutcome { attributes }) => attributes,
    };
    to.attributes(attributes);
}

fn mcp_call(call: &mut McpCall, to: &mut impl TextVisitor) {
    let McpCall {
        method,
        request_id,
        session_id,
        status_code,
        protocol_version,
        transport,
    } = call;
    to.name(method);
    for name in [
        request_id,
        session_id,
        status_code,
        protocol_version,
        transport,
    ] {
        names(name, to);
    }
}
