//! An agent: `kaos agent serve`, or another image that reads the same variables.

use std::collections::BTreeSet;

use super::context::{AGENT_PORT as PORT, Context, MCP_PORT, bare};
use super::env_list::EnvList;
use super::exported;
use super::parts::{Env, Origin, Probe, ProbeKind, Program, Workload};
use crate::collector;
use crate::pod::Own;
use crate::reading::Resource;
use crate::resources::{AgentConfig, AgentSpec, Identity, Kind};

pub(super) fn workload(agent: &Resource<AgentSpec>, own: &Own, context: &Context<'_>) -> Workload {
    let (identity, spec) = (&agent.at.identity, &agent.spec);
    let config = spec.config.clone().unwrap_or_default();
    let model_api = identity.sibling(Kind::ModelApi, &spec.model_api);
    let servers = named(identity, Kind::McpServer, spec.mcp_servers.as_ref());
    let peers = peers(identity, spec, context);

    let probe = |path, initial_delay, period| Probe {
        kind: ProbeKind::Http(path),
        initial_delay,
        period,
        timeout: None,
        failures: None,
    };
    let network = spec.agent_network.as_ref();
    Workload {
        port: context.addresses.port(identity, PORT),
        env: variables(agent, own, &config, &servers, &peers, context),
        liveness: probe("/health", 30, 10),
        readiness: probe("/ready", 10, 5),
        depends_on: std::iter::once(model_api).chain(servers).collect(),
        waits: spec.wait_for_dependencies.unwrap_or(true),
        peers,
        exposed: network.and_then(|it| it.expose).unwrap_or(true),
        gateway_timeout: spec
            .gateway_route
            .as_ref()
            .and_then(|it| it.timeout.clone()),
        pod_spec: spec.pod_spec.clone(),
        ..bare(
            identity,
            own,
            Program::AgentServe,
            context.defaults.images.agent.as_deref(),
        )
    }
}

fn variables(
    agent: &Resource<AgentSpec>,
    own: &Own,
    config: &AgentConfig,
    servers: &[Identity],
    peers: &[Identity],
    context: &Context<'_>,
) -> Vec<Env> {
    let (identity, spec) = (&agent.at.identity, &agent.spec);
    let mut env = EnvList::new(own);
    let said = |text: &Option<String>| text.clone().filter(|it| !it.is_empty());
    env.set(
        "AGENT_NAME",
        &*identity.name,
        Origin::Field("metadata.name"),
    );
    env.set_some(
        "AGENT_DESCRIPTION",
        said(&config.description),
        Origin::Field("spec.config.description"),
    );
    env.set_some(
        "AGENT_INSTRUCTIONS",
        said(&config.instructions),
        Origin::Field("spec.config.instructions"),
    );
    env.set_some(
        "AGENT_SYSTEM_PROMPT",
        said(&config.system_prompt),
        Origin::Field("spec.config.systemPrompt"),
    );
    env.users();
    env.set(
        "MODEL_API_URL",
        context.model_api_url(&identity.sibling(Kind::ModelApi, &spec.model_api)),
        Origin::Field("spec.modelAPI"),
    );
    env.set("MODEL_NAME", &spec.model, Origin::Field("spec.model"));
    let port = context.addresses.port(identity, PORT);
    if port != PORT {
        env.set("AGENT_PORT", port.to_string(), Origin::Always);
    }
    loop_and_memory(&mut env, config);
    if !servers.is_empty() {
        env.set(
            "MCP_SERVERS",
            joined(servers),
            Origin::Field("spec.mcpServers"),
        );
    }
    for server in servers {
        let name = format!("MCP_SERVER_{}_URL", server.name);
        env.set(
            &name,
            context.addresses.url(server, MCP_PORT),
            Origin::Field("spec.mcpServers"),
        );
    }
    if !peers.is_empty() {
        env.set(
            "PEER_AGENTS",
            joined(peers),
            Origin::Field("spec.agentNetwork.access"),
        );
    }
    for peer in peers {
        let name = peer.name.to_ascii_uppercase().replace('-', "_");
        let name = format!("PEER_AGENT_{name}_CARD_URL");
        env.set(
            &name,
            context.addresses.url(peer, PORT),
            Origin::Field("spec.agentNetwork.access"),
        );
    }
    let sending = collector::sending(config.telemetry.as_ref(), context.defaults, own);
    exported::set(&mut env, identity, &sending);
    env.set(
        "LOG_LEVEL",
        context.defaults.log_level.as_str(),
        Origin::Global("logLevel"),
    );
    env.done()
}

