//! The content that a policy lets onto a span: JSON strings.

use kaos_hooks::redact::Field;
use kaos_hooks::{Outcome, Subject};
use serde_json::Value;

use super::{Put, To};
use crate::operation::is_inference;
use crate::{Content, messages, semconv};

/// What the work starts from.
pub(crate) fn at_start(content: &Content, subject: &Subject, to: &mut To<impl Put>) {
    if is_no_inference(subject) {
        return;
    }
    let mut json = |key, value: Option<Value>| {
        if let Some(value) = value {
            to.json(key, &value);
        }
    };
    if let Some(briefing) = subject.briefing() {
        let instructions = briefing.instructions.as_deref();
        let instructions =
            instructions.and_then(|it| messages::text_parts(content, Field::Instructions, it));
        json(semconv::GEN_AI_SYSTEM_INSTRUCTIONS, instructions);
        let tools = briefing.tools.as_deref();
        let tools = tools.and_then(|it| messages::json_of(content, Field::Instructions, None, it));
        json(semconv::GEN_AI_TOOL_DEFINITIONS, tools);
    }
    let Some(text) = subject.content() else {
        return description(content, subject, to);
    };
    match subject {
        Subject::LlmCall(_) => json(
            semconv::GEN_AI_INPUT_MESSAGES,
            messages::messages(content, Field::Input, text),
        ),
        Subject::Turn(_) => json(
            semconv::GEN_AI_INPUT_MESSAGES,
            messages::message(content, Field::Input, text, None),
        ),
        Subject::Subagent(sub) if sub.remote.is_some() => json(
            semconv::GEN_AI_INPUT_MESSAGES,
            messages::message(content, Field::Input, text, None),
        ),
        Subject::ToolCall(call) => {
            if let Some(safe) = content.text(Field::Arguments, Some(&call.name), text) {
                to.json_text(semconv::GEN_AI_TOOL_CALL_ARGUMENTS, &safe);
            }
        }
        _ => {}
    }
    description(content, subject, to);
}

/// An embedding has no messages.
fn is_no_inference(subject: &Subject) -> bool {
    matches!(subject, Subject::LlmCall(call) if !is_inference(call))
}

/// A tool's description comes from whoever made the tool, and the name of none from a model: content.
fn description(content: &Content, subject: &Subject, to: &mut To<impl Put>) {
    if let Subject::ToolCall(call) = subject
        && let Some(text) = &call.asked_name
        && let Some(safe) = content.text(Field::Arguments, Some(&call.name), text)
    {
        to.made(semconv::KAOS_TOOL_ASKED_NAME, &safe);
    }
    if let Subject::ToolCall(call) = subject
        && let Some(text) = &call.description
        && let Some(safe) = content.text(Field::Instructions, Some(&call.name), text)
    {
        to.made(semconv::GEN_AI_TOOL_DESCRIPTION, &safe);
    }
}

/// What came of the work.
pub(crate) fn at_end(
    content: &Content,
    subject: &Subject,
    outcome: Outcome<'_>,
    to: &mut To<impl Put>,
) {
    match outcome {
        Outcome::ToolCall(tool) => {
            let name = match subject {
                Subject::ToolCall(call) => Some(call.name.as_str()),
                _ => None,
            };
            if let Some(text) = &tool.result
                && let Some(result) = messages::result(content, name, text)
            {
                to.json(semconv::GEN_AI_TOOL_CALL_RESULT, &result);
            }
        }
        _ => {
            if let Some(messages) = output(content, subject, outcome) {
                to.json(semconv::GEN_AI_OUTPUT_MESSAGES, &messages);
            }
        }
    }
}

/// The messages that a model or agent answered with.
pub(crate) fn output(content: &Content, subject: &Subject, outcome: Outcome<'_>) -> Option<Value> {
    let (text, reasons) = match outcome {
        Outcome::LlmCall(_) if is_no_inference(subject) => return None,
        Outcome::LlmCall(call) => {
            let text = call.output.as_ref()?;
            return messages::messages(content, Field::Output, text);
        }
        Outcome::Turn(turn) => (turn.text.as_ref()?, &turn.finish_reasons),
        Outcome::Subagent(sub) if matches!(subject, Subject::Subagent(of) if of.remote.is_some()) => {
            (sub.result.as_ref()?, &sub.finish_reasons)
        }
        _ => return None,
    };
    let reason = reasons.first().map(kaos_hooks::Str::as_str);
    messages::message(content, Field::Output, text, reason)
}
