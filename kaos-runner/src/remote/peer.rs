//! What is known of an agent.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::Client;
use tokio::time::Instant;

use super::breaker::{Breaker, Refused};
use super::card::Card;
use super::conversations::Conversations;
use super::health::RemoteHealth;

/// What all clones of a remote agent share.
#[derive(Default)]
pub(super) struct Peer {
    state: Mutex<State>,
    pub(super) client: OnceLock<Result<Client, String>>,
    pub(super) conversations: Arc<Conversations>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) card: Option<Arc<Card>>,
    /// When its card was asked for last.
    pub(super) looked: Option<Instant>,
    /// Whether it is being asked for.
    pub(super) looking: bool,
    pub(super) breaker: Breaker,
    /// Whether a line has said that it is not available.
    pub(super) warned: bool,
}

impl Peer {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn card(&self) -> Option<Arc<Card>> {
        self.state().card.clone()
    }

    pub(super) fn health(&self) -> RemoteHealth {
        let state = self.state();
        match (&state.card, state.breaker.is_open()) {
            (_, true) => RemoteHealth::Degraded,
            (Some(_), false) => RemoteHealth::Ok,
            (None, false) => RemoteHealth::Unknown,
        }
    }

    pub(super) fn admit(&self) -> Result<(), Refused> {
        self.state().breaker.admit(Instant::now())
    }
}
