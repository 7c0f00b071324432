//! Whose agents are shown, and asked.

use serde_json::Value;
use tokio::net::TcpStream;

use super::answer::Wrong;
use super::team;
#[cfg(feature = "operator")]
use crate::cluster::components::Components;
#[cfg(feature = "operator")]
use crate::cluster::forward::Leads;
#[cfg(feature = "operator")]
use crate::config::variable;
use crate::stream::Stream;

/// Where the agents are.
pub(super) enum Agents {
    /// In a team of this machine, by its name.
    Team(String),
    /// In a namespace of a cluster.
    #[cfg(feature = "operator")]
    Cluster(Components),
}

/// A connection to an agent. Nobody else can use it: it is no port.
pub(super) struct Connected {
    pub(super) name: String,
    pub(super) token: Option<String>,
    /// As which host it is asked.
    pub(super) host: String,
    pub(super) stream: Box<dyn Stream>,
    /// What leads there, for as long as it is asked.
    #[cfg(feature = "operator")]
    pub(super) leads: Option<Leads>,
}

impl Agents {
    /// Where they are, and each of them; without their tokens.
    pub(super) async fn described(&self) -> Result<Value, Wrong> {
        match self {
            Self::Team(name) => Ok(team::described(name).await),
            #[cfg(feature = "operator")]
            Self::Cluster(components) => {
                let found = components.described().await;
                let found = found.map_err(|error| Wrong::not_now(error.to_string()))?;
                Ok(serde_json::json!({
                    "running": true,
                    "namespace": components.namespace(),
                    "components": found.all,
                    "more": found.more,
                }))
            }
        }
    }

    /// Connects to an agent that can be asked now.
    pub(super) async fn reach(&self, agent: &str) -> Result<Connected, Wrong> {
        match self {
            Self::Team(name) => {
                let agent = team::agent(name, agent)?;
                let stream = TcpStream::connect(("127.0.0.1", agent.port)).await;
                let silent = format!("{} does not answer", agent.resource);
                Ok(Connected {
                    name: agent.resource,
                    token: agent.token,
                    host: format!("127.0.0.1:{}", agent.port),
                    stream: Box::new(stream.map_err(|_error| Wrong::not_now(silent))?),
                    #[cfg(feature = "operator")]
                    leads: None,
                })
            }
            #[cfg(feature = "operator")]
            Self::Cluster(components) => {
                let line = components.connect_to(agent).await;
                let line = line.map_err(|error| Wrong::not_now(error.to_string()))?;
                Ok(Connected {
                    name: agent.to_owned(),
                    token: variable("KAOS_API_TOKEN"),
                    host: "127.0.0.1".to_owned(),
                    stream: line.stream,
                    leads: Some(line.leads),
                })
            }
        }
    }
}
