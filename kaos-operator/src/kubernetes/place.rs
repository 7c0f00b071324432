//! Where an object may be written.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::Value;
use tracing::info;

use super::MANAGER;
use super::metrics::OperatorMetrics;
use super::objects::ObjectKind;
use super::ownership::{Ownership, ownership};
use crate::resources::Identity;

/// Where an object may be written, as a look at it has shown: nothing is written without one. What comes or goes after the
/// look is not written into: the API server says that there is a conflict, and it is looked at again.
pub(super) enum Place {
    /// Nothing was there: it is created, which fails if something is there by now.
    Free,
    /// Our resource's object with this `uid` was there, and the patch makes what we did not apply of it ours: it is applied
    /// to, which fails if another has its place by now.
    Ours(String, Option<Value>),
}

/// Why a place may not be written to.
pub(super) enum Taken {
    /// An earlier resource's object is still being taken away.
    ByTheFormer,
    /// Somebody else's object is there: what is to be said.
    ByAnother(String),
}

impl Place {
    /// Looks whether an object of this name may be written for a resource with this `uid`, or what is to be said instead.
    /// `live` is what the watch saw.
    pub(super) async fn look(
        api: &Api<DynamicObject>,
        live: Option<ObjectMeta>,
        of: &Identity,
        uid: &str,
        made: ObjectKind,
        name: &str,
    ) -> Result<Result<Self, Taken>, kube::Error> {
        // What has none of our labels is not watched.
        let live = match live {
            Some(live) => Some(live),
            None => api.get_metadata_opt(name).await?.map(|it| it.metadata),
        };
        let Some(live) = live else {
            return Ok(Ok(Self::Free));
        };
        let kind = made.names().1;
        let patch = match ownership(&live, of.kind.as_str(), &of.name, uid) {
            Ownership::Ours => None,
            Ownership::Created(patch) => Some(patch),
            Ownership::Adopted(patch) => {
                info!(target: "kaos", "{of}: {kind} {name} was made by another operator, and becomes ours");
                Some(patch)
            }
            Ownership::Former => return Ok(Err(Taken::ByTheFormer)),
            Ownership::Foreign(whose) => {
                let what = format!(
                    "there is a {kind} {name}, and it is {whose}: delete it, or choose another name"
                );
                return Ok(Err(Taken::ByAnother(what)));
            }
        };
        // Each object of an API server has one.
        Ok(live
            .uid
            .map(|uid| Self::Ours(uid, patch))
            .ok_or(Taken::ByTheFormer))
    }

    /// Writes an object there.
    pub(super) async fn write(
        self,
        api: &Api<DynamicObject>,
        made: ObjectKind,
        name: &str,
        wanted: &Value,
        metrics: &OperatorMetrics,
    ) -> Result<ObjectMeta, kube::Error> {
        let object = serde_json::from_value(wanted.clone());
        let mut object: DynamicObject = object.map_err(kube::Error::SerdeError)?;
        match self {
            // To apply would be to merge into what is there by now.
            Self::Free => {
                let params = PostParams {
                    field_manager: Some(MANAGER.to_owned()),
                    ..PostParams::default()
                };
                metrics.wrote(made);
                Ok(api.create(&params, &object).await?.metadata)
            }
            Self::Ours(uid, taken_over) => {
                if let Some(patch) = taken_over {
                    let params = PatchParams {
                        field_manager: Some(MANAGER.to_owned()),
                        ..PatchParams::default()
                    };
                    metrics.wrote(made);
                    let patch = Patch::Merge(patch);
                    api.patch_metadata(name, &params, &patch).await?;
                }
                object.metadata.uid = Some(uid);
                metrics.wrote(made);
                let (force, object) = (PatchParams::apply(MANAGER).force(), Patch::Apply(object));
                let applied = api.patch_metadata(name, &force, &object);
                Ok(applied.await?.metadata)
            }
        }
    }
}
