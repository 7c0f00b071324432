//! Whose agents are shown, and asked.

use serde_json::Value;

use super::answer::Wrong;
use super::team;
#[cfg(feature = "operator")]
use crate::cluster::components::{Components, Led};
#[cfg(feature = "operator")]
use crate::config::variable;

/// Where the agents are.
pub(super) enum Agents {
    /// In a team of this machine, by its name.
    Team(String),
    /// In a namespace of a cluster.
    #[cfg(feature = "operator")]
    Cluster(Components),
}

/// Where an agent is asked.
pub(super) struct Reachable {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) token: Option<String>,
    /// What leads there, for as long as it is asked.
    #[cfg(feature = "operator")]
    _led: Option<Led>,
}

impl Agents {
    /// Where they are, and each of them; without their tokens.
    pub(super) async fn described(&self) -> Result<Value, Wrong> {
        match self {
            Self::Team(name) => Ok(team::described(name).await),
            #[cfg(feature = "operator")]
            Self::Cluster(components) => {
                let found = components.described().await;
                Ok(serde_json::json!({
                    "running": true,
                    "namespace": components.namespace(),
                    "components": found.map_err(|error| Wrong::not_now(error.to_string()))?,
                }))
            }
        }
    }

    /// An agent that can be asked now.
    #[cfg_attr(
        not(feature = "operator"),
        expect(clippy::unused_async, reason = "a cluster is waited for")
    )]
    pub(super) async fn reach(&self, agent: &str) -> Result<Reachable, Wrong> {
        match self {
            Self::Team(name) => {
                let agent = team::agent(name, agent)?;
                Ok(Reachable {
                    name: agent.resource,
                    port: agent.port,
                    token: agent.token,
                    #[cfg(feature = "operator")]
                    _led: None,
                })
            }
            #[cfg(feature = "operator")]
            Self::Cluster(components) => {
                let led = components.lead(agent).await;
                let led = led.map_err(|error| Wrong::not_now(error.to_string()))?;
                Ok(Reachable {
                    name: agent.to_owned(),
                    port: led.port,
                    token: variable("KAOS_API_TOKEN"),
                    _led: Some(led),
                })
            }
        }
    }
}
