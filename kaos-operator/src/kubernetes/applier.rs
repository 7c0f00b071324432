//! Objects are written, each only if it is not as it was written last.

use std::collections::HashMap;
use std::sync::Mutex;

use kube::api::{DeleteParams, DynamicObject, Preconditions};
use kube::{Api, Client};
use serde_json::Value;

use super::cache::{Cache, locked, made_resource};
use super::failure::is_ending;
use super::last_applied::{self, LastApplied, Standing};
use super::metrics::OperatorMetrics;
use super::objects::ObjectKind;
use super::ownership::{Ownership, ownership};
use super::place::{Place, Taken};
use super::pod_template::short_hash;
use super::status::ApplyFailure;
use crate::resources::Identity;

/// Applies objects.
pub(super) struct Applier {
    client: Client,
    written: Mutex<HashMap<Identity, OfResource>>,
}

/// What was applied for a resource.
type OfResource = HashMap<(ObjectKind, String), LastApplied>;

/// What became of an object.
pub(super) enum Applied {
    /// It is there as it is to be.
    Done,
    /// Somebody has to look.
    Failed(ApplyFailure),
    /// It was applied, which the watch has not shown yet.
    Unseen,
    /// An earlier object is still being taken away.
    Later,
}

impl Applier {
    pub(super) fn new(client: Client) -> Self {
        let written = Mutex::default();
        Self { client, written }
    }

    fn api(&self, made: ObjectKind, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &made_resource(made))
    }

    /// Makes an object be there as it is wanted, for a resource with this `uid`.
    pub(super) async fn apply(
        &self,
        of: &Identity,
        uid: &str,
        made: ObjectKind,
        wanted: &Value,
        cache: &Cache,
        metrics: &OperatorMetrics,
    ) -> Result<Applied, kube::Error> {
        let name = wanted
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let key = (made, name.to_owned());
        let hash = short_hash(&[&wanted.to_string()]);
        let live = cache.live(made, &of.namespace, name);
        let look = live.as_ref().map(last_applied::look);
        let standing = locked(&self.written)
            .get_mut(of)
            .and_then(|it| it.get_mut(&key))
            .map_or(Standing::Stale, |it| it.standing(&hash, look.as_deref()));
        match standing {
            Standing::Current => return Ok(Applied::Done),
            Standing::Unseen => return Ok(Applied::Unseen),
            Standing::Stale => {}
        }
        let api = self.api(made, &of.namespace);
        let place = match Place::look(&api, live, of, uid, made, name).await? {
            Ok(place) => place,
            Err(Taken::ByTheFormer) => return Ok(Applied::Later),
            Err(Taken::ByAnother(what)) => {
                return Ok(Applied::Failed(ApplyFailure::Foreign(what)));
            }
        };
        let after = match place.write(&api, made, name, wanted, metrics).await {
            Ok(after) => after,
            Err(kube::Error::Api(status)) if [400, 422].contains(&status.code) => {
                return Ok(Applied::Failed(ApplyFailure::Invalid(status.message)));
            }
            Err(kube::Error::Api(status)) if status.code == 403 && is_ending(&status) => {
                return Ok(Applied::Done);
            }
            Err(kube::Error::Api(status)) if status.code == 403 => {
                return Ok(Applied::Failed(ApplyFailure::Forbidden(status.message)));
            }
            Err(other) => return Err(other),
        };
        let memory = LastApplied::new(hash, look, last_applied::look(&after));
        locked(&self.written)
            .entry(of.clone())
            .or_default()
            .insert(key, memory);
        Ok(Applied::Done)
    }

    /// Makes an object of the resource's be away.
    pub(super) async fn delete(
        &self,
        of: &Identity,
        uid: &str,
        made: ObjectKind,
        name: &str,
        cache: &Cache,
        metrics: &OperatorMetrics,
    ) -> Result<(), kube::Error> {
        let live = cache.live(made, &of.namespace, name);
        let Some(live) = live.filter(|it| it.deletion_timestamp.is_none()) else {
            return Ok(());
        };
        if !matches!(
            ownership(&live, of.kind.as_str(), &of.name, uid),
            Ownership::Ours | Ownership::Created(_) | Ownership::Adopted(_)
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
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Forgets a resource's objects.
    pub(super) fn forget(&self, of: &Identity) {
        locked(&self.written).remove(of);
    }
}
