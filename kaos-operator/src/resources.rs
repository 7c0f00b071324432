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

pub(crate) use agent::{AgentConfig, AgentNetwork, AgentSpec};
pub(crate) use container::Container;
pub(crate) use env_var::EnvVar;
pub use env_var::{EnvVarSource, KeySelector};
pub use identity::{API_VERSION, Identity, Kind};
pub(crate) use mcp_server::McpServerSpec;
pub(crate) use memory::MemoryType;
pub(crate) use model_api::{ApiKey, Mode, ModelApiSpec, ProxyConfig};
pub use pod_spec::PodSpec;
pub use secret_text::SecretText;
pub use telemetry::TelemetryConfig;