fn loop_and_memory(env: &mut EnvList<'_>, config: &AgentConfig) {
    let field = Origin::Field;
    env.set_some(
        "AGENTIC_LOOP_MAX_STEPS",
        config.reasoning_loop_max_steps,
        field("spec.config.reasoningLoopMaxSteps"),
    );
    let mode = config
        .tool_call_mode
        .and_then(|it| serde_json::to_value(it).ok());
    let mode = mode.as_ref().and_then(|it| it.as_str());
    env.set_some("TOOL_CALL_MODE", mode, field("spec.config.toolCallMode"));
    if let Some(memory) = &config.memory {
        let kind = memory.kind.and_then(|it| serde_json::to_value(it).ok());
        let kind = kind.as_ref().and_then(|it| it.as_str());
        env.set_some(
            "MEMORY_ENABLED",
            memory.enabled,
            field("spec.config.memory.enabled"),
        );
        env.set_some("MEMORY_TYPE", kind, field("spec.config.memory.type"));
        env.set_some(
            "MEMORY_CONTEXT_LIMIT",
            memory.context_limit,
            field("spec.config.memory.contextLimit"),
        );
        env.set_some(
            "MEMORY_MAX_SESSIONS",
            memory.max_sessions,
            field("spec.config.memory.maxSessions"),
        );
        env.set_some(
            "MEMORY_MAX_SESSION_EVENTS",
            memory.max_session_events,
            field("spec.config.memory.maxSessionEvents"),
        );
        env.set_some(
            "MEMORY_MAX_READ_SCOPE",
            memory.max_read_scope.as_ref(),
            field("spec.config.memory.maxReadScope"),
        );
        env.set_some(
            "MEMORY_TOOLS",
            memory.tools.as_ref(),
            field("spec.config.memory.tools"),
        );
        env.set_some(
            "MEMORY_FAILURE_MODE",
            memory.failure_mode.as_ref(),
            field("spec.config.memory.failureMode"),
        );
        let budget = memory.short_term_token_budget;
        env.set_some(
            "MEMORY_SHORT_TERM_TOKEN_BUDGET",
            budget,
            field("spec.config.memory.shortTermTokenBudget"),
        );
    }
    if let Some(autonomous) = &config.autonomous {
        env.set(
            "AUTONOMOUS_GOAL",
            &autonomous.goal,
            field("spec.config.autonomous.goal"),
        );
        let origin = field("spec.config.autonomous");
        env.set_some(
            "AUTONOMOUS_INTERVAL_SECONDS",
            autonomous.interval_seconds,
            origin,
        );
        env.set_some(
            "AUTONOMOUS_MAX_ITER_RUNTIME_SECONDS",
            autonomous.max_iter_runtime_seconds,
            origin,
        );
    }
    if let Some(task) = &config.task_config {
        let origin = field("spec.config.taskConfig");
        env.set_some("TASK_MAX_ITERATIONS", task.max_iterations, origin);
        env.set_some("TASK_MAX_RUNTIME_SECONDS", task.max_runtime_seconds, origin);
        env.set_some("TASK_MAX_TOOL_CALLS", task.max_tool_calls, origin);
    }
}

/// The agents that can be called: those that are there, and found.
fn peers(identity: &Identity, spec: &AgentSpec, context: &Context<'_>) -> Vec<Identity> {
    let access = spec
        .agent_network
        .as_ref()
        .and_then(|it| it.access.as_ref());
    let mut peers = named(identity, Kind::Agent, access);
    peers.retain(|peer| peer != identity && context.finds(peer));
    peers
}

/// Resources of these names, sorted, each once.
fn named(identity: &Identity, kind: Kind, names: Option<&Vec<String>>) -> Vec<Identity> {
    let names: BTreeSet<&String> = names.into_iter().flatten().collect();
    names
        .into_iter()
        .map(|name| identity.sibling(kind, name))
        .collect()
}

fn joined(identities: &[Identity]) -> String {
    identities
        .iter()
        .map(|it| &*it.name)
        .collect::<Vec<_>>()
        .join(",")
}
