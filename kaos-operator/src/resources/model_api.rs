//! Where models are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::{Container, GatewayRoute};
use super::env_var::{EnvVarSource, KeySelector};
use super::pod_spec::PodSpec;
use super::secret_text::SecretText;
use super::telemetry::TelemetryConfig;

/// What a `ModelAPI` is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelApiSpec {
    /// A proxy to models elsewhere, or a server of its own.
    pub(crate) mode: Mode,
    /// The proxy's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_config: Option<ProxyConfig>,
    /// The settings of a server of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hosted_config: Option<HostedConfig>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// Its telemetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) telemetry: Option<TelemetryConfig>,
    /// The route of a gateway to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway_route: Option<GatewayRoute>,
    /// Merged into the pod's specification, containers by name; of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_spec: Option<PodSpec>,
}

/// A proxy to models elsewhere, or a server of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Mode {
    /// `LiteLLM` between the agents and a provider.
    Proxy,
    /// Ollama, with one model.
    Hosted,
}

/// The settings of a proxy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxyConfig {
    /// The models that agents may ask for: `*`, a name, or a prefix as `openai/*`.
    #[schemars(length(min = 1))]
    pub(crate) models: Vec<String>,
    /// Who has them, as `LiteLLM` calls it: `openai`, `nebius`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// The provider's address, if it is not its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
    /// The provider's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<ApiKey>,
    /// A configuration for `LiteLLM` of one's own, which is not touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config_yaml: Option<ConfigYaml>,
}

/// A provider's key: the key itself, or where it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    /// The key itself, for trying things out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<SecretText>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value_from: Option<EnvVarSource>,
}

/// A configuration for `LiteLLM`: the text itself, or where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigYaml {
    /// The text itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_string: Option<SecretText>,
    /// A key of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_secret_key_ref: Option<KeySelector>,
}

/// The settings of a server of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostedConfig {
    /// The model, as Ollama calls it, such as `smollm2:135m`.
    pub(crate) model: String,
}
