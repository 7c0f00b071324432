//! What agents name is there.

use crate::addresses::Addresses;
use crate::finding::{Finding, Rule};
use crate::reading::{Resource, Resources};
use crate::resources::{AgentNetwork, AgentSpec, Identity, Kind};
use crate::shape::nearest;

pub(super) fn check(resources: &Resources, addresses: &dyn Addresses, findings: &mut Vec<Finding>) {
    for agent in resources.agents.values() {
        let model_api = agent
            .at
            .identity
            .sibling(Kind::ModelApi, &agent.spec.model_api);
        is_there(
            resources,
            agent,
            &model_api,
            "spec.modelAPI",
            Rule::MissingReference,
            findings,
        );
        for (index, name) in agent.spec.mcp_servers.iter().flatten().enumerate() {
            let server = agent.at.identity.sibling(Kind::McpServer, name);
            let path = format!("spec.mcpServers[{index}]");
            is_there(
                resources,
                agent,
                &server,
                &path,
                Rule::MissingReference,
                findings,
            );
        }
        let access = agent
            .spec
            .agent_network
            .as_ref()
            .and_then(|it| it.access.as_ref());
        for (index, name) in access.into_iter().flatten().enumerate() {
            let peer = agent.at.identity.sibling(Kind::Agent, name);
            let path = format!("spec.agentNetwork.access[{index}]");
            if peer == agent.at.identity {
                let message = "the agent names itself, which is left out";
                findings.push(agent.at.finding(Rule::NoEffect, &path, message));
                continue;
            }
            if !is_there(resources, agent, &peer, &path, Rule::MissingPeer, findings) {
                continue;
            }
            if !addresses.finds_unexposed() && !exposed(resources, &peer) {
                let message =
                    format!("{peer} has no Service (`agentNetwork.expose: false`): it is left out");
                findings.push(agent.at.finding(Rule::PeerWithoutService, &path, message));
            }
        }
    }
}

/// Whether an agent has a Service, as far as it is known.
fn exposed(resources: &Resources, agent: &Identity) -> bool {
    let network = resources
        .agents
        .get(agent)
        .and_then(|it| it.spec.agent_network.as_ref());
    network
        .and_then(|it: &AgentNetwork| it.expose)
        .unwrap_or(true)
}

fn is_there(
    resources: &Resources,
    agent: &Resource<AgentSpec>,
    named: &Identity,
    path: &str,
    rule: Rule,
    findings: &mut Vec<Finding>,
) -> bool {
    if resources.has(named) {
        return true;
    }
    let others: Vec<&Identity> = match named.kind {
        Kind::Agent => resources.agents.keys().collect(),
        Kind::McpServer => resources.mcp_servers.keys().collect(),
        Kind::ModelApi => resources.model_apis.keys().collect(),
    };
    let elsewhere = others.iter().find(|it| it.name == named.name);
    let beside = others.iter().filter(|it| it.namespace == named.namespace);
    // Among very many no distance is looked at.
    let near = nearest(&named.name, beside.take(1000).map(|it| &*it.name));
    let hint = match (elsewhere, near) {
        (Some(other), _) => format!("; there is one in the namespace {}", other.namespace),
        (None, Some(near)) => format!("; `{near}` was meant?"),
        (None, None) => String::new(),
    };
    findings.push(
        agent
            .at
            .finding(rule, path, format!("{named} is not there{hint}")),
    );
    false
}
