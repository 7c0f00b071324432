//! What an event says about its span, as OpenTelemetry attributes. Content stands in
//! `attributes/content.rs`.

mod added;
mod content;
mod end;
mod write;

use kaos_hooks::{
    LlmCall, LlmParams, RemoteAgent, Run, Server, Step, Str, Subagent, Subject, ToolCall, Turn,
};
use opentelemetry::KeyValue;

pub(crate) use self::content::{
    at_end as content_at_end, at_start as content_at_start, output as output_messages,
};
pub(crate) use self::end::at_end;
use self::write::{List, Put};
pub(crate) use self::write::{To, string};

use crate::operation::is_inference;
use crate::semconv;

/// More than most subjects set, so that a span's attributes are allocated once.
const ROOM: usize = 12;

/// What a span says from its start on: also what samplers decide by.
pub(crate) fn at_start(subject: &Subject, run: &Run, limit: Option<usize>) -> Vec<KeyValue> {
    let mut to = To::new(limit, List(Vec::with_capacity(ROOM)));
    match subject {
        Subject::Turn(turn) => start_turn(&mut to, turn, run),
        Subject::LlmCall(call) => start_llm_call(&mut to, call, run),
        Subject::ToolCall(call) => start_tool_call(&mut to, call, run),
        Subject::Step(step) => start_step(&mut to, step),
        Subject::Subagent(sub) => start_subagent(&mut to, sub, run),
        Subject::Custom(custom) if custom.name == "plan" => {
            to.word(semconv::GEN_AI_OPERATION_NAME, "plan");
            agent(&mut to, &run.agent);
        }
        Subject::McpRequest(request) => to.text(semconv::MCP_METHOD_NAME, &request.method),
        Subject::IntentClassification(_) | Subject::Handoff(_) | Subject::Custom(_) => {}
    }
    let List(mut list) = to.into_inner();
    added::at_start(subject, &mut list, limit);
    list
}

fn start_turn(to: &mut To<impl Put>, turn: &Turn, run: &Run) {
    to.word(semconv::GEN_AI_OPERATION_NAME, "invoke_agent");
    agent(to, &run.agent);
    to.text_if(semconv::GEN_AI_CONVERSATION_ID, run.session.shared());
    to.text_if(semconv::SESSION_ID, run.session.shared());
    to.text_if(semconv::GEN_AI_AGENT_DESCRIPTION, turn.description.as_ref());
    to.text_if(semconv::GEN_AI_REQUEST_MODEL, turn.model.as_ref());
    params(to, turn.params.as_deref());
    to.value(semconv::STREAM, turn.stream);
    to.value(semconv::KAOS_RUN_ID, run.id.to_string());
    to.count_if(semconv::AGENT_MAX_STEPS, turn.max_steps);
    to.count_if(semconv::KAOS_TURN_NUMBER, turn.number);
}

fn start_llm_call(to: &mut To<impl Put>, call: &LlmCall, run: &Run) {
    to.text(semconv::GEN_AI_OPERATION_NAME, &call.operation);
    to.text(semconv::GEN_AI_PROVIDER_NAME, &call.provider);
    to.text(semconv::GEN_AI_REQUEST_MODEL, &call.model);
    server(to, call.server.as_ref());
    if !is_inference(call) {
        return;
    }
    to.text_if(semconv::GEN_AI_CONVERSATION_ID, run.session.shared());
    if call.stream {
        to.value(semconv::GEN_AI_REQUEST_STREAM, true);
    }
    params(to, call.params.as_deref());
    let top_k = call.params.as_deref().and_then(|params| params.top_k);
    to.count_if(semconv::GEN_AI_REQUEST_TOP_K, top_k);
}

fn start_tool_call(to: &mut To<impl Put>, call: &ToolCall, run: &Run) {
    to.word(semconv::GEN_AI_OPERATION_NAME, "execute_tool");
    to.text(semconv::GEN_AI_TOOL_NAME, &call.name);
    to.text(semconv::TOOL_NAME, &call.name);
    to.word(semconv::GEN_AI_TOOL_TYPE, call.kind.as_str());
    to.text_if(semconv::GEN_AI_TOOL_CALL_ID, call.call_id.as_ref());
    agent(to, &run.agent);
}

fn start_step(to: &mut To<impl Put>, step: &Step) {
    to.value(semconv::STEP, i64::from(step.number));
    to.count_if(semconv::MAX_STEPS, step.max_steps);
    to.text_if(semconv::KAOS_STEP_ID, step.step_id.as_ref());
}

/// A local sub-agent's own turn is the span that the conventions know; a remote one has none here.
fn start_subagent(to: &mut To<impl Put>, sub: &Subagent, run: &Run) {
    to.text(semconv::AGENT_DELEGATION_TARGET, &sub.agent);
    let Some(remote) = sub.remote.as_deref() else {
        return;
    };
    let RemoteAgent {
        provider,
        id,
        version,
        description,
        ..
    } = remote;
    to.word(semconv::GEN_AI_OPERATION_NAME, "invoke_agent");
    to.text(semconv::GEN_AI_PROVIDER_NAME, provider);
    to.text(semconv::GEN_AI_AGENT_NAME, &sub.agent);
    to.text_if(semconv::GEN_AI_AGENT_ID, id.as_ref());
    to.text_if(semconv::GEN_AI_AGENT_VERSION, version.as_ref());
    to.text_if(semconv::GEN_AI_AGENT_DESCRIPTION, description.as_ref());
    to.text_if(semconv::GEN_AI_CONVERSATION_ID, run.session.shared());
    to.text_if(semconv::GEN_AI_REQUEST_MODEL, remote.model.as_ref());
    server(to, remote.server.as_ref());
    params(to, remote.params.as_deref());
}

fn agent(to: &mut To<impl Put>, name: &Str) {
    if !name.is_empty() {
        to.text(semconv::GEN_AI_AGENT_NAME, name);
        to.text(semconv::AGENT_NAME, name);
    }
}

fn server(to: &mut To<impl Put>, server: Option<&Server>) {
    if let Some(server) = server {
        to.text(semconv::SERVER_ADDRESS, &server.address);
        to.value(semconv::SERVER_PORT, i64::from(server.port));
    }
}

fn params(to: &mut To<impl Put>, params: Option<&LlmParams>) {
    let Some(params) = params else {
        return;
    };
    to.count_if(semconv::GEN_AI_REQUEST_MAX_TOKENS, params.max_tokens);
    to.value_if(semconv::GEN_AI_REQUEST_TEMPERATURE, params.temperature);
    to.value_if(semconv::GEN_AI_REQUEST_TOP_P, params.top_p);
    let penalty = params.frequency_penalty;
    to.value_if(semconv::GEN_AI_REQUEST_FREQUENCY_PENALTY, penalty);
    let penalty = params.presence_penalty;
    to.value_if(semconv::GEN_AI_REQUEST_PRESENCE_PENALTY, penalty);
    to.list_if(
        semconv::GEN_AI_REQUEST_STOP_SEQUENCES,
        &params.stop_sequences,
    );
    to.value_if(semconv::GEN_AI_REQUEST_SEED, params.seed);
    let choices = params.choice_count.filter(|choices| *choices != 1);
    to.count_if(semconv::GEN_AI_REQUEST_CHOICE_COUNT, choices);
    to.text_if(semconv::GEN_AI_OUTPUT_TYPE, params.output_type.as_ref());
}
