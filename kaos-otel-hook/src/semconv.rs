//! Every attribute name this crate emits.
//!
//! GenAI names follow the OpenTelemetry GenAI semantic conventions (repository
//! `semantic-conventions-genai`, revision `fe5608e`, 2026-08-03, status *development*); names
//! without `gen_ai.` before them are the ancestors' own, kept for the dashboards made for them.

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = $value;)+
    };
}

names! {
    /// The operation: `chat`, `execute_tool`, `invoke_agent`, …
    GEN_AI_OPERATION_NAME = "gen_ai.operation.name";
    /// The provider, for example `openai`.
    GEN_AI_PROVIDER_NAME = "gen_ai.provider.name";
    /// The conversation, where the caller named it.
    GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";
    /// The agent's name.
    GEN_AI_AGENT_NAME = "gen_ai.agent.name";
    /// What the agent is for.
    GEN_AI_AGENT_DESCRIPTION = "gen_ai.agent.description";
    /// The model asked for.
    GEN_AI_REQUEST_MODEL = "gen_ai.request.model";
    /// Present and true when the response is streamed.
    GEN_AI_REQUEST_STREAM = "gen_ai.request.stream";
    /// The provider's id of the response.
    GEN_AI_RESPONSE_ID = "gen_ai.response.id";
    /// The model that answered.
    GEN_AI_RESPONSE_MODEL = "gen_ai.response.model";
    /// Why the model stopped, one entry a choice.
    GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// Tokens sent, cached ones included.
    GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// Tokens received, reasoning included.
    GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// The tool's name.
    GEN_AI_TOOL_NAME = "gen_ai.tool.name";
    /// Who executes the tool: `function`, `extension`, `datastore`.
    GEN_AI_TOOL_TYPE = "gen_ai.tool.type";
    /// The id the model gave to the tool call.
    GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id";
    /// What the tool is for.
    GEN_AI_TOOL_DESCRIPTION = "gen_ai.tool.description";
    /// The server's host.
    SERVER_ADDRESS = "server.address";
    /// The server's port.
    SERVER_PORT = "server.port";
    /// What kind of failure: few values.
    ERROR_TYPE = "error.type";

    /// The agent's name.
    AGENT_NAME = "agent.name";
    /// How many steps the turn may take.
    AGENT_MAX_STEPS = "agent.max_steps";
    /// Whom work is given to.
    AGENT_DELEGATION_TARGET = "agent.delegation.target";
    /// The session, where the caller named it.
    SESSION_ID = "session.id";
    /// Whether the answer is delivered as it is made.
    STREAM = "stream";
    /// Which step of the turn.
    STEP = "step";
    /// How many steps the turn may take.
    MAX_STEPS = "max_steps";
    /// The tool's name.
    TOOL_NAME = "tool.name";
    /// The run.
    KAOS_RUN_ID = "kaos.run_id";
    /// The event stream's span id, where a foreign tracer provider made another.
    KAOS_SPAN_ID = "kaos.span_id";
    /// Which turn of its session.
    KAOS_TURN_NUMBER = "kaos.turn_number";
    /// What the message asks for.
    KAOS_INTENT = "kaos.intent";
    /// How sure the classifier is.
    KAOS_CONFIDENCE = "kaos.confidence";
    /// The caller's own id of a step.
    KAOS_STEP_ID = "kaos.step_id";
    /// How many tools the turn called.
    KAOS_TOOL_CALL_COUNT = "kaos.tool_call_count";
    /// The tool did not run: a gate skipped it.
    KAOS_TOOL_SKIPPED = "kaos.tool.skipped";
    /// The work pauses; present and true.
    KAOS_SUSPENDED = "kaos.suspended";
}
