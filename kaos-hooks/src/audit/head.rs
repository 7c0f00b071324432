//! Where a log stands, and what it is kept with.

use std::sync::Arc;

use kaos_events::{Clock, TraceId};

use super::tree::Tree;
use super::{Durability, Hash, LogId, Signer, VerifyingKey};

/// What does not change while a log is open.
pub(super) struct Settings {
    pub(super) key: Option<Box<dyn Signer>>,
    /// The key that it took over from, if it just did.
    pub(super) former: Option<VerifyingKey>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) durability: Durability,
    pub(super) segment_bytes: u64,
    pub(super) segment_nanos: u64,
    pub(super) checkpoint_records: u64,
    pub(super) checkpoint_nanos: u64,
    /// A hash of the content policies.
    pub(super) policy: String,
    pub(super) host: String,
}

/// Where a log stands after some record.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) log: LogId,
    /// The number of the next record.
    pub(super) next: u64,
    /// The hash of the last one.
    pub(super) prev: Hash,
    pub(super) tree: Tree,
    /// The number of the last record that is known to be on the disk.
    pub(super) synced: Option<u64>,
}

impl Head {
    /// Before the first record.
    pub(super) fn new(trail: TraceId, base: u64) -> Self {
        Self {
            log: LogId { trail, base },
            next: base,
            prev: Hash::default(),
            tree: Tree::default(),
            synced: base.checked_sub(1),
        }
    }
}
