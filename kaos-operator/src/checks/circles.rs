//! Agents that name each other. That is allowed, as each is ready by itself, and worth knowing: a question can
//! go round.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Rule};
use crate::reading::Resources;
use crate::resources::{Identity, Kind};

/// More circles than these are not told.
const MAX_LISTED: usize = 50;

type Graph<'r> = BTreeMap<&'r Identity, BTreeSet<&'r Identity>>;

pub(super) fn check(resources: &Resources, findings: &mut Vec<Finding>) {
    let mut graph = graph(resources);
    for _ in 0..MAX_LISTED {
        let Some(circle) = circle(&mut graph) else {
            return;
        };
        let Some(agent) = circle
            .first()
            .and_then(|first| resources.agents.get(*first))
        else {
            return;
        };
        let names: Vec<&str> = circle
            .iter()
            .chain(circle.first())
            .map(|it| &*it.name)
            .collect();
        let message = format!("these agents name each other: {}", names.join(" → "));
        findings.push(
            agent
                .at
                .finding(Rule::Cycle, "spec.agentNetwork.access", message),
        );
        for agent in circle {
            graph.remove(agent);
        }
    }
}

fn graph(resources: &Resources) -> Graph<'_> {
    let peers = |agent: &'_ Identity, access: Option<&Vec<String>>| {
        let names = access.into_iter().flatten();
        let peers = names.map(|name| agent.sibling(Kind::Agent, name));
        let there = peers.filter_map(|it| resources.agents.get_key_value(&it));
        there
            .map(|(identity, _)| identity)
            .filter(|it| *it != agent)
            .collect()
    };
    let edges = resources.agents.values().map(|agent| {
        let access = agent
            .spec
            .agent_network
            .as_ref()
            .and_then(|it| it.access.as_ref());
        (&agent.at.identity, peers(&agent.at.identity, access))
    });
    edges.collect()
}

/// One circle, from its first agent by name. Agents that lead nowhere are taken out on the way.
fn circle<'r>(graph: &mut Graph<'r>) -> Option<Vec<&'r Identity>> {
    peel(graph);
    let mut way = Vec::new();
    let mut at = *graph.keys().next()?;
    // What is left has a way on, always: so it comes back to where it has been.
    let start = loop {
        if let Some(start) = way.iter().position(|it| *it == at) {
            break start;
        }
        way.push(at);
        at = graph.get(at)?.iter().find(|it| graph.contains_key(**it))?;
    };
    let mut circle = way.split_off(start);
    let first = circle.iter().enumerate().min_by_key(|(_, it)| **it)?.0;
    circle.rotate_left(first);
    Some(circle)
}

/// Takes out all agents that name none of those that are left.
fn peel(graph: &mut Graph<'_>) {
    let mut callers: BTreeMap<&Identity, Vec<&Identity>> = BTreeMap::new();
    let mut ways: BTreeMap<&Identity, usize> = BTreeMap::new();
    for (agent, peers) in &*graph {
        let left: Vec<_> = peers.iter().filter(|it| graph.contains_key(**it)).collect();
        ways.insert(agent, left.len());
        for peer in left {
            callers.entry(peer).or_default().push(agent);
        }
    }
    let ends = ways.iter().filter(|(_, count)| **count == 0);
    let mut ends: Vec<&Identity> = ends.map(|(agent, _)| *agent).collect();
    while let Some(end) = ends.pop() {
        graph.remove(end);
        for caller in callers.get(end).into_iter().flatten() {
            if let Some(count) = ways.get_mut(caller) {
                *count -= 1;
                if *count == 0 {
                    ends.push(caller);
                }
            }
        }
    }
}
