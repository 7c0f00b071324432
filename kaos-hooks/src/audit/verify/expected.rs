use crate::audit::{Checkpoint, LogId, VerifyingKey};

/// What the caller knows from elsewhere.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) anchors: Vec<Checkpoint>,
    pub(super) log: Option<LogId>,
}
