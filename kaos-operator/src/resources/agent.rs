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
pub struct AgentSpec {
    /// The `ModelAPI` that it asks.
    #[serde(rename = "modelAPI")]
    pub model_api: String,
    /// The model, as the `ModelAPI` calls it.
    pub model: String,
    /// The `MCPServer`s whose tools it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<Vec<String>>,
    /// What it is told and how it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<AgentConfig>,
    /// Which agents it calls, and whether others can call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_network: Option<AgentNetwork>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The route of a gateway to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_route: Option<GatewayRoute>,
    /// Merged into the pod's specification, containers by name; of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_spec: Option<PodSpec>,
    /// Whether it starts only once its `ModelAPI` and its `MCPServer`s are ready; true if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_dependencies: Option<bool>,
}

/// What an agent is told and how it works.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentConfig {
    /// What it is good for: others read this when they choose whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What it is told before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// Model calls in one turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub reasoning_loop_max_steps: Option<u32>,
    /// How the model calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_mode: Option<ToolCallMode>,
    /// What it remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// Its telemetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryConfig>,
    /// Work that it does without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autonomous: Option<Autonomous>,
    /// Limits of tasks that run by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_config: Option<TaskConfig>,
}

/// How a model calls tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ToolCallMode {
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
pub struct Autonomous {
    /// What it works towards.
    pub goal: String,
    /// Seconds between two rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub interval_seconds: Option<f64>,
    /// Seconds that a round may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_iter_runtime_seconds: Option<f64>,
}

/// Limits of tasks that run by themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskConfig {
    /// Rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_iterations: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_runtime_seconds: Option<f64>,
    /// Calls of tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tool_calls: Option<u32>,
}

/// Which agents an agent calls, and whether others can call it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentNetwork {
    /// Whether it has a Service; true if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expose: Option<bool>,
    /// The agents that it can delegate to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Vec<String>>,
}
