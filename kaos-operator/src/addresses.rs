//! Where components find each other.

use std::fmt::Debug;

use crate::resources::Identity;

/// Where components find each other: by Service in a cluster, on loopback here.
///
/// # Example
///
/// A mesh whose names have no ports:
///
/// ```
/// use kaos_operator::{Addresses, Identity};
///
/// #[derive(Debug)]
/// struct Mesh;
///
/// impl Addresses for Mesh {
///     fn url(&self, of: &Identity, _default_port: u16) -> String {
///         format!("http://{}.{}.mesh", of.workload_name(), of.namespace)
///     }
/// }
/// ```
pub trait Addresses: Debug {
    /// The address of a component that listens on this port by default, such as `http://agent-analyst:8000`.
    fn url(&self, of: &Identity, default_port: u16) -> String;

    /// The port that a component listens on.
    fn port(&self, _of: &Identity, default_port: u16) -> u16 {
        default_port
    }

    /// Whether a component without a Service is found all the same.
    fn finds_unexposed(&self) -> bool {
        false
    }
}

/// Services of a cluster: `http://agent-analyst.demo.svc.cluster.local:8000`.
#[derive(Debug, Clone)]
pub struct ClusterAddresses {
    /// The cluster's domain.
    pub domain: String,
}

impl Default for ClusterAddresses {
    fn default() -> Self {
        Self {
            domain: "cluster.local".to_owned(),
        }
    }
}

impl Addresses for ClusterAddresses {
    fn url(&self, of: &Identity, port: u16) -> String {
        format!(
            "http://{}.{}.svc.{}:{port}",
            of.workload_name(),
            of.namespace,
            self.domain
        )
    }
}

/// Names of one network, as Compose gives them: `http://agent-analyst:8000`.
#[derive(Debug, Clone, Default)]
pub struct NetworkAddresses;

impl Addresses for NetworkAddresses {
    fn url(&self, of: &Identity, port: u16) -> String {
        format!("http://{}:{port}", of.workload_name())
    }

    fn finds_unexposed(&self) -> bool {
        true
    }
}
