//! What each resource becomes when it runs, as plain data: the same for a process here and a pod there.

mod agent;
mod all;
mod context;
mod env_list;
mod exported;
mod lengths;
mod litellm;
mod mcp_server;
mod model_api;
mod parts;

pub use all::{Workloads, workloads};
#[cfg(feature = "local")]
pub(crate) use lengths::too_long;
pub use parts::{
    Env, FileContent, FileMount, Given, Origin, Prepare, Probe, ProbeKind, Program, RunsIn,
    Workload,
};
