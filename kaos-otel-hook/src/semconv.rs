//! Every attribute name this crate emits. **Unstable:** names follow conventions that have the status
//! *development*, so any release may rename or remove one.
//!
//! GenAI names follow the OpenTelemetry GenAI semantic conventions (repository
//! `semantic-conventions-genai`, revision `fe5608e`, 2026-08-03, status *development*); names
//! without `gen_ai.` before them are Python KAOS's own, kept for the dashboards made for them.

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $value;)+

        /// Each name and what it means.
        #[cfg(test)]
        pub(crate) const MEANINGS: &[(&str, &str)] = &[$(($value, concat!($($doc),+))),+];
    };
}

/// The conventions that all telemetry of KAOS follows beside the GenAI ones, which have no schema
/// of their own yet.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.43.0";

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
    /// How many alternatives were asked for, where not one.
    GEN_AI_REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count";
    /// The seed of repeatable sampling.
    GEN_AI_REQUEST_SEED = "gen_ai.request.seed";
    /// How many of the likeliest tokens are considered.
    GEN_AI_REQUEST_TOP_K = "gen_ai.request.top_k";
    /// The most tokens the model may produce.
    GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens";
    /// Sampling temperature.
    GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature";
    /// Nucleus sampling threshold.
    GEN_AI_REQUEST_TOP_P = "gen_ai.request.top_p";
    /// Texts that end the response.
    GEN_AI_REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences";
    /// Penalty on frequent tokens.
    GEN_AI_REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty";
    /// Penalty on tokens already present.
    GEN_AI_REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty";
    /// The format asked for: `text`, `json`, …
    GEN_AI_OUTPUT_TYPE = "gen_ai.output.type";
    /// Seconds from the request to the first chunk of a streamed response.
    GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
    /// Of the input tokens, those read from the provider's cache.
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens";
    /// Of the input tokens, those written to the provider's cache.
    GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = "gen_ai.usage.cache_creation.input_tokens";
    /// The same by its newest name, on request.
    GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write.input_tokens";
    /// Of the output tokens, those spent on reasoning.
    GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens";
    /// What the model is told before the conversation. Content.
    GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";
    /// The messages sent. Content.
    GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages";
    /// The messages received. Content.
    GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages";
    /// What the model may call. Content.
    GEN_AI_TOOL_DEFINITIONS = "gen_ai.tool.definitions";
    /// The arguments of a tool call. Content.
    GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";
    /// The result of a tool call. Content.
    GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result";
    /// A remote agent's id at its provider.
    GEN_AI_AGENT_ID = "gen_ai.agent.id";
    /// A remote agent's version.
    GEN_AI_AGENT_VERSION = "gen_ai.agent.version";
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
    /// The kind of an exception.
    EXCEPTION_TYPE = "exception.type";
    /// The text of an exception. Content.
    EXCEPTION_MESSAGE = "exception.message";
    /// Where it was thrown.
    EXCEPTION_STACKTRACE = "exception.stacktrace";
    /// The method of the Model Context Protocol, for example `tools/call`.
    MCP_METHOD_NAME = "mcp.method.name";
    /// The protocol's session.
    MCP_SESSION_ID = "mcp.session.id";
    /// The protocol version agreed on.
    MCP_PROTOCOL_VERSION = "mcp.protocol.version";
    /// The id of the JSON-RPC request.
    JSONRPC_REQUEST_ID = "jsonrpc.request.id";
    /// The error code of the JSON-RPC response.
    RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code";
    /// `pipe` for stdio, `tcp` for HTTP.
    NETWORK_TRANSPORT = "network.transport";
    /// `http`, or absent for stdio.
    NETWORK_PROTOCOL_NAME = "network.protocol.name";

    /// The span event of a failure.
    EXCEPTION = "exception";
    /// The log event of a failure.
    GEN_AI_CLIENT_OPERATION_EXCEPTION = "gen_ai.client.operation.exception";
    /// The log event with a model call's content.
    GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS = "gen_ai.client.inference.operation.details";

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
    /// The name that a model asked for, where no tool has it. Content.
    KAOS_TOOL_ASKED_NAME = "kaos.tool.asked_name";
    /// The tool did not run: a gate skipped it.
    KAOS_TOOL_SKIPPED = "kaos.tool.skipped";
    /// Content was cut, or all of the record for its size; present and true.
    KAOS_TRUNCATED = "kaos.truncated";
    /// The work pauses; present and true.
    KAOS_SUSPENDED = "kaos.suspended";

    /// `input` or `output`.
    GEN_AI_TOKEN_TYPE = "gen_ai.token.type";
    /// Whether it succeeded: `true` or `false`, as text.
    SUCCESS = "success";
    /// The model asked for.
    MODEL = "model";
    /// The tool's name.
    TOOL = "tool";
    /// Whom work is given to.
    TARGET = "target";
    /// The hook's or gate's name.
    HOOK = "hook";
    /// `traces`, `metrics` or `logs`.
    SIGNAL = "signal";
    /// `exported`, `failed` or `dropped`.
    RESULT = "result";

    /// Metric, and span attribute: US dollars.
    KAOS_COST_USD = "kaos.cost_usd";
    /// Metric: turns.
    KAOS_REQUESTS = "kaos.requests";
    /// Metric: milliseconds of turns.
    KAOS_REQUEST_DURATION = "kaos.request.duration";
    /// Metric: model calls.
    KAOS_MODEL_CALLS = "kaos.model.calls";
    /// Metric: milliseconds of model calls.
    KAOS_MODEL_DURATION = "kaos.model.duration";
    /// Metric: tool calls.
    KAOS_TOOL_CALLS = "kaos.tool.calls";
    /// Metric: milliseconds of tool calls.
    KAOS_TOOL_DURATION = "kaos.tool.duration";
    /// Metric: work given to sub-agents.
    KAOS_DELEGATIONS = "kaos.delegations";
    /// Metric: milliseconds of work given to sub-agents.
    KAOS_DELEGATION_DURATION = "kaos.delegation.duration";
    /// Metric: seconds of model calls and of remote sub-agents.
    GEN_AI_CLIENT_OPERATION_DURATION = "gen_ai.client.operation.duration";
    /// Metric: tokens of model calls.
    GEN_AI_CLIENT_TOKEN_USAGE = "gen_ai.client.token.usage";
    /// Metric: seconds to the first chunk of a streamed response.
    GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk";
    /// Metric: seconds between two chunks of a streamed response.
    GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK = "gen_ai.client.operation.time_per_output_chunk";
    /// Metric: seconds of turns.
    GEN_AI_INVOKE_AGENT_DURATION = "gen_ai.invoke_agent.duration";
    /// Metric: model calls of a turn.
    GEN_AI_INVOKE_AGENT_INFERENCE_CALLS = "gen_ai.invoke_agent.inference_calls";
    /// Metric: tool calls of a turn.
    GEN_AI_INVOKE_AGENT_TOOL_CALLS = "gen_ai.invoke_agent.tool_calls";
    /// Metric: seconds of requests to servers of the Model Context Protocol.
    MCP_CLIENT_OPERATION_DURATION = "mcp.client.operation.duration";
    /// Metric: seconds of requests that a server of the Model Context Protocol answered.
    MCP_SERVER_OPERATION_DURATION = "mcp.server.operation.duration";
    /// Metric: seconds of tool calls.
    GEN_AI_EXECUTE_TOOL_DURATION = "gen_ai.execute_tool.duration";
    /// Metric: events that hooks were offered.
    KAOS_HOOKS_EVENTS = "kaos.hooks.events";
    /// Metric: events that lanes dropped.
    KAOS_HOOKS_DROPPED = "kaos.hooks.dropped";
    /// Metric: panics of hooks and gates.
    KAOS_HOOKS_PANICS = "kaos.hooks.panics";
    /// Metric: spans, metrics and log records by what became of them.
    KAOS_EXPORT_ITEMS = "kaos.export.items";
    /// Who wrote a log line: the target of its `tracing` event.
    LOGGER_NAME = "logger_name";
    /// The source file.
    CODE_FILE_PATH = "code.file.path";
    /// The line of the source file.
    CODE_LINE_NUMBER = "code.line.number";
    /// The source file, by Python KAOS's name.
    CODE_FILEPATH = "code.filepath";
    /// The line of the source file, by Python KAOS's name.
    CODE_LINENO = "code.lineno";
}
