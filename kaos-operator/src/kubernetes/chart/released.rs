//! How what was made without Helm is found again, whatever its values were.

use serde_json::{Value, json};

use super::super::MANAGER;

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

/// The label selector of all that [`release`](super::release) has made for an operator in this namespace, wherever it is.
#[must_use]
pub fn released(namespace: &str) -> String {
    format!("app.kubernetes.io/managed-by={INSTALLER},{INSTALLED_INTO}={namespace}")
}
