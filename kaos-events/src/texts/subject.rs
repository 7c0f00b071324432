//! The texts of a span's start.

use std::sync::Arc;

use super::{content, names};
use crate::{
    Briefing, ContentKind, Custom, Handoff, IntentClassification, LlmCall, LlmParams, RemoteAgent,
    Server, SpanContext, Step, Subagent, Subject, TextVisitor, ToolCall, Turn,
};

pub(super) fn subject(subject: &mut Subject, to: &mut impl TextVisitor) {
    match subject {
        Subject::Turn(turn) => self::turn(turn, to),
        Subject::IntentClassification(IntentClassification { method, attributes }) => {
            to.name(method);
            to.attributes(attributes);
        }
        Subject::Step(Step {
            number: _,
            step_id,
            max_steps: _,
            attributes,
        }) => {
            names(step_id, to);
            to.attributes(attributes);
        }
        Subject::LlmCall(call) => llm_call(call, to),
        Subject::ToolCall(ToolCall {
            name,
            call_id,
            kind: _,
            description,
            arguments,
            attributes,
        }) => {
            let tool = name.clone();
            to.name(name);
            names(call_id, to);
            content(ContentKind::Instructions, Some(&tool), description, to);
            content(ContentKind::Arguments, Some(&tool), arguments, to);
            to.attributes(attributes);
        }
        Subject::Subagent(Subagent {
            agent,
            remote,
            call_id,
            task,
            attributes,
        }) => {
            to.name(agent);
            names(call_id, to);
            if let Some(remote) = remote {
                remote_agent(remote, to);
            }
            content(ContentKind::Input, None, task, to);
            to.attributes(attributes);
        }
        Subject::Handoff(Handoff { agent, attributes }) => {
            to.name(agent);
            to.attributes(attributes);
        }
        Subject::Custom(Custom { name, attributes }) => {
            to.name(name);
            to.attributes(attributes);
        }
    }
}

fn turn(turn: &mut Turn, to: &mut impl TextVisitor) {
    let Turn {
        agent,
        session,
        description,
        parent,
        number: _,
        max_steps: _,
        model,
        params,
        stream: _,
        input,
        briefing,
        attributes,
    } = turn;
    to.name(agent);
    super::session(session, to);
    content(ContentKind::Instructions, None, description, to);
    if let Some(SpanContext {
        trace_id: _,
        span_id: _,
        flags: _,
        trace_state,
        baggage,
        remote: _,
    }) = parent.as_deref_mut()
    {
        to.name(trace_state);
        to.name(baggage);
    }
    names(model, to);
    self::params(params, to);
    content(ContentKind::Input, None, input, to);
    self::briefing(briefing, to);
    to.attributes(attributes);
}

fn llm_call(call: &mut LlmCall, to: &mut impl TextVisitor) {
    let LlmCall {
        operation,
        provider,
        model,
        stream: _,
        server,
        params,
        input,
        briefing,
        attributes,
    } = call;
    names([operation, provider, model], to);
    self::server(server, to);
    self::params(params, to);
    content(ContentKind::InputMessages, None, input, to);
    self::briefing(briefing, to);
    to.attributes(attributes);
}

fn briefing(briefing: &mut Option<Arc<Briefing>>, to: &mut impl TextVisitor) {
    if let Some(shared) = briefing {
        let Briefing {
            mut instructions,
            mut tools,
        } = (**shared).clone();
        content(ContentKind::Instructions, None, &mut instructions, to);
        content(ContentKind::Instructions, None, &mut tools, to);
        *shared = Arc::new(Briefing {
            instructions,
            tools,
        });
    }
}

fn server(server: &mut Option<Server>, to: &mut impl TextVisitor) {
    if let Some(Server { address, port: _ }) = server {
        to.name(address);
    }
}

fn params(params: &mut Option<Box<LlmParams>>, to: &mut impl TextVisitor) {
    if let Some(LlmParams {
        max_tokens: _,
        temperature: _,
        top_p: _,
        top_k: _,
        frequency_penalty: _,
        presence_penalty: _,
        stop_sequences,
        seed: _,
        choice_count: _,
        output_type,
    }) = params.as_deref_mut()
    {
        to.names(stop_sequences);
        names(output_type, to);
    }
}

fn remote_agent(remote: &mut RemoteAgent, to: &mut impl TextVisitor) {
    let RemoteAgent {
        provider,
        id,
        version,
        description,
        server,
        model,
        params,
    } = remote;
    to.name(provider);
    names(id, to);
    names(version, to);
    content(ContentKind::Instructions, None, description, to);
    self::server(server, to);
    names(model, to);
    self::params(params, to);
}
