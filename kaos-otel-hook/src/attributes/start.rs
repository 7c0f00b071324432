//! What a span says from its start on: also what samplers decide by.

use kaos_hooks::{
    LlmCall, LlmParams, McpCall, McpRequest, RemoteAgent, Run, ServedCall, Server, Step, Str,
    Subagent, ToolCall, Turn,
};

use super::table::said;
use crate::Conventions;
use crate::attributes::operation::is_inference;

said! {
    TurnStart of (turn, run), (&Turn, &Run) {
        GEN_AI_OPERATION_NAME: word("invoke_agent");
        GEN_AI_CONVERSATION_ID: text_if(run.session.shared());
        SESSION_ID: text_if(run.session.shared());
        GEN_AI_AGENT_DESCRIPTION: text_if(turn.description.as_ref());
        GEN_AI_REQUEST_MODEL: text_if(turn.model.as_ref());
        STREAM: value(turn.stream);
        KAOS_RUN_ID: value(run.id.to_string());
        AGENT_MAX_STEPS: count_if(turn.max_steps);
        KAOS_TURN_NUMBER: count_if(turn.number);
        + AgentName: name_of(run);
        + Params: turn.params.as_deref();
    }

    ModelCallStart of (call, run), (&LlmCall, &Run) {
        GEN_AI_OPERATION_NAME: text(&call.operation);
        GEN_AI_PROVIDER_NAME: text(&call.provider);
        GEN_AI_REQUEST_MODEL: text(&call.model);
        + ServerAt: call.server.as_ref();
        + InferenceStart: is_inference(call).then_some((call, run));
    }

    InferenceStart of (call, run), (&LlmCall, &Run) {
        GEN_AI_CONVERSATION_ID: text_if(run.session.shared());
        GEN_AI_REQUEST_STREAM: value_if(call.stream.then_some(true));
        GEN_AI_REQUEST_TOP_K: count_if(call.params.as_deref().and_then(|it| it.top_k));
        + Params: call.params.as_deref();
    }

    ToolCallStart of (call, run, names), (&ToolCall, &Run, Conventions) {
        GEN_AI_OPERATION_NAME: word("execute_tool");
        GEN_AI_TOOL_NAME: text(&call.name);
        TOOL_NAME: text(&call.name);
        GEN_AI_TOOL_TYPE: word(call.kind.as_str());
        GEN_AI_TOOL_CALL_ID: text_if(call.call_id.as_ref());
        GEN_AI_CONVERSATION_ID: text_if(names.conversation_of_tool(run));
        + AgentName: name_of(run);
    }

    StepStart of step, &Step {
        STEP: value(i64::from(step.number));
        MAX_STEPS: count_if(step.max_steps);
        KAOS_STEP_ID: text_if(step.step_id.as_ref());
    }

    /// A local sub-agent's own turn is the span that the conventions know; a remote one has none here.
    SubagentStart of (sub, run), (&Subagent, &Run) {
        AGENT_DELEGATION_TARGET: text(&sub.agent);
        + RemoteStart: sub.remote.as_deref().map(|remote| (sub, remote, run));
    }

    RemoteStart of (sub, remote, run), (&Subagent, &RemoteAgent, &Run) {
        GEN_AI_OPERATION_NAME: word("invoke_agent");
        GEN_AI_PROVIDER_NAME: text(&remote.provider);
        GEN_AI_AGENT_NAME: text(&sub.agent);
        GEN_AI_AGENT_ID: text_if(remote.id.as_ref());
        GEN_AI_AGENT_VERSION: text_if(remote.version.as_ref());
        GEN_AI_AGENT_DESCRIPTION: text_if(remote.description.as_ref());
        GEN_AI_CONVERSATION_ID: text_if(run.session.shared());
        GEN_AI_REQUEST_MODEL: text_if(remote.model.as_ref());
        + ServerAt: remote.server.as_ref();
        + Params: remote.params.as_deref();
    }

    McpRequestStart of request, &McpRequest {
        MCP_METHOD_NAME: text(&request.method);
    }

    /// `agent.name` is who serves it, as in Python KAOS's metrics; for the conventions that is no agent.
    ServedCallStart of (call, run), (&ServedCall, &Run) {
        GEN_AI_OPERATION_NAME: word("execute_tool");
        GEN_AI_TOOL_NAME: text(&call.name);
        TOOL_NAME: text(&call.name);
        GEN_AI_TOOL_TYPE: word(call.kind.as_str());
        AGENT_NAME: text_if(name_of(run));
        MCP_METHOD_NAME: text_if(call.mcp.as_deref().map(|mcp| &mcp.method));
        + McpSession: call.mcp.as_deref();
    }

    /// What is known of a request to a server, on both sides of it.
    McpSession of mcp, &McpCall {
        JSONRPC_REQUEST_ID: text_if(mcp.request_id.as_ref());
        MCP_SESSION_ID: text_if(mcp.session_id.as_ref());
        MCP_PROTOCOL_VERSION: text_if(mcp.protocol_version.as_ref());
        NETWORK_TRANSPORT: text_if(mcp.transport.as_ref());
        NETWORK_PROTOCOL_NAME: text_if(mcp.network_protocol.as_ref());
    }

    PlanStart of run, &Run {
        GEN_AI_OPERATION_NAME: word("plan");
        + AgentName: name_of(run);
    }

    AgentName of name, &Str {
        GEN_AI_AGENT_NAME: text(name);
        AGENT_NAME: text(name);
    }

    ServerAt of server, &Server {
        SERVER_ADDRESS: text(&server.address);
        SERVER_PORT: value(i64::from(server.port));
    }

    Params of params, &LlmParams {
        GEN_AI_REQUEST_MAX_TOKENS: count_if(params.max_tokens);
        GEN_AI_REQUEST_TEMPERATURE: value_if(params.temperature);
        GEN_AI_REQUEST_TOP_P: value_if(params.top_p);
        GEN_AI_REQUEST_FREQUENCY_PENALTY: value_if(params.frequency_penalty);
        GEN_AI_REQUEST_PRESENCE_PENALTY: value_if(params.presence_penalty);
        GEN_AI_REQUEST_STOP_SEQUENCES: list_if(&params.stop_sequences);
        GEN_AI_REQUEST_SEED: value_if(params.seed);
        GEN_AI_REQUEST_CHOICE_COUNT: count_if(params.choice_count.filter(|many| *many != 1));
        GEN_AI_OUTPUT_TYPE: text_if(params.output_type.as_ref());
    }
}

fn name_of(run: &Run) -> Option<&Str> {
    Some(&run.agent).filter(|name| !name.is_empty())
}
