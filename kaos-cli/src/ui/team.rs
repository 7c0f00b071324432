//! The components of a team that runs here.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use serde_json::{Value, json};

use super::answer::Wrong;
use crate::team::state::{Component, Place, Record};

/// How long an agent may take to say what it is.
const CARD: Duration = Duration::from_secs(2);

/// Bytes of what an agent says of itself.
const MAX_CARD_BYTES: usize = 256 * 1024;

fn running(team: &str) -> Option<Record> {
    Place::of(team).ok()?.running(team).ok()
}

/// An agent of it, by its name.
pub(super) fn agent(team: &str, name: &str) -> Result<Component, Wrong> {
    let record = running(team).ok_or_else(|| Wrong::not_now("no team runs"))?;
    let agent = record.agent(name);
    let agent = agent.map_err(|error| Wrong::not_found(error.to_string()))?;
    Ok(agent.clone())
}

/// How it stands, and its components; without their tokens.
pub(super) async fn described(team: &str) -> Value {
    let Some(record) = running(team) else {
        return json!({ "running": false, "name": team });
    };
    let components = join_all(record.components.iter().map(component)).await;
    json!({
        "running": true,
        "name": team,
        "state": record.state,
        "since": record.since,
        "trail": record.trail,
        "components": components,
    })
}

async fn component(component: &Component) -> Value {
    let is_agent = component.kind == "Agent" && component.stage == "ready";
    let card = if is_agent {
        said(component, "/.well-known/agent-card.json").await
    } else {
        None
    };
    let tools = if is_agent {
        said(component, "/tools").await
    } else {
        None
    };
    json!({
        "kind": component.kind,
        "resource": component.resource,
        "stage": component.stage,
        "address": format!("127.0.0.1:{}", component.port),
        "pid": component.pid,
        "since": component.since,
        "restarts": component.restarts,
        "why": component.why,
        "card": card,
        "tools": tools,
    })
}

async fn said(component: &Component, path: &str) -> Option<Value> {
    let url = Url::parse(&format!("http://127.0.0.1:{}{path}", component.port)).ok()?;
    let client = kaos_runner::http_client(&url, CARD).ok()?;
    let mut request = client.get(url).timeout(CARD);
    if let Some(token) = &component.token {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.ok()?.error_for_status().ok()?;
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_CARD_BYTES {
            return None;
        }
    }
    serde_json::from_slice(&bytes).ok()
}
