#![doc = include_str!("../docs/audit.md")]

mod anchor;
mod anchored;
mod appended;
mod attend;
mod builder;
#[cfg(feature = "testing")]
mod by_hand;
mod checkpoint;
mod content;
mod directory;
mod durability;
mod error;
mod hash;
mod head;
mod hook;
mod intake;
mod json;
mod key;
mod line;
mod log;
mod log_id;
mod open;
mod origin;
mod own;
mod position;
mod problem;
mod proof;
mod prove;
mod reader;
mod ready;
mod record;
mod recorded;
mod recover;
mod regular;
mod report;
mod retention;
mod same_file;
mod scan;
mod segment;
mod stats;
mod storage;
mod trail;
mod tree;
mod turn_end;
mod verify;
mod writer;

pub use anchor::{Anchor, AnchorFile};
pub use attend::Accept;
pub use builder::AuditBuilder;
#[cfg(feature = "testing")]
pub use by_hand::ByHand;
pub use checkpoint::{Checkpoint, InvalidCheckpoint};
pub use content::{Record, RecordContent};
pub use durability::{Durability, OnFailure};
pub use error::{AuditError, Refused};
pub use hash::{Hash, InvalidHash};
pub use hook::AuditHook;
pub use key::{KeyError, Signer, SigningKey, VerifyingKey};
pub use line::MAX_LINE_BYTES;
pub use log_id::{InvalidLogId, LogId};
pub use own::{
    Acceptance, Cause, CheckpointNote, FORMAT, Found, Gap, HandOver, OwnRecord, Recovery,
    Retention, SegmentStart,
};
pub use position::Position;
pub use problem::{Finding, Problem};
pub use proof::{ConsistencyProof, InclusionProof, InvalidProof};
pub use report::{Accounted, Torn, Verification};
pub use stats::AuditStats;
pub use storage::{Storage, StorageFile, StorageLock};
pub use trail::{Filter, Follow, Placed, Records, SegmentFile, Trail, TrailFiles, UnreadableFile};
pub use verify::Verifier;
