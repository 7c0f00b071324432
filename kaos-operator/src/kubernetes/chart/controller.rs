//! What the values say of the operator itself: its container, its pods, its account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::{object, objects, policy};

/// The operator itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ControllerManager {
    /// How many there are: one works, the others wait.
    #[schemars(range(min = 0, max = 9))]
    pub replicas: u32,
    /// Its container.
    pub manager: Manager,
    /// What its pod may do.
    #[schemars(schema_with = "object")]
    pub pod_security_context: Value,
    /// The nodes that it may run at.
    #[schemars(schema_with = "object")]
    pub node_selector: Value,
    /// The taints that it bears.
    #[schemars(schema_with = "objects")]
    pub tolerations: Value,
    /// How several are spread.
    #[schemars(schema_with = "objects")]
    pub topology_spread_constraints: Value,
}

impl Default for ControllerManager {
    fn default() -> Self {
        Self {
            replicas: 1,
            manager: Manager::default(),
            pod_security_context: json!({
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
            node_selector: json!({}),
            tolerations: json!([]),
            topology_spread_constraints: json!([]),
        }
    }
}

/// The operator's container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Manager {
    /// The image with the program kaos.
    pub image: Image,
    /// When it is fetched.
    #[schemars(schema_with = "policy")]
    pub image_pull_policy: String,
    /// More variables, as a container has them.
    #[schemars(schema_with = "objects")]
    pub env: Value,
    /// What it needs and may have.
    #[schemars(schema_with = "object")]
    pub resources: Value,
    /// What it may do.
    #[schemars(schema_with = "object")]
    pub container_security_context: Value,
}

impl Default for Manager {
    fn default() -> Self {
        Self {
            image: Image::default(),
            image_pull_policy: "IfNotPresent".to_owned(),
            env: json!([]),
            resources: json!({
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "256Mi"},
            }),
            container_security_context: json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            }),
        }
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Image {
    /// Its name.
    #[schemars(length(min = 1))]
    pub repository: String,
    /// Its tag, the chart's version of the program unless given.
    pub tag: String,
}

impl Default for Image {
    fn default() -> Self {
        let repository = "kaos-agent".to_owned();
        Self {
            repository,
            tag: String::new(),
        }
    }
}

/// The operator's account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Account {
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}
