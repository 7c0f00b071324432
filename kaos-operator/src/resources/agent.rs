//! An agent behind HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::{Container, GatewayRoute};
use super::memory::Memory;
use super::pod_spec::PodSpec;
use super::telemetry::TelemetryConfig;

/// What an `Agent` is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentSpec {
    /// The `ModelAPI` that it asks.
    #[serde(rename = "modelAPI")]
    pub(crate) model_api: String,
    /// The model, as the `ModelAPI` calls it.
    pub(crate) model: String,
    /// The `MCPServer`s whose tools it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mcp_servers: Option<Vec<String>>,
    /// What it is told and how it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<AgentConfig>,
    /// Which agents it calls, and whether others can call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_network: Option<AgentNetwork>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// The route of a gateway to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway_route: Option<GatewayRoute>,
    /// Merged into the pod's specification, containers by name; of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_spec: Option<PodSpec>,
    /// Whether it starts only once its `ModelAPI` and its `MCPServer`s are ready; true if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wait_for_dependencies: Option<bool>,
}

/// What an agent is told and how it works.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentConfig {
    /// What it is good for: others read this when they choose whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// What it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<String>,
    /// What it is told before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system_prompt: Option<String>,
    /// Model calls in one turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub(crate) reasoning_loop_max_steps: Option<u32>,
    /// How the model calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_mode: Option<ToolCallMode>,
    /// What it remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Memory>,
    /// Its telemetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) telemetry: Option<TelemetryConfig>,
    /// Work that it does without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autonomous: Option<Autonomous>,
    /// Limits of tasks that run by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task_config: Option<TaskConfig>,
}

/// How a model calls tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolCallMode {
    /// As the model can.
    Auto,
    /// By the API's own means.
    Native,
    /// In the text of its answer.
    String,
}

/// Work that an agent does without being asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Autonomous {
    /// What it works towards.
    pub(crate) goal: String,
    /// Seconds between two rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub(crate) interval_seconds: Option<f64>,
    /// Seconds that a round may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub(crate) max_iter_runtime_seconds: Option<f64>,
}

/// Limits of tasks that run by themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "resources call them so")]
pub(crate) struct TaskConfig {
    /// Rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_iterations: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub(crate) max_runtime_seconds: Option<f64>,
    /// Calls of tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tool_calls: Option<u32>,
}

/// Which agents an agent calls, and whether others can call it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentNetwork {
    /// Whether it has a Service; true if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expose: Option<bool>,
    /// The agents that it can delegate to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access: Option<Vec<String>>,
}
