//! What is installed in a cluster, and who has done it.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use k8s_openapi::api::apps::v1::Deployment;
use kaos_operator::kubernetes::MANAGER;
use kaos_operator::kubernetes::chart::{released, released_kinds};
use kube::ResourceExt as _;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};

use super::connection::{Cluster, in_words};
use crate::output::Failed;

/// Helm's name for what is installed.
pub(super) const RELEASE: &str = "kaos";

/// The label that says who installed it.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Who has installed what is there: Helm, or this program.
pub(super) async fn installed_by(cluster: &Cluster) -> Result<Option<String>, Failed> {
    let deployments = Api::<Deployment>::namespaced(cluster.client.clone(), &cluster.namespace);
    let found = deployments.get_opt(MANAGER).await.map_err(in_words)?;
    Ok(found.map(|it| it.labels().get(MANAGED_BY).cloned().unwrap_or_default()))
}

/// All objects that were made without Helm for an operator in this namespace, wherever they are, in the order in which they
/// are made. They say so themselves, the one Deployment alone does not: what was begun, an installation or its end, can
/// be brought to its end.
pub(super) async fn made(cluster: &Cluster) -> Result<Vec<(Api<DynamicObject>, String)>, Failed> {
    let ours = ListParams::default().labels(&released(&cluster.namespace));
    let mut made = Vec::new();
    for kind in released_kinds()? {
        let (client, resource) = (cluster.client.clone(), ApiResource::from_gvk(&kind));
        let all = Api::<DynamicObject>::all_with(client.clone(), &resource);
        let found = match all.list(&ours).await {
            Ok(found) => found,
            // The Gateway API need not be there.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => return Err(in_words(error)),
        };
        made.extend(found.into_iter().map(|object| {
            let api = match object.namespace() {
                Some(its) => Api::namespaced_with(client.clone(), &its, &resource),
                None => all.clone(),
            };
            (api, object.name_any())
        }));
    }
    Ok(made)
}

/// Whether there is a Helm.
///
/// # Errors
///
/// One is there that does nothing: what it has installed would be done a second time without it.
pub(super) fn has_helm() -> Result<bool, Failed> {
    let mut helm = Command::new("helm");
    helm.arg("version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match helm.status() {
        Ok(ended) if ended.success() => Ok(true),
        Ok(ended) => Err(format!("helm does not work: helm version ended with {ended}").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("helm cannot be started: {error}").into()),
    }
}

/// Whether Helm knows of an installation.
pub(super) fn has_release(namespace: &str) -> bool {
    let mut helm = Command::new("helm");
    helm.args(["status", RELEASE, "--namespace", namespace]);
    let asked = helm
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    asked.status().is_ok_and(|it| it.success())
}
