//! The rows of what KAOS takes, and this agent does not.

use super::valid::Valid::{self, Flag, Number, Secret, Text, Word};
use super::variable::{By, Effect, Variable, row};

const fn harmless(name: &'static str, valid: Valid, does: &'static str) -> Variable {
    row((name, valid, ""), By::Operator, Effect::Harmless, does)
}

const fn missed(name: &'static str, valid: Valid, does: &'static str) -> Variable {
    row((name, valid, ""), By::Operator, Effect::Missed, does)
}

pub(super) const VARIABLES: &[Variable] = &[
    harmless("MEMORY_TYPE", Text, "there is one kind"),
    harmless(
        "MEMORY_CONTEXT_LIMIT",
        Number,
        "how many messages went along with work for another agent",
    ),
    harmless("AGENT_ACCESS_LOG", Flag, "see `OTEL_INCLUDE_HTTP_SERVER`"),
    harmless(
        "AGENT_IDENTITY",
        Text,
        "the agent's name for a memory service",
    ),
    harmless(
        "MEMORY_MAX_READ_SCOPE",
        Word(&["session", "agent", "user"]),
        "what of a memory service may be read",
    ),
    harmless("MEMORY_TOOLS", Text, "tools of a memory service"),
    harmless(
        "MEMORY_FAILURE_MODE",
        Text,
        "what happens without a memory service",
    ),
    harmless(
        "MEMORY_SHORT_TERM_TOKEN_BUDGET",
        Number,
        "how much of a memory service's answers is used",
    ),
    harmless("MEMORY_ROLLING_SUMMARY", Text, "unused in KAOS, too"),
    harmless("TASK_MAX_ITERATIONS", Number, "unused in KAOS, too"),
    harmless("TASK_MAX_RUNTIME_SECONDS", Number, "unused in KAOS, too"),
    harmless("TASK_MAX_TOOL_CALLS", Number, "unused in KAOS, too"),
    harmless(
        "TASK_STORE_TYPE",
        Word(&["local", "none"]),
        "tasks of A2A, which is not spoken",
    ),
    harmless(
        "AUTONOMOUS_INTERVAL_SECONDS",
        Number,
        "see `AUTONOMOUS_GOAL`",
    ),
    harmless(
        "AUTONOMOUS_MAX_ITER_RUNTIME_SECONDS",
        Number,
        "see `AUTONOMOUS_GOAL`",
    ),
    harmless(
        "OTEL_INSTRUMENTATION_VERSION",
        Text,
        "which attributes another library writes",
    ),
    harmless("HARNESS_DRIVER", Text, "another image's"),
    harmless("HARNESS_WORKSPACE", Text, "another image's"),
    harmless("HARNESS_STATE_DIR", Text, "another image's"),
    missed(
        "AUTONOMOUS_GOAL",
        Text,
        "an agent that works without being asked",
    ),
    missed("MEMORY_STORE_ENDPOINT", Secret, "a memory service"),
    missed(
        "MEMORY_REQUIRE_PRINCIPAL",
        Flag,
        "requests must name their user",
    ),
    missed(
        "MEMORY_REQUIRE_AGENT_IDENTITY",
        Flag,
        "requests must name their agent",
    ),
    missed("AGENT_AUTH_IDENTITY", Secret, "who the agent is for others"),
    missed(
        "AGENT_AUTH_TOKEN",
        Secret,
        "a token of the agent's own, for others",
    ),
    missed("AGENT_AUTH_PRINCIPAL", Secret, "for whom the agent works"),
    missed("AGENT_AUTH_TOKEN_FILE", Secret, "the file of such a token"),
    missed("AGENT_AUTH_CLIENT_ID", Secret, "gets such a token"),
    missed("AGENT_AUTH_CLIENT_SECRET", Secret, "gets such a token"),
    missed("AGENT_AUTH_CLIENT_SECRET_FILE", Secret, "gets such a token"),
    missed("AGENT_AUTH_TOKEN_ENDPOINT", Secret, "gets such a token"),
    missed(
        "KAOS_TOKEN_EXCHANGE_CONFIG",
        Secret,
        "changes users' tokens for others",
    ),
];
