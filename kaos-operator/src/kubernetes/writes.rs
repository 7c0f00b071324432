//! Objects are written, each only if it is not as it was written last.

use std::collections::HashMap;
use std::sync::Mutex;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde_json::Value;
use tracing::info;

use super::MANAGER;
use super::failure::is_ending;
use super::metrics::Metrics;
use super::objects::Made;
use super::ownership::{Ownership, ownership};
use super::pod::short_hash;
use super::status::Refused;
use super::world::{World, locked, made_resource};
use crate::resources::Identity;

/// What was written of an object: what was wanted, and how it looked before and after. As long as it looks like one of
/// those (a watch may be late), and the same is wanted, there is nothing to write.
#[derive(Clone, PartialEq)]
struct Memory {
    wanted: String,
    looks: [Option<String>; 2],
}

/// Writes objects.
pub(super) struct Writes {
    client: Client,
    written: Mutex<HashMap<Identity, HashMap<(Made, String), Memory>>>,
}

/// What became of an object.
pub(super) enum Put {
    /// It is there as it is to be.
    Done,
    /// Somebody has to look.
    Refused(Refused),
    /// An earlier object is still being taken away.
    Later,
}

impl Writes {
    pub(super) fn new(client: Client) -> Self {
        let written = Mutex::default();
        Self { client, written }
    }

    fn api(&self, made: Made, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &made_resource(made))
    }

    /// Makes an object be there as it is wanted, for a resource with this `uid`.
    pub(super) async fn put(
        &self,
        of: &Identity,
        uid: &str,
        made: Made,
        wanted: &Value,
        world: &World,
        metrics: &Metrics,
    ) -> Result<Put, kube::Error> {
        let name = wanted
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let key = (made, name.to_owned());
        let hash = short_hash(&[&wanted.to_string()]);
        let live = world.live(made, &of.namespace, name);
        let look = live.as_ref().map(look);
        let before = locked(&self.written)
            .get(of)
            .and_then(|it| it.get(&key))
            .cloned();
        if before.is_some_and(|it| it.wanted == hash && it.looks.contains(&look)) {
            return Ok(Put::Done);
        }
        let api = self.api(made, &of.namespace);
        // What has none of our labels is not watched.
        let live = match live {
            Some(live) => Some(live),
            None => api.get_metadata_opt(name).await?.map(|it| it.metadata),
        };
        if let Some(live) = &live {
            match ownership(live, of.kind.as_str(), &of.name, uid) {
                Ownership::Ours => {}
                Ownership::Former => return Ok(Put::Later),
                Ownership::Foreign(whose) => {
                    let what = format!(
                        "there is a {} {name}, and it is {whose}: delete it, or choose another name",
                        made.names().1
                    );
                    return Ok(Put::Refused(Refused::Foreign(what)));
                }
                Ownership::Adopted(patch) => {
                    metrics.wrote(made);
                    let params = PatchParams {
                        field_manager: Some(MANAGER.to_owned()),
                        ..PatchParams::default()
                    };
                    api.patch_metadata(name, &params, &Patch::Merge(patch))
                        .await?;
                    info!(target: "kaos", "{of}: {} {name} was made by another operator, and is ours now", made.names().1);
                }
            }
        }
        metrics.wrote(made);
        let force = PatchParams::apply(MANAGER).force();
        let after = match api
            .patch_metadata(name, &force, &Patch::Apply(wanted))
            .await
        {
            Ok(after) => after.metadata,
            Err(kube::Error::Api(said)) if [400, 422].contains(&said.code) => {
                return Ok(Put::Refused(Refused::Invalid(said.message)));
            }
            Err(kube::Error::Api(said)) if said.code == 403 && is_ending(&said) => {
                return Ok(Put::Done);
            }
            Err(kube::Error::Api(said)) if said.code == 403 => {
                return Ok(Put::Refused(Refused::Forbidden(said.message)));
            }
            Err(other) => return Err(other),
        };
        let memory = Memory {
            wanted: hash,
            looks: [look, Some(self::look(&after))],
        };
        locked(&self.written)
            .entry(of.clone())
            .or_default()
            .insert(key, memory);
        Ok(Put::Done)
    }

    /// Makes an object of the resource's be away.
    pub(super) async fn take(
        &self,
        of: &Identity,
        uid: &str,
        made: Made,
        name: &str,
        world: &World,
        metrics: &Metrics,
    ) -> Result<(), kube::Error> {
        let live = world.live(made, &of.namespace, name);
        let Some(live) = live.filter(|it| it.deletion_timestamp.is_none()) else {
            return Ok(());
        };
        if !matches!(
            ownership(&live, of.kind.as_str(), &of.name, uid),
            Ownership::Ours | Ownership::Adopted(_)
        ) {
            return Ok(());
        }
        metrics.wrote(made);
        let same = Preconditions {
            uid: live.uid,
            resource_version: None,
        };
        let params = DeleteParams::background().preconditions(same);
        let gone = self.api(made, &of.namespace).delete(name, &params).await;
        match gone {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(said)) if [404, 409].contains(&said.code) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Forgets a resource's objects.
    pub(super) fn forget(&self, of: &Identity) {
        locked(&self.written).remove(of);
    }
}

/// How an object looks, but for what others say of how it is.
fn look(object: &ObjectMeta) -> String {
    let Some(generation) = object.generation else {
        return object.resource_version.clone().unwrap_or_default();
    };
    let annotations = object.annotations.iter().flatten();
    let annotations: Vec<_> = annotations
        .filter(|(name, _)| !name.starts_with("deployment.kubernetes.io/"))
        .collect();
    let owners = object.owner_references.iter().flatten();
    let owners: Vec<_> = owners.map(|it| (&it.uid, it.controller)).collect();
    format!(
        "{:?} {generation} {:?} {annotations:?} {owners:?}",
        object.uid, object.labels
    )
}
