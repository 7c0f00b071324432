//! What a workload is made from besides its own resource.

use super::parts::{Probe, ProbeKind, Program, RunsIn, Workload};
use crate::addresses::Addresses;
use crate::defaults::Defaults;
use crate::pod::{Own, container_name};
use crate::reading::Resources;
use crate::resources::{Identity, Mode};

/// The port that an agent listens on by default.
pub(super) const AGENT_PORT: u16 = 8000;
/// The port that an MCP server listens on by default.
pub(super) const MCP_PORT: u16 = 8000;

/// The port that a `ModelAPI` listens on by default.
pub(super) fn model_port(mode: Mode) -> u16 {
    match mode {
        Mode::Proxy => 8000,
        Mode::Hosted => 11434,
    }
}

#[derive(Debug)]
pub(super) struct Context<'c> {
    pub(super) resources: &'c Resources,
    pub(super) defaults: &'c Defaults,
    pub(super) addresses: &'c dyn Addresses,
}

impl Context<'_> {
    pub(super) fn model_api_url(&self, api: &Identity) -> String {
        let mode = self.resources.model_apis.get(api).map(|it| it.spec.mode);
        self.addresses
            .url(api, model_port(mode.unwrap_or(Mode::Proxy)))
    }

    /// Whether an agent is there and found by others.
    pub(super) fn finds(&self, agent: &Identity) -> bool {
        let network = self
            .resources
            .agents
            .get(agent)
            .and_then(|it| it.spec.agent_network.as_ref());
        let exposed = network.and_then(|it| it.expose).unwrap_or(true);
        self.resources.has(agent) && (exposed || self.addresses.finds_unexposed())
    }
}

/// A workload of which only is said what all have.
pub(super) fn bare(of: &Identity, own: &Own, program: Program, image: Option<&str>) -> Workload {
    let container = &own.container;
    let said = container.image.as_deref().or(image);
    let program = if container.command.is_some() {
        Program::Custom
    } else {
        program
    };
    let app = of.kind.prefix().to_owned();
    let probe = || Probe {
        kind: ProbeKind::Tcp,
        initial_delay: 0,
        period: 10,
        timeout: None,
        failures: None,
    };
    Workload {
        identity: of.clone(),
        name: of.workload_name(),
        program,
        runs_in: RunsIn {
            container: container_name(of.kind),
            image: said.unwrap_or_default().to_owned(),
            command: container.command.clone().unwrap_or_default(),
            args: container.args.clone().unwrap_or_default(),
            working_dir: container.working_dir.clone(),
            resources: container.resources.clone(),
            security_context: container.security_context.clone(),
            volume_mounts: container.volume_mounts.clone(),
        },
        env: Vec::new(),
        files: Vec::new(),
        data_folder: None,
        prepare: None,
        port: 0,
        liveness: probe(),
        readiness: probe(),
        labels: [("app".to_owned(), app.clone()), (app, of.name.to_string())].into(),
        depends_on: Vec::new(),
        waits: false,
        peers: Vec::new(),
        exposed: true,
        service_account: None,
        gateway_timeout: None,
        pod_spec: None,
    }
}
