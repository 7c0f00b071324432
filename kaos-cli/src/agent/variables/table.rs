//! The rows of what is taken. The operator's variables are those of KAOS 0.1.4-dev (January 2026) and 0.8.4.

use super::valid::Valid::{
    self, Count, Flag, Hosts, Key, Line, List, Number, Origins, Port, Replies, Secret, Telemetry,
    Text, Tokens, Url, Word, Words,
};
use super::variable::{By, Effect, Variable, row};

const fn operator(
    name: &'static str,
    valid: Valid,
    default: &'static str,
    does: &'static str,
) -> Variable {
    row((name, valid, default), By::Operator, Effect::Taken, does)
}

const fn user(
    name: &'static str,
    valid: Valid,
    default: &'static str,
    does: &'static str,
) -> Variable {
    row((name, valid, default), By::User, Effect::Taken, does)
}

pub(super) const VARIABLES: &[Variable] = &[
    operator("AGENT_NAME", Line, "", "the agent's name; needed"),
    operator(
        "AGENT_DESCRIPTION",
        Text,
        "AI Agent",
        "what it is for, on its card",
    ),
    operator(
        "AGENT_INSTRUCTIONS",
        Text,
        "You are a helpful assistant.",
        "what the model is told",
    ),
    operator(
        "AGENT_SYSTEM_PROMPT",
        Text,
        "",
        "what the model is told before the instructions",
    ),
    operator(
        "MODEL_API_URL",
        Url,
        "",
        "the model's endpoint; `/v1` is added unless the path has a version. Not needed where `MODEL_NAME` is `provider:name`",
    ),
    operator(
        "MODEL_NAME",
        Text,
        "",
        "the model; needed, but for mock responses",
    ),
    user(
        "OPENAI_API_KEY",
        Key,
        "",
        "the endpoint's key; other providers have their own variables",
    ),
    operator(
        "AGENTIC_LOOP_MAX_STEPS",
        Count,
        "5",
        "how many steps a turn may take",
    ),
    operator(
        "TOOL_CALL_MODE",
        Word(&["auto", "native", "string"]),
        "auto",
        "`string`: tools are called by fenced blocks in the model's text; else by the API's own calls",
    ),
    user(
        "AGENT_PORT",
        Port,
        "8000",
        "the port to listen at; `--port` goes before it",
    ),
    operator("MCP_SERVERS", List, "", "the names of MCP servers"),
    operator(
        "MCP_SERVER_{name}_URL",
        Url,
        "",
        "where the server of this name is, the name as it is listed, or in capitals with `_` for `-`; `/mcp` is added unless it is there. A server without one is warned of, and left out",
    ),
    user(
        "AGENT_SUB_AGENTS",
        Text,
        "",
        "agents elsewhere that it may give work to, as `name:url,…`; goes before `PEER_AGENTS`",
    ),
    operator(
        "PEER_AGENTS",
        List,
        "",
        "the names of agents elsewhere that it may give work to",
    ),
    operator(
        "PEER_AGENT_{NAME}_CARD_URL",
        Url,
        "",
        "where the agent of this name is, the name in capitals with `_` for `-`",
    ),
    user(
        "PEER_AGENT_{NAME}_TOKEN",
        Key,
        "",
        "the token that this agent is shown; without it `KAOS_API_TOKEN`, where it is on this machine or in the same namespace",
    ),
    operator(
        "MEMORY_ENABLED",
        Flag,
        "true",
        "`false`: what was said in a session is not kept for the next request, and `/memory/events` lists nothing",
    ),
    operator(
        "MEMORY_MAX_SESSION_EVENTS",
        Count,
        "500",
        "how many events of a session `/memory/events` tells of",
    ),
    operator(
        "MEMORY_MAX_SESSIONS",
        Count,
        "1000",
        "how many sessions are kept; the one not used for longest goes first",
    ),
    user(
        "DEBUG_MOCK_RESPONSES",
        Replies,
        "",
        "answers in place of a model: a JSON list, or one text. Every turn begins with the first, as in KAOS 0.8; its first agents went on to the real model when the list was used up",
    ),
    operator(
        "LOG_LEVEL",
        Telemetry(
            "`TRACE`, `DEBUG`, `INFO`, `WARN`, `WARNING` or `ERROR`; others are warned of, and `INFO`",
        ),
        "INFO",
        "which lines are written to the standard output and exported",
    ),
    user(
        "AGENT_LOG_LEVEL",
        Telemetry("the same"),
        "INFO",
        "the same, where `LOG_LEVEL` is not set",
    ),
    operator(
        "OTEL_SDK_DISABLED",
        Telemetry("`true` or `false`"),
        "false",
        "turns telemetry off",
    ),
    operator(
        "OTEL_SERVICE_NAME",
        Telemetry("text"),
        "the agent's name",
        "who exports",
    ),
    operator(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Telemetry("URL"),
        "",
        "where traces, metrics and logs go; without it, nowhere. All other `OTEL_*` variables: docs/telemetry.md",
    ),
    operator(
        "OTEL_RESOURCE_ATTRIBUTES",
        Telemetry("`key=value,…`"),
        "",
        "what else is known of who exports",
    ),
    operator(
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
        Telemetry("list of regular expressions"),
        "/health,/ready",
        "paths that get no SERVER span and no access line, if one is found anywhere in the path",
    ),
    operator(
        "OTEL_PYTHON_EXCLUDED_URLS",
        Telemetry("the same"),
        "",
        "the same, where the one above is not set",
    ),
    user(
        "OTEL_INCLUDE_HTTP_SERVER",
        Flag,
        "false",
        "a SERVER span for each request, between the caller and the turn; access lines, and what the HTTP server's libraries say",
    ),
    user(
        "OTEL_INCLUDE_HTTP_CLIENT",
        Flag,
        "false",
        "a CLIENT span for each request to a model, an MCP server or another agent; what the HTTP client's libraries say",
    ),
    user(
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        Telemetry("list with `http/dup`"),
        "",
        "HTTP attributes also under their old names; the rest: docs/telemetry.md",
    ),
    user(
        "KAOS_SPAN_NAMES",
        Word(&["kaos", "genai", "operator"]),
        "kaos",
        "what spans are called; `operator` is `agent.agentic_loop` and the like, as KAOS' dashboards know them",
    ),
    user(
        "KAOS_API_TOKEN",
        Tokens,
        "",
        "a list of the tokens that clients may show, `Authorization: Bearer …`; without it everybody may ask",
    ),
    user(
        "KAOS_ALLOWED_HOSTS",
        Hosts,
        "",
        "the hosts under which the server may be asked",
    ),
    user(
        "KAOS_ALLOWED_ORIGINS",
        Origins,
        "",
        "the origins of web pages that may ask it",
    ),
    user(
        "KAOS_READY_REQUIRES",
        Words(&["model", "mcp", "peers"]),
        "",
        "what must be well for `/ready` to answer 200",
    ),
    user(
        "KAOS_PROGRESS",
        Flag,
        "false",
        "every stream tells of calls, as a text that is JSON",
    ),
    user(
        "KAOS_DRAIN_SECONDS",
        Number,
        "25",
        "how long turns may go on after SIGTERM",
    ),
    user(
        "KAOS_SESSIONS",
        Secret,
        "",
        "`redis://…`: keeps sessions where other processes find them",
    ),
    user(
        "KAOS_TRAIL",
        Text,
        "",
        "the directory of an audit trail of all turns",
    ),
    user(
        "KAOS_TRAIL_KEY",
        Text,
        "",
        "the file of the key that signs it",
    ),
];
