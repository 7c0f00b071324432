//! The content that a policy lets onto a span: JSON strings.

use kaos_hooks::redact::Field;
use kaos_hooks::{Briefing, Outcome, ServedCall, Str, Subagent, Subject, ToolCall, Turn};
use serde_json::Value;

use super::table::said;
use super::{Put, To};
use crate::ContentSettings;
use crate::attributes::operation::is_inference;
use crate::content::messages;

said! {
    TurnContent of (content, turn), (&ContentSettings, &Turn) {
        GEN_AI_INPUT_MESSAGES: json_if(turn.input.as_ref().and_then(|it| input(content, it)));
        + BriefingContent: turn.briefing.as_deref().map(|it| (content, it));
    }

    ModelCallContent of (content, call), (&ContentSettings, &kaos_hooks::LlmCall) {
        GEN_AI_INPUT_MESSAGES: json_if(
            call.input.as_ref().and_then(|it| messages::messages(content, Field::Input, it))
        );
        + BriefingContent: call.briefing.as_deref().map(|it| (content, it));
    }

    BriefingContent of (content, briefing), (&ContentSettings, &Briefing) {
        GEN_AI_SYSTEM_INSTRUCTIONS: json_if(instructions(content, briefing));
        GEN_AI_TOOL_DEFINITIONS: json_if(tools(content, briefing));
    }

    RemoteContent of (content, sub), (&ContentSettings, &Subagent) {
        GEN_AI_INPUT_MESSAGES: json_if(sub.task.as_ref().and_then(|it| input(content, it)));
    }

    /// A tool's description comes from whoever made the tool, and the name of none from a model: content.
    ToolCallContent of (content, call), (&ContentSettings, AskedTool<'_>) {
        GEN_AI_TOOL_CALL_ARGUMENTS:
            json_text_if(of_tool(content, Field::Arguments, call, call.arguments));
        KAOS_TOOL_ASKED_NAME:
            made_if(of_tool(content, Field::Arguments, call, call.name_asked_for));
        GEN_AI_TOOL_DESCRIPTION:
            made_if(of_tool(content, Field::Instructions, call, call.description));
    }

    AnswerContent of messages, Value {
        GEN_AI_OUTPUT_MESSAGES: json_if(Some(messages));
    }

    ResultContent of result, Value {
        GEN_AI_TOOL_CALL_RESULT: json_if(Some(result));
    }
}

fn input(content: &ContentSettings, text: &Str) -> Option<Value> {
    messages::message(content, Field::Input, text, None)
}

/// What a model is told before the conversation.
pub(crate) fn instructions(content: &ContentSettings, briefing: &Briefing) -> Option<Value> {
    let text = briefing.instructions.as_deref()?;
    messages::text_parts(content, Field::Instructions, text)
}

/// What a model may call.
pub(crate) fn tools(content: &ContentSettings, briefing: &Briefing) -> Option<Value> {
    let text = briefing.tools.as_deref()?;
    messages::json_of(content, Field::Instructions, None, text)
}

/// What was asked of a tool, in this process or by a client.
#[derive(Clone, Copy)]
pub(super) struct AskedTool<'a> {
    tool: &'a Str,
    arguments: Option<&'a Str>,
    name_asked_for: Option<&'a Str>,
    description: Option<&'a Str>,
}

impl<'a> From<&'a ToolCall> for AskedTool<'a> {
    fn from(call: &'a ToolCall) -> Self {
        Self {
            tool: &call.name,
            arguments: call.arguments.as_ref(),
            name_asked_for: call.asked_name.as_deref(),
            description: call.description.as_ref(),
        }
    }
}

impl<'a> From<&'a ServedCall> for AskedTool<'a> {
    fn from(call: &'a ServedCall) -> Self {
        Self {
            tool: &call.name,
            arguments: call.arguments.as_ref(),
            name_asked_for: call.asked_name.as_deref(),
            description: call.description.as_ref(),
        }
    }
}

fn of_tool(
    content: &ContentSettings,
    field: Field,
    call: AskedTool<'_>,
    text: Option<&Str>,
) -> Option<String> {
    content.text(field, Some(call.tool), text?)
}

/// What the work starts from.
pub(crate) fn at_start(content: &ContentSettings, subject: &Subject, to: &mut To<impl Put>) {
    match subject {
        Subject::Turn(turn) => TurnContent::put(to, (content, turn)),
        Subject::LlmCall(call) if is_inference(call) => ModelCallContent::put(to, (content, call)),
        Subject::Subagent(sub) if sub.remote.is_some() => RemoteContent::put(to, (content, sub)),
        Subject::ToolCall(call) => ToolCallContent::put(to, (content, call.into())),
        Subject::ServedCall(call) => ToolCallContent::put(to, (content, call.into())),
        _ => {}
    }
}

/// What came of the work.
pub(crate) fn at_end(
    content: &ContentSettings,
    subject: &Subject,
    outcome: Outcome<'_>,
    to: &mut To<impl Put>,
) {
    let result = match outcome {
        Outcome::ToolCall(tool) => tool.result.as_ref(),
        Outcome::ServedCall(served) => served.result.as_ref(),
        _ => None,
    };
    let tool = subject.tool().map(Str::as_str);
    let result = result.map(|text| messages::result(content, tool, text));
    if let Some(result) = result.flatten() {
        ResultContent::put(to, result);
    }
    if let Some(messages) = output(content, subject, outcome) {
        AnswerContent::put(to, messages);
    }
}

/// The messages that a model or agent answered with.
pub(crate) fn output(
    content: &ContentSettings,
    subject: &Subject,
    outcome: Outcome<'_>,
) -> Option<Value> {
    let (text, reasons) = match (outcome, subject) {
        (Outcome::LlmCall(answer), Subject::LlmCall(call)) if is_inference(call) => {
            let text = answer.output.as_ref()?;
            return messages::messages(content, Field::Output, text);
        }
        (Outcome::Turn(turn), _) => (turn.text.as_ref()?, &turn.finish_reasons),
        (Outcome::Subagent(answer), Subject::Subagent(sub)) if sub.remote.is_some() => {
            (answer.result.as_ref()?, &answer.finish_reasons)
        }
        _ => return None,
    };
    let reason = reasons.first().map(Str::as_str);
    messages::message(content, Field::Output, text, reason)
}
