//! The components of a namespace, for a page that shows them and asks them.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use kaos_operator::{API_VERSION, Kind};
use kube::api::DynamicObject;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::connection::Cluster;
use super::forward::{Line, Target};
use crate::output::{Failed, chain, foreign};

/// How long the API server may take to say what there is, and to lead to an agent.
const DEADLINE: Duration = Duration::from_secs(5);

/// The most resources of a kind that are shown, and the bytes of what the API server says of them.
const MAX_RESOURCES: usize = 500;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A namespace of a cluster.
pub(crate) struct Components(Cluster);

/// What there is; whether there is more.
pub(crate) struct Found {
    pub(crate) all: Vec<Value>,
    pub(crate) more: bool,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    items: Vec<DynamicObject>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(rename = "continue", default)]
    rest: Option<String>,
}

impl Components {
    pub(crate) async fn connect(namespace: Option<&str>) -> Result<Self, Failed> {
        if let Some(wrong) = namespace.filter(|it| !is_name(it)) {
            return Err(format!("--cluster={wrong}: expected the name of a namespace").into());
        }
        Cluster::connect(namespace).await.map(Self)
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// What there is, and how it stands; without what is secret.
    pub(crate) async fn described(&self) -> Result<Found, Failed> {
        within_deadline(async {
            let mut found = Found {
                all: Vec::new(),
                more: false,
            };
            for kind in [Kind::Agent, Kind::McpServer, Kind::ModelApi] {
                let list = self.list(kind).await?;
                found.more |= list.metadata.rest.is_some_and(|it| !it.is_empty());
                found
                    .all
                    .extend(list.items.iter().map(|it| described(kind, it)));
            }
            Ok(found)
        })
        .await
    }

    async fn list(&self, kind: Kind) -> Result<List, Failed> {
        let (namespace, plural) = (self.namespace(), kind.as_str().to_lowercase());
        let uri =
            format!("/apis/{API_VERSION}/namespaces/{namespace}/{plural}s?limit={MAX_RESOURCES}");
        let request = Request::get(uri).body(kube::client::Body::empty())?;
        let answer = self.0.client.send(request).await;
        let answer = answer.map_err(|error| foreign(&chain(&error)))?;
        let status = answer.status();
        if status.as_u16() == 404 {
            return Err(
                "the cluster does not know KAOS' resources: kaos install installs the operator"
                    .into(),
            );
        }
        if !status.is_success() {
            return Err(format!("the API server answers with {status}").into());
        }
        let body = to_bytes(Body::new(answer.into_body()), MAX_BYTES).await;
        let body = body.map_err(|_error| "the API server's answer does not end, or is too long")?;
        let list = serde_json::from_slice(&body);
        list.map_err(|_error| "the API server's answer is no list of resources".into())
    }

    /// A connection to an agent that is ready.
    pub(crate) async fn connect_to(&self, agent: &str) -> Result<Line, Failed> {
        if !is_name(agent) {
            return Err("there is no agent of this name".into());
        }
        within_deadline(async {
            self.0.resource(Kind::Agent, agent).await?;
            let target = Target::of_component(&self.0, Kind::Agent, agent).await?;
            target.connect().await
        })
        .await
        .map_err(|error| foreign(&chain(&*error)).into())
    }
}

async fn within_deadline<T>(asked: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    timeout(DEADLINE, asked).await.unwrap_or_else(|_late| {
        let seconds = DEADLINE.as_secs();
        Err(format!("the API server has not answered within {seconds} s").into())
    })
}

/// Whether a resource or a namespace can be called so (RFC 1123): what cannot is part of no path.
fn is_name(text: &str) -> bool {
    let part = |it: &str| {
        let letters = it
            .bytes()
            .all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        letters && !it.is_empty() && !it.starts_with('-') && !it.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// What may be shown of a text, or of a list of texts.
fn texts(value: &Value) -> Value {
    match value {
        Value::String(text) => foreign(text).into(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(foreign).collect(),
        _ => Value::Null,
    }
}

fn described(kind: Kind, resource: &DynamicObject) -> Value {
    let at = |path: &str| resource.data.pointer(path);
    let text = |path: &str| at(path).and_then(Value::as_str).map(foreign);
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
        "model": models.map(texts),
        "servers": at("/spec/mcpServers").map(texts),
        "agents": at("/spec/agentNetwork/access").map(texts),
    })
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn what_is_no_name_is_part_of_no_path() {
        for name in ["a", "agent-7", "a.b-c.d", "0"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(254);
        for no in [
            "",
            "-a",
            "a-",
            "a..b",
            "A",
            "x/../../secrets/y?z=1#",
            "..",
            "a%2f",
            "a b",
            "ä",
            &long,
        ] {
            assert!(!is_name(no), "{no}");
        }
    }
}
