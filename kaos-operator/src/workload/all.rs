//! All resources become workloads.

use std::collections::BTreeSet;

use super::context::Context;
use super::parts::Workload;
use super::{agent, lengths, mcp_server, model_api};
use crate::addresses::Addresses;
use crate::checks::check;
use crate::defaults::Defaults;
use crate::finding::Finding;
use crate::pod::Own;
use crate::reading::Resources;
use crate::resources::{Container, Identity, PodSpec};
use crate::words::Words;

/// What resources become, and what was found on the way.
#[derive(Debug, Clone, Default)]
pub struct Workloads {
    /// What runs: first where models are, then MCP servers, then agents, each by namespace and name.
    pub workloads: Vec<Workload>,
    /// What is wrong with resources that can be read, and worth knowing, in the order of their places. What
    /// cannot be rendered because of an error is not among the workloads.
    pub findings: Vec<Finding>,
    /// What is no secret, whatever else it is.
    pub(crate) words: Words,
}

/// Makes a workload of each resource. It is a pure function: the same resources, defaults and addresses give the
/// same workloads, in the same order, here and in a cluster.
///
/// ```
/// use kaos_operator::{ClusterAddresses, Defaults, Reading, Source, read, workloads};
///
/// let text = "
/// apiVersion: kaos.tools/v1alpha1
/// kind: ModelAPI
/// metadata: {name: llm, namespace: demo}
/// spec: {mode: Proxy, proxyConfig: {models: ['*']}}
/// ---
/// apiVersion: kaos.tools/v1alpha1
/// kind: Agent
/// metadata: {name: analyst, namespace: demo}
/// spec: {modelAPI: llm, model: gpt-4o}
/// ";
/// let (resources, findings) = read(&[Source::new("team.yaml", text)], &Reading::default());
/// assert!(findings.is_empty());
/// let all = workloads(&resources, &Defaults::default(), &ClusterAddresses::default());
/// let names: Vec<&str> = all.workloads.iter().map(|it| it.name.as_str()).collect();
/// assert_eq!(names, ["modelapi-llm", "agent-analyst"]);
/// ```
#[must_use]
pub fn workloads(
    resources: &Resources,
    defaults: &Defaults,
    addresses: &dyn Addresses,
) -> Workloads {
    let words = Words::new(resources, defaults, addresses);
    let mut findings = check(resources, defaults, addresses, &words);
    let refused = findings.iter().filter(|it| it.rule.keeps_from_rendering());
    let refused: BTreeSet<Identity> = refused.filter_map(|it| it.about.clone()).collect();
    let context = Context {
        resources,
        defaults,
        addresses,
    };
    let own = |identity: &Identity, container: Option<&Container>, pod_spec: Option<&PodSpec>| {
        let own = Own::of(identity.kind, container, pod_spec).ok();
        own.filter(|_| !refused.contains(identity))
    };
    let mut workloads = Vec::new();
    for (identity, it) in &resources.model_apis {
        let own = own(
            identity,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        workloads.extend(own.and_then(|own| model_api::workload(it, &own, &context)));
    }
    for (identity, it) in &resources.mcp_servers {
        let own = own(
            identity,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        workloads.extend(own.map(|own| mcp_server::workload(it, &own, &context)));
    }
    for (identity, it) in &resources.agents {
        let own = own(
            identity,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        workloads.extend(own.map(|own| agent::workload(it, &own, &context)));
    }
    lengths::check(&workloads, resources, &mut findings);
    findings.sort();
    Workloads {
        workloads,
        findings,
        words,
    }
}
