//! What an event says about its span, as OpenTelemetry attributes. No content.

use kaos_hooks::{
    AttributeValue, Attributes, Failure, LlmCall, LlmOutcome, Outcome, Run, Str, Subject, ToolCall,
    Turn, TurnOutcome, Usage,
};
use opentelemetry::{Array, KeyValue, StringValue, Value};

use crate::semconv;

/// More than any subject sets, so that a span's attributes are allocated once.
const ROOM: usize = 12;

/// What a span says from its start on: also what samplers decide by.
pub(crate) fn at_start(subject: &Subject, run: &Run) -> Vec<KeyValue> {
    let mut to = Vec::with_capacity(ROOM);
    match subject {
        Subject::Turn(turn) => start_turn(&mut to, turn, run),
        Subject::LlmCall(call) => start_llm_call(&mut to, call, run),
        Subject::ToolCall(call) => start_tool_call(&mut to, call, run),
        Subject::Step(step) => {
            to.push(KeyValue::new(semconv::STEP, i64::from(step.number)));
            if let Some(max_steps) = step.max_steps {
                to.push(KeyValue::new(semconv::MAX_STEPS, i64::from(max_steps)));
            }
            text_if(&mut to, semconv::KAOS_STEP_ID, step.step_id.as_ref());
        }
        Subject::Subagent(sub) => {
            text(&mut to, semconv::AGENT_DELEGATION_TARGET, &sub.agent);
            if sub.remote.is_some() {
                to.push(KeyValue::new(
                    semconv::GEN_AI_OPERATION_NAME,
                    "invoke_agent",
                ));
                text(&mut to, semconv::GEN_AI_AGENT_NAME, &sub.agent);
            }
        }
        Subject::IntentClassification(_) | Subject::Handoff(_) | Subject::Custom(_) => {}
    }
    added_by_user(&mut to, subject.attributes());
    to
}

fn start_turn(to: &mut Vec<KeyValue>, turn: &Turn, run: &Run) {
    to.push(KeyValue::new(
        semconv::GEN_AI_OPERATION_NAME,
        "invoke_agent",
    ));
    agent_and_session(to, run);
    text_if(to, semconv::SESSION_ID, run.session.shared());
    text_if(
        to,
        semconv::GEN_AI_AGENT_DESCRIPTION,
        turn.description.as_ref(),
    );
    text_if(to, semconv::GEN_AI_REQUEST_MODEL, turn.model.as_ref());
    to.push(KeyValue::new(semconv::STREAM, turn.stream));
    to.push(KeyValue::new(semconv::KAOS_RUN_ID, run.id.to_string()));
    if let Some(max_steps) = turn.max_steps {
        to.push(KeyValue::new(
            semconv::AGENT_MAX_STEPS,
            i64::from(max_steps),
        ));
    }
    if let Some(number) = turn.number {
        to.push(KeyValue::new(semconv::KAOS_TURN_NUMBER, i64::from(number)));
    }
}

fn start_llm_call(to: &mut Vec<KeyValue>, call: &LlmCall, run: &Run) {
    text(to, semconv::GEN_AI_OPERATION_NAME, &call.operation);
    text(to, semconv::GEN_AI_PROVIDER_NAME, &call.provider);
    text(to, semconv::GEN_AI_REQUEST_MODEL, &call.model);
    text_if(to, semconv::GEN_AI_CONVERSATION_ID, run.session.shared());
    if call.stream {
        to.push(KeyValue::new(semconv::GEN_AI_REQUEST_STREAM, true));
    }
    if let Some(server) = &call.server {
        text(to, semconv::SERVER_ADDRESS, &server.address);
        to.push(KeyValue::new(semconv::SERVER_PORT, i64::from(server.port)));
    }
}

fn start_tool_call(to: &mut Vec<KeyValue>, call: &ToolCall, run: &Run) {
    to.push(KeyValue::new(
        semconv::GEN_AI_OPERATION_NAME,
        "execute_tool",
    ));
    text(to, semconv::GEN_AI_TOOL_NAME, &call.name);
    text(to, semconv::TOOL_NAME, &call.name);
    to.push(KeyValue::new(semconv::GEN_AI_TOOL_TYPE, call.kind.as_str()));
    text_if(to, semconv::GEN_AI_TOOL_CALL_ID, call.call_id.as_ref());
    text_if(
        to,
        semconv::GEN_AI_TOOL_DESCRIPTION,
        call.description.as_ref(),
    );
    agent(to, run);
}

fn agent_and_session(to: &mut Vec<KeyValue>, run: &Run) {
    agent(to, run);
    text_if(to, semconv::GEN_AI_CONVERSATION_ID, run.session.shared());
}

