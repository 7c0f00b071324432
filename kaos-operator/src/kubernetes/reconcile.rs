//! One resource is looked at, and made to be what it says.

use std::sync::Arc;

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use super::applier::{Applied, Applier};
use super::cache::{Cache, api_resource};
use super::failure::unless_gone;
use super::input_digests::InputDigests;
use super::inputs::inputs;
use super::metrics::OperatorMetrics;
use super::objects::{Objects, objects};
use super::pod_template;
use super::rendered::Rendered;
use super::settings::OperatorSettings;
use super::status_writer::StatusWriter;
use crate::resources::Identity;
use crate::workload::{FileContent, Workload};

/// What reconciles need.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) settings: Arc<OperatorSettings>,
    pub(super) cache: Arc<Cache>,
    pub(super) applier: Applier,
    pub(super) input_digests: InputDigests,
    pub(super) status: StatusWriter,
    pub(super) metrics: Arc<OperatorMetrics>,
}

/// What became of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as it is to be, or on its way, of which the watches will tell.
    Done,
    /// Somebody has to do something; it is looked at again now and then.
    Refused,
    /// Something has to be over first.
    Soon,
}

impl Context {
    /// Makes a resource be what it says, and says how it is.
    pub(super) async fn reconcile(
        &self,
        identity: &Identity,
        object: &DynamicObject,
    ) -> Result<Outcome, kube::Error> {
        self.without_finalizer(identity, object).await?;
        if object.metadata.deletion_timestamp.is_some() {
            // What is made of it has an owner that is gone, and goes, too.
            self.gone(identity);
            return Ok(Outcome::Done);
        }
        let uid = object.metadata.uid.clone().unwrap_or_default();
        let view = Rendered::of(identity, object, &self.cache);
        let (mut missing, mut applied) = (Vec::new(), Applied::Done);
        if let Some(workload) = view.startable(&self.cache) {
            let (content, absent) = self.content(workload).await?;
            missing = absent;
            applied = self.apply_all(workload, &uid, &content).await?;
        }
        let (outcome, refused) = match applied {
            Applied::Done => (Outcome::Done, None),
            Applied::Unseen | Applied::Later => (Outcome::Soon, None),
            Applied::Failed(why) => (Outcome::Refused, Some(why)),
        };
        let written = self.status.write(
            identity,
            object,
            &view,
            &missing,
            refused.as_ref(),
            &self.cache,
        );
        written.await?;
        Ok(outcome)
    }

    /// Forgets a resource.
    pub(super) fn gone(&self, identity: &Identity) {
        self.applier.forget(identity);
        self.cache.reads(identity, std::iter::empty());
    }

    /// Makes a workload's objects be there, and no others of its.
    async fn apply_all(
        &self,
        workload: &Workload,
        uid: &str,
        content: &str,
    ) -> Result<Applied, kube::Error> {
        let (of, cache, metrics) = (&workload.identity, &self.cache, &self.metrics);
        let gateway = self.settings.gateway.as_ref();
        let Objects { apply, delete } = objects(workload, uid, gateway, content);
        let mut all = Applied::Done;
        for (made, wanted) in &apply {
            let applied = self
                .applier
                .apply(of, uid, *made, wanted, cache, metrics)
                .await?;
            match applied {
                Applied::Done => {}
                Applied::Unseen => all = Applied::Unseen,
                Applied::Later | Applied::Failed(_) => return Ok(applied),
            }
        }
        for (made, name) in &delete {
            self.applier
                .delete(of, uid, *made, name, cache, metrics)
                .await?;
        }
        Ok(all)
    }

    /// What KAOS' own operator puts there keeps a resource from being deleted once that operator is away.
    async fn without_finalizer(
        &self,
        identity: &Identity,
        object: &DynamicObject,
    ) -> Result<(), kube::Error> {
        let theirs = format!("kaos.tools/{}-finalizer", identity.kind.prefix());
        let all = object.metadata.finalizers.clone().unwrap_or_default();
        if !all.contains(&theirs) {
            return Ok(());
        }
        let kept: Vec<&String> = all.iter().filter(|it| **it != theirs).collect();
        let patch = json!({"metadata": {
            "finalizers": kept,
            "resourceVersion": object.metadata.resource_version,
        }});
        self.metrics.wrote_other(identity.kind.as_str());
        let at = api_resource(identity.kind);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &identity.namespace, &at);
        let params = PatchParams::default();
        let patch = Patch::Merge(patch);
        let patched = api.patch_metadata(&identity.name, &params, &patch);
        patched.await.map(drop).or_else(unless_gone)
    }

    /// What stands for the content of all that a workload reads, and what of that is missing.
    async fn content(&self, workload: &Workload) -> Result<(String, Vec<String>), kube::Error> {
        let read = inputs(&pod_template::spec(workload));
        self.cache.reads(&workload.identity, read.keys());
        let texts = workload
            .files
            .iter()
            .filter_map(|file| match &file.content {
                FileContent::Text(text) => Some((file.name.as_str(), text.expose())),
                FileContent::SecretKey(_) => None,
            });
        let (of, own): (_, Vec<_>) = (&workload.identity, texts.collect());
        self.input_digests.of(of, &read, &own, &self.cache).await
    }
}
