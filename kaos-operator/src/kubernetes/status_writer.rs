//! How a resource is said to be: its status, and events of what became different.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource as _};
use serde_json::json;
use tracing::{debug, warn};

use super::MANAGER;
use super::cache::{Cache, api_resource};
use super::failure::{brief, unless_gone};
use super::metrics::OperatorMetrics;
use super::rendered::Rendered;
use super::status::{ApplyFailure, Observed, Status, StatusUpdate, evaluate};
use crate::resources::{API_VERSION, Identity};

/// Says how resources are.
pub(super) struct StatusWriter {
    pub(super) client: Client,
    pub(super) recorder: Recorder,
    pub(super) metrics: Arc<OperatorMetrics>,
}

impl StatusWriter {
    /// Says how a resource is, unless that is what is said already.
    pub(super) async fn write(
        &self,
        identity: &Identity,
        object: &DynamicObject,
        view: &Rendered,
        missing: &[String],
        refused: Option<&ApplyFailure>,
        cache: &Cache,
    ) -> Result<(), kube::Error> {
        let there = object.data.get("status").cloned().unwrap_or_default();
        let before: Status = serde_json::from_value(there.clone()).unwrap_or_default();
        let uid = object.metadata.uid.as_deref();
        let deployment = cache.deployment(identity).filter(|it| {
            let owners = it.metadata.owner_references.iter().flatten();
            owners.into_iter().any(|it| Some(it.uid.as_str()) == uid)
        });
        let observed = Observed {
            identity,
            generation: object.metadata.generation,
            findings: &view.findings,
            workload: view.workload.as_ref(),
            endpoint: view.endpoint.clone(),
            model_api: view.model_api.as_deref(),
            needs: &view.needs,
            missing,
            refused,
            deployment: deployment.as_deref(),
            before: &before,
            now: Time(now()),
        };
        let StatusUpdate { status, news } = evaluate(&observed);
        let phase = status.phase.clone();
        let status = serde_json::to_value(&status).map_err(kube::Error::SerdeError)?;
        if status == there {
            return Ok(());
        }
        let patch = json!({
            "apiVersion": API_VERSION,
            "kind": identity.kind.as_str(),
            // Not for another resource that has this name by now.
            "metadata": {"uid": uid},
            "status": status,
        });
        self.metrics.wrote_other(identity.kind.as_str());
        debug!(target: "kaos", "{identity}: {phase}");
        let at = api_resource(identity.kind);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &identity.namespace, &at);
        let force = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(patch);
        let patched = api.patch_status(&identity.name, &force, &patch);
        if let Err(error) = patched.await {
            return unless_gone(error);
        }
        self.publish(object, identity, news).await;
        Ok(())
    }

    /// What became different, as events. One that cannot be written is no reason to do anything again.
    async fn publish(
        &self,
        object: &DynamicObject,
        identity: &Identity,
        news: Vec<(String, String, bool)>,
    ) {
        let reference = object.object_ref(&api_resource(identity.kind));
        for (reason, note, is_warning) in news {
            let type_ = if is_warning {
                EventType::Warning
            } else {
                EventType::Normal
            };
            let (note, action) = (Some(note), "Reconcile".to_owned());
            let event = Event {
                type_,
                reason,
                note,
                action,
                secondary: None,
            };
            self.metrics.wrote_other("Event");
            if let Err(error) = self.recorder.publish(&event, &reference).await {
                warn!(target: "kaos", "{identity}: an event could not be written: {}", brief(&error));
            }
        }
    }
}

/// Now, in whole seconds, as Kubernetes keeps times.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
