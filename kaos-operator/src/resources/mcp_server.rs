//! A server of the Model Context Protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::{Container, GatewayRoute};
use super::env_var::KeySelector;
use super::pod_spec::PodSpec;
use super::telemetry::TelemetryConfig;

/// What an `MCPServer` is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct McpServerSpec {
    /// What runs it: `python-string`, another known runtime, or `custom` with an image of one's own.
    pub(crate) runtime: String,
    /// What the runtime is given: for `python-string`, the functions that are its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) params: Option<String>,
    /// What is left of an older version's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<McpConfig>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// Its telemetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) telemetry: Option<TelemetryConfig>,
    /// The `ServiceAccount` that it runs as; of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account_name: Option<String>,
    /// The route of a gateway to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway_route: Option<GatewayRoute>,
    /// Merged into the pod's specification, containers by name; of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_spec: Option<PodSpec>,
}

/// Settings of an older version that have no newer place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct McpConfig {
    /// Where the tools come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<Tools>,
}

/// Where tools come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tools {
    /// Functions in a key of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_secret_key_ref: Option<KeySelector>,
    /// A Python package that is a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_package: Option<String>,
}
