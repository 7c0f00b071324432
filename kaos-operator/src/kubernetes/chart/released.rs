//! How what was made without Helm is found again, whatever its values were.

use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::super::MANAGER;
use super::release::release;
use super::values::ChartValues;

/// Who has made objects that Helm has not.
const INSTALLER: &str = "kaos";

/// The label with the operator's namespace, which an object need not be in.
const INSTALLED_INTO: &str = "kaos.tools/installed-into";

/// The labels of each object of a release.
pub(super) fn labels(namespace: &str) -> Value {
    json!({
        "app.kubernetes.io/name": MANAGER,
        "app.kubernetes.io/version": env!("CARGO_PKG_VERSION"),
        "app.kubernetes.io/managed-by": INSTALLER,
        INSTALLED_INTO: namespace,
    })
}

/// The label selector of all that [`release`] has made for an operator in this namespace, wherever it is.
#[must_use]
pub fn released(namespace: &str) -> String {
    format!("app.kubernetes.io/managed-by={INSTALLER},{INSTALLED_INTO}={namespace}")
}

/// All kinds of objects that [`release`] makes of whatever values, in the order in which they are applied, each once.
///
/// # Errors
///
/// None that is known: the values are ours.
pub fn released_kinds() -> Result<Vec<GroupVersionKind>, String> {
    let mut all = ChartValues::default();
    all.gateway_api.enabled = true;
    all.gateway_api.create_gateway = true;
    "any".clone_into(&mut all.gateway_api.gateway_class_name);
    let mut kinds = Vec::new();
    for object in release(&all, "any")? {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, text("kind"));
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}
