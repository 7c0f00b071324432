//! What all kinds of resources have in common.

use crate::pod::Own;
use crate::reading::{Located, Resources};
use crate::resources::TelemetryConfig;

/// What all kinds of resources have in common.
#[derive(Debug)]
pub(crate) struct Component<'r> {
    pub(crate) at: &'r Located,
    /// Its own container, or what is wrong with it in `podSpec`, by path.
    pub(crate) own: Result<Own, (String, String)>,
    pub(crate) telemetry: Option<&'r TelemetryConfig>,
    pub(crate) telemetry_path: &'static str,
}

impl Component<'_> {
    /// The path of a variable that the user sets.
    pub(crate) fn variable(&self, name: &str) -> String {
        match &self.own {
            Ok(own) if own.pod_env.get(name).is_some() => {
                let list = format!("spec.podSpec.containers[{}].env", own.in_pod.unwrap_or(0));
                self.at.variable(&list, name)
            }
            _ => self.at.variable("spec.container.env", name),
        }
    }
}

/// All resources, in the order of kinds and names.
pub(crate) fn components(resources: &Resources) -> Vec<Component<'_>> {
    let mut components = Vec::new();
    for it in resources.model_apis.values() {
        components.push(Component {
            at: &it.at,
            own: Own::of(
                it.at.identity.kind,
                it.spec.container.as_ref(),
                it.spec.pod_spec.as_ref(),
            ),
            telemetry: it.spec.telemetry.as_ref(),
            telemetry_path: "spec.telemetry",
        });
    }
    for it in resources.mcp_servers.values() {
        components.push(Component {
            at: &it.at,
            own: Own::of(
                it.at.identity.kind,
                it.spec.container.as_ref(),
                it.spec.pod_spec.as_ref(),
            ),
            telemetry: it.spec.telemetry.as_ref(),
            telemetry_path: "spec.telemetry",
        });
    }
    for it in resources.agents.values() {
        components.push(Component {
            at: &it.at,
            own: Own::of(
                it.at.identity.kind,
                it.spec.container.as_ref(),
                it.spec.pod_spec.as_ref(),
            ),
            telemetry: it.spec.config.as_ref().and_then(|it| it.telemetry.as_ref()),
            telemetry_path: "spec.config.telemetry",
        });
    }
    components
}
