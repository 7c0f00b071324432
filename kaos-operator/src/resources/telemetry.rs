//! Telemetry of one component.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Telemetry of one component. What is not said is left to the global setting, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelemetryConfig {
    /// Whether traces, metrics and logs are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Where to, such as `http://otel-collector:4317`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}
