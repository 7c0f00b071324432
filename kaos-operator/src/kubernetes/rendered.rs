//! What a resource becomes, by what the watches saw: the same pure function as everywhere.

use kube::api::DynamicObject;

use super::cache::Cache;
use super::status::DependencyState;
use crate::addresses::{Addresses as _, ClusterAddresses};
use crate::finding::Finding;
use crate::reading::read_objects;
use crate::resources::{Identity, Kind};
use crate::workload::{Workload, workloads};

/// What was found about a resource, and what it becomes.
pub(super) struct Rendered {
    pub(super) findings: Vec<Finding>,
    pub(super) workload: Option<Workload>,
    pub(super) needs: Vec<(Identity, DependencyState)>,
    pub(super) endpoint: Option<String>,
    pub(super) model_api: Option<String>,
}

impl Rendered {
    pub(super) fn of(identity: &Identity, object: &DynamicObject, cache: &Cache) -> Self {
        let (resources, read) = read_objects(cache.documents(identity, object));
        let addresses = ClusterAddresses::default();
        let all = workloads(&resources, &cache.defaults(), &addresses);
        let mut made = all.workloads.into_iter();
        let workload = made.find(|it| it.identity == *identity);
        let about = |it: &Finding| it.about.as_ref() == Some(identity);
        let findings = read.into_iter().chain(all.findings).filter(about).collect();
        let agent = resources.agents.get(identity);
        let named: Vec<Identity> = match (&workload, agent) {
            (Some(workload), _) => workload.depends_on.clone(),
            (None, Some(agent)) => {
                let servers = agent.spec.mcp_servers.iter().flatten();
                let servers = servers.map(|it| identity.sibling(Kind::McpServer, it));
                let model_api = identity.sibling(Kind::ModelApi, &agent.spec.model_api);
                std::iter::once(model_api).chain(servers).collect()
            }
            (None, None) => Vec::new(),
        };
        let needs = named.into_iter().map(|it| {
            let need = cache.need(&it);
            (it, need)
        });
        Self {
            findings,
            needs: needs.collect(),
            endpoint: workload.as_ref().map(|it| addresses.url(identity, it.port)),
            model_api: agent.map(|it| it.spec.model_api.clone()),
            workload,
        }
    }

    /// Waiting is for the start: what runs already is kept as it is to be.
    pub(super) fn startable(&self, cache: &Cache) -> Option<&Workload> {
        let ready = self
            .needs
            .iter()
            .all(|(_, need)| *need == DependencyState::Ready);
        let workload = self.workload.as_ref()?;
        let may = !workload.waits || ready || cache.deployment(&workload.identity).is_some();
        may.then_some(workload)
    }
}
