//! Which resource is meant.

use std::fmt;
use std::sync::Arc;

/// The group and version of the resources.
pub const API_VERSION: &str = "kaos.tools/v1alpha1";

/// A kind of resource.
///
/// Closed: whoever starts or shows workloads must say what becomes of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Where models are: a proxy to providers, or a server of its own.
    ModelApi,
    /// A server of the Model Context Protocol.
    McpServer,
    /// An agent behind HTTP.
    Agent,
}

impl Kind {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 3] = [Self::ModelApi, Self::McpServer, Self::Agent];

    /// The name in `kind:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModelApi => "ModelAPI",
            Self::McpServer => "MCPServer",
            Self::Agent => "Agent",
        }
    }

    /// The kind with this name in `kind:`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What stands before a resource's name in the names of its Deployment and Service, without `-`, and in the
    /// label `app`.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ModelApi => "modelapi",
            Self::McpServer => "mcpserver",
            Self::Agent => "agent",
        }
    }
}

/// Which resource: kind, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl Identity {
    /// A resource of this namespace with another kind or name.
    #[must_use]
    pub fn sibling(&self, kind: Kind, name: &str) -> Self {
        Self {
            kind,
            namespace: Arc::clone(&self.namespace),
            name: name.into(),
        }
    }

    /// The name of its Deployment and Service, such as `agent-analyst`.
    #[must_use]
    pub fn workload_name(&self) -> String {
        format!("{}-{}", self.kind.prefix(), self.name)
    }
}

/// `Agent demo/analyst`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}
