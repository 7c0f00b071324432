#![doc = include_str!("../docs/audit.md")]

mod anchor;
mod appended;
mod builder;
#[cfg(feature = "testing")]
mod by_hand;
mod checkpoint;
mod directory;
mod hash;
mod hook;
mod intake;
mod key;
mod line;
mod log;
mod log_id;
mod own;
mod reader;
mod record;
mod recorded;
mod recover;
mod report;
mod segment;
mod storage;
mod trail;
mod tree;
mod verify;
mod writer;

pub use anchor::{Anchor, AnchorFile};
pub use builder::{AuditBuilder, AuditError, Durability, OnFailure};
#[cfg(feature = "testing")]
pub use by_hand::ByHand;
pub use checkpoint::{Checkpoint, InvalidCheckpoint};
pub use hash::{Hash, InvalidHash};
pub use hook::{AuditHook, AuditStats};
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use line::MOST_LINE_BYTES;
pub use log_id::{InvalidLogId, LogId};
pub use own::{Cause, CheckpointNote, FORMAT, Found, Gap, OwnRecord, Recovery, SegmentStart};
pub use report::{Finding, Problem, Torn, Verification};
pub use storage::{Storage, StorageFile, StorageLock};
pub use trail::{Content, Filter, Record, Records, Trail};
pub use verify::Verifier;