fn agent(to: &mut Vec<KeyValue>, run: &Run) {
    if !run.agent.is_empty() {
        text(to, semconv::GEN_AI_AGENT_NAME, &run.agent);
        text(to, semconv::AGENT_NAME, &run.agent);
    }
}

/// What a span's outcome adds.
pub(crate) fn at_end(outcome: Outcome<'_>, mut set: impl FnMut(KeyValue)) {
    match outcome {
        Outcome::Turn(turn) => end_turn(turn, &mut set),
        Outcome::LlmCall(call) => end_llm_call(call, &mut set),
        Outcome::IntentClassification(found) => {
            if let Some(intent) = &found.intent {
                set(KeyValue::new(
                    semconv::KAOS_INTENT,
                    string(&intent.to_str()),
                ));
            }
            if let Some(confidence) = found.confidence {
                set(KeyValue::new(semconv::KAOS_CONFIDENCE, confidence));
            }
        }
        Outcome::ToolCall(tool) if tool.skipped => {
            set(KeyValue::new(semconv::KAOS_TOOL_SKIPPED, true));
        }
        Outcome::ToolCall(_)
        | Outcome::Step(_)
        | Outcome::Subagent(_)
        | Outcome::Handoff(_)
        | Outcome::Custom(_) => {}
    }
    for (key, value) in outcome.attributes().iter() {
        set(KeyValue::new(String::from(key.as_str()), any(value)));
    }
}

fn end_turn(turn: &TurnOutcome, set: &mut impl FnMut(KeyValue)) {
    usage(turn.usage, set);
    if let Some(calls) = turn.tool_calls {
        set(KeyValue::new(
            semconv::KAOS_TOOL_CALL_COUNT,
            i64::from(calls),
        ));
    }
    finish_reasons(&turn.finish_reasons, set);
}

fn end_llm_call(call: &LlmOutcome, set: &mut impl FnMut(KeyValue)) {
    usage(call.usage, set);
    if let Some(id) = &call.response_id {
        set(KeyValue::new(semconv::GEN_AI_RESPONSE_ID, string(id)));
    }
    if let Some(model) = &call.response_model {
        set(KeyValue::new(semconv::GEN_AI_RESPONSE_MODEL, string(model)));
    }
    finish_reasons(&call.finish_reasons, set);
}

fn usage(usage: Option<Usage>, set: &mut impl FnMut(KeyValue)) {
    if let Some(usage) = usage {
        set(KeyValue::new(
            semconv::GEN_AI_USAGE_INPUT_TOKENS,
            count(usage.input_tokens),
        ));
        set(KeyValue::new(
            semconv::GEN_AI_USAGE_OUTPUT_TOKENS,
            count(usage.output_tokens),
        ));
    }
}

fn finish_reasons(reasons: &[Str], set: &mut impl FnMut(KeyValue)) {
    if !reasons.is_empty() {
        set(KeyValue::new(
            semconv::GEN_AI_RESPONSE_FINISH_REASONS,
            list(reasons),
        ));
    }
}

/// What a failure adds: its type, never its text.
pub(crate) fn of_failure(failure: &Failure) -> KeyValue {
    KeyValue::new(semconv::ERROR_TYPE, string(&failure.kind))
}

pub(crate) fn added_by_user(to: &mut Vec<KeyValue>, attributes: &Attributes) {
    for (key, value) in attributes.iter() {
        to.push(KeyValue::new(String::from(key.as_str()), any(value)));
    }
}

fn text(to: &mut Vec<KeyValue>, key: &'static str, value: &Str) {
    to.push(KeyValue::new(key, string(value)));
}

fn text_if(to: &mut Vec<KeyValue>, key: &'static str, value: Option<&Str>) {
    if let Some(value) = value {
        text(to, key, value);
    }
}

/// The same text, shared rather than copied.
pub(crate) fn string(value: &Str) -> StringValue {
    match value {
        Str::Static(text) => StringValue::from(*text),
        Str::Shared(text) => StringValue::from(std::sync::Arc::clone(text)),
    }
}

fn list(values: &[Str]) -> Value {
    Value::Array(Array::String(values.iter().map(string).collect()))
}

fn any(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(value) => Value::Bool(*value),
        AttributeValue::Int(value) => Value::I64(*value),
        AttributeValue::Float(value) => Value::F64(*value),
        AttributeValue::Str(value) => Value::String(string(value)),
        AttributeValue::List(values) => list(values),
    }
}

/// Attributes have no unsigned numbers; nobody counts that many tokens.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
