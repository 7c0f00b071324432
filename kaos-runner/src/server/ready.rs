use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kaos_hooks::catch_panic;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::agent::Place;
#[cfg(feature = "remote")]
use crate::remote::RemoteHealth;
use crate::{Agent, ToolContext};

/// What must be well for a server to call itself ready.
///
/// Model and MCP servers are looked at in the background, at most once each `interval`; the answer of
/// `/ready` says of each whether it is `ok`, `degraded` or `unknown` so far, and waits for none of them.
///
/// # Example
///
/// ```
/// use kaos_runner::server::Readiness;
///
/// let strict = Readiness { model: true, ..Readiness::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the model must be well. Default: no.
    pub model: bool,
    /// Whether all sources of tools must be well. Default: no.
    pub mcp: bool,
    /// Whether all agents elsewhere must be well. Default: no, since two that name each other could not
    /// get ready.
    pub peers: bool,
    /// How often they are looked at, at most. Default: 15 seconds.
    pub interval: Duration,
    /// How long looking may take. Default: 5 seconds.
    pub limit: Duration,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            model: false,
            mcp: false,
            peers: false,
            interval: Duration::from_secs(15),
            limit: Duration::from_secs(5),
        }
    }
}

/// What is known of what an agent works with.
#[derive(Debug)]
pub(super) struct Remembered {
    rule: Readiness,
    agent: Arc<Agent>,
    last_look: Arc<Mutex<LastLook>>,
}

#[derive(Debug, Default)]
struct LastLook {
    /// When it was looked at last; whoever looks sets it first.
    looked: Option<Instant>,
    model: State,
    mcp: BTreeMap<String, State>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unknown,
    Ok,
    Degraded,
}

impl State {
    const fn of(well: bool) -> Self {
        if well { Self::Ok } else { Self::Degraded }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
        }
    }
}

impl Remembered {
    pub(super) fn new(rule: Readiness, agent: &Arc<Agent>) -> Self {
        let names = agent.sources.iter().map(|source| source.name().to_owned());
        let last_look = LastLook {
            mcp: names.map(|name| (name, State::Unknown)).collect(),
            ..LastLook::default()
        };
        Self {
            rule,
            agent: Arc::clone(agent),
            last_look: Arc::new(Mutex::new(last_look)),
        }
    }

    /// Looks again in the background, if that was not done lately. Needs a tokio runtime.
    pub(super) fn look(&self) {
        // Each looks at itself when that is due.
        peers(&self.agent);
        let mut last_look = lock(&self.last_look);
        let now = Instant::now();
        if last_look
            .looked
            .is_some_and(|looked| now - looked < self.rule.interval)
        {
            return;
        }
        last_look.looked = Some(now);
        let (agent, limit) = (Arc::clone(&self.agent), self.rule.limit);
        let to = Arc::clone(&self.last_look);
        tokio::spawn(async move { look(&agent, limit, &to).await });
    }

    /// Whether what must be well is, and how everything is.
    pub(super) fn report(&self) -> (bool, Value) {
        let peers = peers(&self.agent);
        let last_look = lock(&self.last_look);
        let well = |must: bool, state: State| !must || state == State::Ok;
        let ready = well(self.rule.model, last_look.model)
            && last_look
                .mcp
                .values()
                .all(|state| well(self.rule.mcp, *state))
            && peers.values().all(|state| well(self.rule.peers, *state));
        let mcp: BTreeMap<&str, &str> = last_look
            .mcp
            .iter()
            .map(|(name, state)| (name.as_str(), state.as_str()))
            .collect();
        let peers = peers
            .iter()
            .map(|(name, state)| (name.as_str(), state.as_str()));
        let peers: BTreeMap<&str, &str> = peers.collect();
        let model = self.agent.model.name().to_string();
        let checks =
            json!({ "model": { model: last_look.model.as_str() }, "mcp": mcp, "peers": peers });
        (ready, checks)
    }
}

/// How the agents elsewhere are, each looked at by itself in the background.
fn peers(agent: &Agent) -> BTreeMap<String, State> {
    let agents = agent.subagents.iter();
    let last_look = agents.filter_map(|subagent| match &subagent.0 {
        Place::Here(_) => None,
        #[cfg(feature = "remote")]
        Place::Elsewhere(agent) => {
            let state = match agent.health() {
                RemoteHealth::Unknown => State::Unknown,
                RemoteHealth::Ok => State::Ok,
                RemoteHealth::Degraded => State::Degraded,
            };
            Some((agent.called().to_owned(), state))
        }
    });
    last_look.collect()
}

async fn look(agent: &Agent, limit: Duration, last_look: &Mutex<LastLook>) {
    let model = async {
        let asked = timeout(limit, catch_panic(agent.model.check())).await;
        lock(last_look).model = State::of(matches!(asked, Ok(Ok(Ok(())))));
    };
    let sources = agent.sources.iter().map(|source| async move {
        let context = ToolContext::default();
        let asked = timeout(limit, catch_panic(source.tools(&context))).await;
        let well = matches!(&asked, Ok(Ok(Ok(listing))) if listing.stale.is_none());
        let name = source.name().to_owned();
        lock(last_look).mcp.insert(name, State::of(well));
    });
    tokio::join!(model, futures_util::future::join_all(sources));
}

fn lock(last_look: &Mutex<LastLook>) -> MutexGuard<'_, LastLook> {
    last_look.lock().unwrap_or_else(PoisonError::into_inner)
}
