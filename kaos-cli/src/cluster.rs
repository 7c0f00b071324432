//! What is asked of a Kubernetes cluster: its Agents, MCPServers and ModelAPIs, the operator's installation, what shows
//! its telemetry.

pub(crate) mod components;
mod connection;
pub(crate) mod forward;
pub(crate) mod install;
mod installed;
mod invoke;
mod logs;
pub(crate) mod monitoring;
mod pods;
pub(crate) mod resources;
mod table;
pub(crate) mod uninstall;
