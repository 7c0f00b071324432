//! The values of the chart: what `--set` may say.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::controller::{Account, ControllerManager};
use super::kinds::runtimes;
use crate::defaults::Defaults;

/// The values of the chart, by the names that KAOS' own chart has for them. What is not here is refused: it would have no
/// effect.
///
/// # Example
///
/// ```
/// use kaos_operator::kubernetes::chart::{ChartValues, release};
///
/// let said = ["telemetry.enabled=true,telemetry.endpoint=http://collector:4317".to_owned()];
/// let values = ChartValues::set(&said)?;
/// let objects = release(&values, "kaos-system")?;
/// assert!(objects.iter().any(|it| it["kind"] == "Deployment"));
///
/// let refused = ChartValues::set(&["telemetry.enbled=true".to_owned()]).unwrap_err();
/// assert!(refused.contains("enbled"), "{refused}");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChartValues {
    /// Telemetry of all components, the operator's own included.
    pub(crate) telemetry: Telemetry,
    /// How much all components log, the operator included.
    pub(crate) log_level: Level,
    /// Images of components that name none themselves. An empty one: there is none.
    pub(crate) default_images: DefaultImages,
    /// More runtimes of MCP servers.
    pub(crate) mcp_runtimes: McpRuntimes,
    /// Routes of the Gateway API.
    #[serde(rename = "gatewayAPI")]
    pub(crate) gateway_api: GatewayApi,
    /// What holds for these routes.
    pub(crate) gateway: GatewaySettings,
    /// The operator itself.
    pub(crate) controller_manager: ControllerManager,
    /// The operator's account.
    pub(crate) service_account: Account,
}

/// Telemetry of all components. What a resource says goes before it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// Whether anything is sent.
    pub enabled: bool,
    /// Where to: `http://host:4317` is OTLP over gRPC, port 4318 is OTLP over HTTP.
    #[schemars(regex(pattern = r"^(https?://.+)?$"))]
    pub endpoint: String,
}

/// How much is logged, as it is written: in capitals or in small letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Level(pub String);

impl Default for Level {
    fn default() -> Self {
        Self("INFO".to_owned())
    }
}

impl JsonSchema for Level {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"];
        let small = names.map(str::to_lowercase);
        let all: Vec<&str> = names
            .into_iter()
            .chain(small.iter().map(String::as_str))
            .collect();
        json_schema!({"type": "string", "enum": all})
    }
}

/// Images of components that name none themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DefaultImages {
    /// Of agents.
    pub agent_runtime: String,
    /// Of model APIs that are proxies.
    pub litellm: String,
    /// Of model APIs that serve a model of their own.
    pub ollama: String,
    /// Of the runtime `python-string`.
    pub mcp_python_string: String,
    /// Of the runtime `kubernetes`.
    pub mcp_kubernetes: String,
    /// Of the runtime `slack`.
    pub mcp_slack: String,
}

/// Those of [`Defaults`].
impl Default for DefaultImages {
    fn default() -> Self {
        let Defaults {
            images, runtimes, ..
        } = Defaults::default();
        let said = Option::unwrap_or_default;
        let runtime = |name: &str| said(runtimes.get(name).and_then(|it| it.image.clone()));
        Self {
            agent_runtime: said(images.agent),
            litellm: said(images.litellm),
            ollama: said(images.ollama),
            mcp_python_string: runtime("python-string"),
            mcp_kubernetes: runtime("kubernetes"),
            mcp_slack: runtime("slack"),
        }
    }
}

/// More runtimes of MCP servers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct McpRuntimes {
    /// By name: `image`, `command`, `args`, `paramsEnvVar`, `requiredEnv`.
    #[schemars(schema_with = "runtimes")]
    pub custom: BTreeMap<String, Value>,
}

/// Routes of the Gateway API to agents, MCP servers and model APIs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GatewayApi {
    /// Whether there are routes.
    pub enabled: bool,
    /// Whether a Gateway is made, too; its class must be named then.
    pub create_gateway: bool,
    /// The Gateway's name.
    pub gateway_name: String,
    /// Its class.
    pub gateway_class_name: String,
    /// Its namespace, the operator's unless given.
    pub gateway_namespace: String,
    /// The port that it listens at.
    #[schemars(range(min = 1, max = 65535))]
    pub listener_port: u16,
    /// The protocol.
    pub listener_protocol: String,
}

impl Default for GatewayApi {
    fn default() -> Self {
        Self {
            enabled: false,
            create_gateway: false,
            gateway_name: "kaos-gateway".to_owned(),
            gateway_class_name: String::new(),
            gateway_namespace: String::new(),
            listener_port: 80,
            listener_protocol: "HTTP".to_owned(),
        }
    }
}

/// What holds for routes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GatewaySettings {
    /// How long a request may take.
    pub default_timeouts: Timeouts,
}

/// How long a request over a route may take, such as `300s`; `0s` is without limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Timeouts {
    /// Of agents.
    #[schemars(regex(pattern = r"^([0-9]+(h|m|s|ms)){1,4}$"))]
    pub agent: String,
    /// Of model APIs.
    #[serde(rename = "modelAPI")]
    #[schemars(regex(pattern = r"^([0-9]+(h|m|s|ms)){1,4}$"))]
    pub model_api: String,
    /// Of MCP servers.
    #[schemars(regex(pattern = r"^([0-9]+(h|m|s|ms)){1,4}$"))]
    pub mcp: String,
}

impl Default for Timeouts {
    fn default() -> Self {
        let [agent, model_api, mcp] = ["300s", "120s", "60s"].map(str::to_owned);
        Self {
            agent,
            model_api,
            mcp,
        }
    }
}
