//! What the operator must be allowed to do: no more, and no less.

use serde_json::{Value, json};

use super::MANAGER;
use super::crds::{group, plural, yaml};
use super::settings::OperatorSettings;
use crate::resources::Kind;

/// The rights of the operator, as documents of Kubernetes: a `ClusterRole`, and a `Role` in its own namespace.
///
/// In its own namespace it holds its Lease, and makes the Secret of its key; `update` of `finalizers` is asked by
/// clusters that ask who may keep an owner from being deleted (admission plugin `OwnerReferencesPermissionEnforcement`).
#[must_use]
pub fn roles(settings: &OperatorSettings) -> Vec<Value> {
    let ours = Kind::ALL.map(plural);
    let of = |sub: &str| ours.map(|it| format!("{it}/{sub}"));
    let rule = |group: &str, resources: Value, verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let mut rules = vec![
        rule(group(), json!(ours), &["list", "watch", "patch"]),
        rule(group(), json!(of("status")), &["patch"]),
        rule(group(), json!(of("finalizers")), &["update"]),
        rule(
            "apps",
            json!(["deployments"]),
            &["get", "list", "watch", "create", "patch"],
        ),
        rule(
            "",
            json!(["configmaps", "services"]),
            &["get", "list", "watch", "create", "patch", "delete"],
        ),
        rule("", json!(["secrets"]), &["get", "list", "watch"]),
        rule("events.k8s.io", json!(["events"]), &["create", "patch"]),
    ];
    if settings.gateway.is_some() {
        let verbs = ["get", "list", "watch", "create", "patch", "delete"];
        rules.push(rule(
            "gateway.networking.k8s.io",
            json!(["httproutes"]),
            &verbs,
        ));
    }
    let leases = rule(
        "coordination.k8s.io",
        json!(["leases"]),
        &["get", "create", "update"],
    );
    vec![
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": MANAGER},
            "rules": rules,
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": MANAGER, "namespace": settings.system_namespace},
            "rules": [leases, rule("", json!(["secrets"]), &["create"])],
        }),
    ]
}

/// The same as documents of YAML.
///
/// # Errors
///
/// None that is known: what is written is data of ours.
pub fn roles_yaml(settings: &OperatorSettings) -> Result<String, String> {
    yaml(&roles(settings))
}
