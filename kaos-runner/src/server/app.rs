//! What all routes of one server share.

use std::sync::Arc;

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
    pub(super) ready: Remembered,
    /// One for each request that the agent may answer at once.
    pub(super) permits: Arc<Semaphore>,
    /// When it began, in seconds since 1970.
    pub(super) since: u64,
}
