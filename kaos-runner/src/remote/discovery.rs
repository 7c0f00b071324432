//! What is known of an agent is found out in the background.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::time::Instant;

use super::RemoteAgent;
use super::breaker::Failure;
use super::card::Card;
use super::peer::{Peer, State};
use crate::{ToolError, http_client};

/// How long a card is taken to be true.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The card is being asked for; dropped, it is not any more.
struct Looking(Arc<Peer>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.state().looking = false;
    }
}

impl RemoteAgent {
    /// Asks for the agent's card, which says how it is asked and whether it is the one that is meant.
    /// Nobody needs to: a turn that may ask the agent has this done in the background, when it is due.
    ///
    /// # Errors
    ///
    /// Why its card cannot be had, or that it is another agent's. Until that is different the agent is not
    /// asked. One that answers and has no card is asked as all kinds of agents understand.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is found out.
    pub async fn look(&self) -> Result<(), ToolError> {
        let until = Instant::now() + self.settings.limits.card;
        let looked = self.card_until(until).await;
        let now = Instant::now();
        let mut state = self.peer.state();
        state.looked = Some(now);
        match looked {
            Ok(card) => {
                state.breaker.shown();
                state.card = card.map(Arc::new);
                if std::mem::take(&mut state.warned) {
                    tracing::info!(agent = self.called(), "a remote agent is available again");
                }
                Ok(())
            }
            Err(why) => {
                state.breaker.failed(now, true, why.clone());
                self.warn(&mut state, &why);
                drop(state);
                Err(self.error(&why))
            }
        }
    }

    async fn card_until(&self, until: Instant) -> Result<Option<Card>, Failure> {
        let client = self.client()?;
        let url = self.settings.url.as_ref();
        let url = url.ok_or_else(|| Failure::new("connection", NO_URL))?;
        let card = match Card::ask(client, url, until).await? {
            Some(card) if !self.is(&card) => card,
            right => return Ok(right),
        };
        let shown: String = card.name.chars().take(80).collect();
        let words = format!("at its address is the agent `{shown}`");
        Err(Failure::new("wrong_agent", words))
    }

    /// Asks for the card in the background, if it is not known, is old, or may be there again.
    pub(super) fn look_if_due(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let now = Instant::now();
        let mut state = self.peer.state();
        let due = if state.breaker.is_open() {
            state.breaker.is_due(now)
        } else {
            state.looked.is_none_or(|looked| now - looked > FRESH)
        };
        if !due || state.looking {
            return;
        }
        state.looking = true;
        drop(state);
        let (looking, remote) = (Looking(Arc::clone(&self.peer)), self.clone());
        runtime.spawn(async move {
            let _looking = looking;
            // What came of it is remembered.
            drop(remote.look().await);
        });
    }

    /// The client, made when it is first needed.
    pub(super) fn client(&self) -> Result<&Client, Failure> {
        let made = self.peer.client.get_or_init(|| {
            let url = self
                .settings
                .url
                .as_ref()
                .ok_or_else(|| NO_URL.to_owned())?;
            let connect = self.settings.limits.connect;
            http_client::client(url, connect).map_err(|why| why.to_string())
        });
        let why = |why: &String| Failure::new("connection", why.clone());
        made.as_ref().map_err(why)
    }

    /// The agent answered a call.
    pub(super) fn well(&self) {
        self.peer.state().breaker.answered();
    }

    /// The agent did not answer a call.
    pub(super) fn ill(&self, why: &Failure) {
        let kind = why.kind.as_str();
        if OF_THE_TASK.contains(&kind) {
            return;
        }
        let out = matches!(kind, "connection" | "timeout");
        let mut state = self.peer.state();
        state.breaker.failed(Instant::now(), out, why.clone());
        if state.breaker.is_open() {
            self.warn(&mut state, why);
        }
    }

    /// Says once that it is not available.
    fn warn(&self, state: &mut State, why: &Failure) {
        if !std::mem::replace(&mut state.warned, true) {
            let (agent, error_type) = (self.called(), why.kind.as_str());
            tracing::warn!(
                agent,
                error_type,
                "a remote agent is not available: it is not asked until its card is there again"
            );
        }
    }

    pub(super) fn error(&self, why: &Failure) -> ToolError {
        let text = format!(
            "the agent {} gave no answer: {}",
            self.called(),
            why.message
        );
        ToolError::of_kind(why.kind.clone(), text)
    }
}

/// Failures that another task may not have.
const OF_THE_TASK: [&str; 5] = [
    "agent_error",
    "content_filter",
    "context_length",
    "invalid_request",
    "rate_limited",
];

/// What is wrong with an address.
const NO_URL: &str = "its address is no http URL without credentials";
