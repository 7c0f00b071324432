//! What all routes of one server share.

use std::sync::Arc;

use kaos_hooks::memory::MemoryHook;
use tokio::sync::Semaphore;

use super::ready::Remembered;
use super::{Bounds, Card, Drain};
use crate::Runner;

/// What all routes share.
#[derive(Debug)]
pub(super) struct App {
    pub(super) runner: Runner,
    pub(super) card: Card,
    pub(super) bounds: Bounds,
    pub(super) progress: bool,
    pub(super) drain: Drain,
    pub(super) memory: Option<MemoryHook>,
    pub(super) ready: Remembered,
    /// One for each request that the agent may answer at once.
    pub(super) permits: Arc<Semaphore>,
    /// One for each byte of the bodies that they came with.
    pub(super) room: Arc<Semaphore>,
    /// One for each list of what it did of late that is being made or sent.
    pub(super) listings: Arc<Semaphore>,
    /// When it began, in seconds since 1970.
    pub(super) since: u64,
}

impl App {
    /// Seconds since 1970, by the clock of the agent's runs.
    pub(super) fn now(&self) -> u64 {
        now(&self.runner)
    }
}

/// Seconds since 1970, by the clock of the runner's runs.
pub(super) fn now(runner: &Runner) -> u64 {
    let clock = runner.observed_by().emitter().clock();
    clock.unix_nanos() / 1_000_000_000
}
