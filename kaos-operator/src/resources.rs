//! The resources of `kaos.tools/v1alpha1` as types: a superset of the shapes that were published.
//!
//! A field that an older version had elsewhere is moved when a resource is read (the table of
//! [`aliases`](crate::ALIASES)), so there is one place for each. Nothing has a default here: what a component
//! does without a field is the component's affair, and a block that says half of something leaves the other
//! half to the global settings.

mod agent;
mod container;
mod env_var;
mod identity;
mod mcp_server;
mod memory;
mod model_api;
mod pod_spec;
mod secret_text;
mod telemetry;

pub use agent::{AgentConfig, AgentNetwork, AgentSpec, Autonomous, TaskConfig, ToolCallMode};
pub use container::{Container, GatewayRoute};
pub use env_var::{EnvVar, EnvVarSource, KeySelector};
pub use identity::{API_VERSION, Identity, Kind};
pub use mcp_server::{McpConfig, McpServerSpec, Tools};
pub use memory::{Memory, MemoryType};
pub use model_api::{ApiKey, ConfigYaml, HostedConfig, Mode, ModelApiSpec, ProxyConfig};
pub use pod_spec::PodSpec;
pub use secret_text::SecretText;
pub use telemetry::TelemetryConfig;
