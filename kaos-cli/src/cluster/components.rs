//! The components of a namespace, for a page that shows them and asks them.

use kaos_hooks::redact::Redactor;
use kaos_operator::Kind;
use kube::api::{DynamicObject, ListParams};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::connection::{Cluster, in_words};
use super::forward::{Target, forward, listener};
use crate::output::Failed;

/// A namespace of a cluster.
pub(crate) struct Components(Cluster);

/// A port of this machine that leads to an agent, until this is dropped.
pub(crate) struct Led {
    pub(crate) port: u16,
    forwarding: JoinHandle<()>,
}

impl Drop for Led {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

impl Components {
    pub(crate) async fn connect(namespace: Option<&str>) -> Result<Self, Failed> {
        Cluster::connect(namespace).await.map(Self)
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// What there is, and how it stands; without what is secret.
    pub(crate) async fn described(&self) -> Result<Vec<Value>, Failed> {
        let mut all = Vec::new();
        for kind in [Kind::Agent, Kind::McpServer, Kind::ModelApi] {
            let found = self.0.resources(kind).list(&ListParams::default()).await;
            let found = found.map_err(in_words)?;
            all.extend(found.iter().map(|it| described(kind, it)));
        }
        Ok(all)
    }

    /// Leads to an agent that is ready.
    pub(crate) async fn lead(&self, agent: &str) -> Result<Led, Failed> {
        let target = Target::of_component(&self.0, Kind::Agent, agent).await?;
        target.ready().await?;
        let (listener, address) = listener(0).await?;
        Ok(Led {
            port: address.port(),
            forwarding: tokio::spawn(forward(listener, target)),
        })
    }
}

fn described(kind: Kind, resource: &DynamicObject) -> Value {
    let at = |path: &str| resource.data.pointer(path);
    let redactor = Redactor::new();
    let text = |path: &str| {
        let text = at(path).and_then(Value::as_str)?;
        Some(redactor.any(text).as_str().to_owned())
    };
    let is_ready = at("/status/ready").and_then(Value::as_bool) == Some(true);
    let phase = text("/status/phase").map_or_else(|| "waiting".to_owned(), |it| it.to_lowercase());
    let models = at("/spec/model")
        .or_else(|| at("/spec/hostedConfig/model"))
        .or_else(|| at("/spec/proxyConfig/models"));
    json!({
        "kind": kind.as_str(),
        "resource": resource.metadata.name,
        "stage": if is_ready { "ready" } else { phase.as_str() },
        "why": text("/status/message").filter(|_| !is_ready),
        "address": text("/status/endpoint"),
        "description": text("/spec/config/description"),
        "model": models,
        "servers": at("/spec/mcpServers"),
        "agents": at("/spec/agentNetwork/access"),
    })
}
