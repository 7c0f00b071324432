//! One resource is looked at, and made to be what it says.

use std::sync::Arc;

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use super::contents::Contents;
use super::failure::unless_gone;
use super::inputs::inputs;
use super::metrics::Metrics;
use super::objects::{Objects, objects};
use super::pod;
use super::saying::Saying;
use super::settings::Settings;
use super::view::View;
use super::world::{World, api_resource};
use super::writes::{Put, Writes};
use crate::resources::Identity;
use crate::workload::{Content, Workload};

/// What reconciles need.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) settings: Arc<Settings>,
    pub(super) world: Arc<World>,
    pub(super) writes: Writes,
    pub(super) contents: Contents,
    pub(super) saying: Saying,
    pub(super) metrics: Arc<Metrics>,
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
        let view = View::of(identity, object, &self.world);
        let (mut missing, mut put) = (Vec::new(), Put::Done);
        if let Some(workload) = view.startable(&self.world) {
            let (content, absent) = self.content(workload).await?;
            missing = absent;
            put = self.made(workload, &uid, &content).await?;
        }
        let (outcome, refused) = match put {
            Put::Done => (Outcome::Done, None),
            Put::Later => (Outcome::Soon, None),
            Put::Refused(why) => (Outcome::Refused, Some(why)),
        };
        let said = self.saying.say(
            identity,
            object,
            &view,
            &missing,
            refused.as_ref(),
            &self.world,
        );
        said.await?;
        Ok(outcome)
    }

    /// Forgets a resource.
    pub(super) fn gone(&self, identity: &Identity) {
        self.writes.forget(identity);
        self.world.reads(identity, std::iter::empty());
    }

    /// Makes a workload's objects be there, and no others of its.
    async fn made(
        &self,
        workload: &Workload,
        uid: &str,
        content: &str,
    ) -> Result<Put, kube::Error> {
        let (of, world, metrics) = (&workload.identity, &self.world, &self.metrics);
        let gateway = self.settings.gateway.as_ref();
        let Objects { there, away } = objects(workload, uid, gateway, content);
        for (made, wanted) in &there {
            let put = self
                .writes
                .put(of, uid, *made, wanted, world, metrics)
                .await?;
            if !matches!(put, Put::Done) {
                return Ok(put);
            }
        }
        for (made, name) in &away {
            self.writes
                .take(of, uid, *made, name, world, metrics)
                .await?;
        }
        Ok(Put::Done)
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
        let read = inputs(&pod::spec(workload));
        self.world.reads(&workload.identity, read.keys());
        let texts = workload
            .files
            .iter()
            .filter_map(|file| match &file.content {
                Content::Text(text) => Some((file.name.as_str(), text.expose())),
                Content::SecretKey(_) => None,
            });
        let (own, texts): (Vec<&str>, Vec<&str>) = texts.unzip();
        let of = &workload.identity;
        let (mut content, missing) = self.contents.of(of, &read, &own, &self.world).await?;
        content.push_str(&texts.concat());
        Ok((content, missing))
    }
}
