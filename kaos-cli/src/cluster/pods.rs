//! Pods of a workload.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use super::connection::refusal;
use crate::output::Failed;

/// Its pods that are not on their way out, the newest first.
pub(super) async fn pods(api: &Api<Pod>, selector: &str) -> Result<Vec<Pod>, Failed> {
    let found = api
        .list(&ListParams::default().labels(selector))
        .await
        .map_err(refusal)?;
    let mut pods: Vec<Pod> = found
        .into_iter()
        .filter(|it| it.metadata.deletion_timestamp.is_none())
        .collect();
    pods.sort_by(|one, other| {
        let age = |it: &Pod| it.metadata.creation_timestamp.clone();
        age(other).cmp(&age(one))
    });
    Ok(pods)
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .iter()
        .flat_map(|it| it.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|it| it.type_ == "Ready" && it.status == "True")
}

pub(super) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}
