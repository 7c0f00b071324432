use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kaos_events::{Clock, SystemClock};

use super::recover::Permits;
use super::retention::Keep;
use super::{Anchor, Durability, OnFailure, Signer, Storage};
use crate::redact::{ContentPolicies, Redactor};

/// Settings of an [`AuditHook`](super::AuditHook).
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AnchorFile, AuditHook, OnFailure, SigningKey};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-builder-doc-{}", std::process::id()));
/// # let elsewhere = dir.join("anchor");
/// let audit = AuditHook::builder(&dir)
///     .signing_key(SigningKey::generate("acme-prod")?)
///     .anchor(AnchorFile::new(elsewhere))
///     .on_failure(OnFailure::FailClosed)
///     .open()?;
/// # drop(audit);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a trail is opened by `open`"]
pub struct AuditBuilder {
    pub(super) place: Place,
    pub(super) key: Option<Box<dyn Signer>>,
    pub(super) permits: Permits,
    pub(super) keep: Keep,
    pub(super) policies: ContentPolicies,
    pub(super) redactor: Redactor,
    pub(super) durability: Durability,
    pub(super) on_failure: OnFailure,
    pub(super) wait_limit: Duration,
    pub(super) segment_bytes: u64,
    pub(super) segment_age: Duration,
    pub(super) anchors: Vec<Box<dyn Anchor>>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Where a trail is.
pub(super) enum Place {
    Directory(PathBuf),
    Storage(Arc<dyn Storage>),
}

impl AuditBuilder {
    /// How long anybody waits for the disk, unless set: five seconds.
    pub const WAIT_LIMIT: Duration = Duration::from_secs(5);
    /// A segment's size, unless set: 64 MiB.
    pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
    /// A segment's age, unless set: a day.
    pub const SEGMENT_AGE: Duration = Duration::from_secs(24 * 60 * 60);
    /// How many records go without a checkpoint at most.
    pub const CHECKPOINT_RECORDS: u64 = 512;
    /// How long records go without a checkpoint at most.
    pub const CHECKPOINT_AGE: Duration = Duration::from_secs(60);

    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            place: Place::Directory(directory),
            key: None,
            permits: Permits::default(),
            keep: Keep::default(),
            policies: ContentPolicies::default(),
            redactor: Redactor::new(),
            durability: Durability::default(),
            on_failure: OnFailure::default(),
            wait_limit: Self::WAIT_LIMIT,
            segment_bytes: Self::SEGMENT_BYTES,
            segment_age: Self::SEGMENT_AGE,
            anchors: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Signs the checkpoints, so that whoever has the public half can tell this trail from one that
    /// was made up. Default: they are not signed, and only damage is found.
    ///
    /// A trail that another key signs, or that a key signs where none is given, is not opened; see
    /// [`hand_over_from`](Self::hand_over_from), [`allow_unsigned`](Self::allow_unsigned).
    pub fn signing_key(mut self, key: impl Signer) -> Self {
        self.key = Some(Box::new(key));
        self
    }

    /// The key that signed the trail until now. If it still does, it hands over to the new one, for
    /// good: nothing that it signs afterwards counts.
    pub fn hand_over_from(mut self, former: impl Signer) -> Self {
        self.permits.former = Some(Box::new(former));
        self
    }

    /// Opens a trail that a key signs without this key, or with another that it did not hand over
    /// to. To whoever verifies with the key, what is written so is a finding until somebody who has
    /// the key accepts it.
    pub const fn allow_unsigned(mut self) -> Self {
        self.permits.unsigned = true;
        self
    }

    /// What may leave of which content. Default: everything, redacted.
    pub fn policies(mut self, policies: ContentPolicies) -> Self {
        self.policies = policies;
        self
    }

    /// Another redactor, for example one with rules of your own.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// What *safe* means. Default: on the disk.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// What happens to tools while the trail cannot be written. Default: those that change
    /// something are denied.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// How long anybody waits for the disk: a run that is ahead of it, a tool for its record, a turn
    /// for its end's, a flush, and the trail's end. Default: [`Self::WAIT_LIMIT`].
    ///
    /// At the limit the disk counts as failing until it answers: nobody waits for it any more, and
    /// [`on_failure`](Self::on_failure) decides about tools. Too short, and a disk that hesitates
    /// stops agents; too long, and one that hangs holds them up.
    pub fn wait_limit(mut self, limit: Duration) -> Self {
        self.wait_limit = limit;
        self
    }

    /// At how many bytes a new segment begins. Default: [`Self::SEGMENT_BYTES`].
    ///
    /// Too small, and there are many files; too large, and opening the trail, which reads the last
    /// segment, takes long.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// At which age a new segment begins. Default: [`Self::SEGMENT_AGE`].
    pub fn segment_age(mut self, age: Duration) -> Self {
        self.segment_age = age;
        self
    }

    /// Removes segments all of whose records are older than this, at openings and whenever a segment
    /// is full, and says so in the trail, signed. What something is wrong with is not removed:
    /// see [`accept`](Self::accept) and [`prune`](Self::prune). Default: nothing is removed.
    pub const fn keep_for(mut self, age: Duration) -> Self {
        self.keep.age = Some(age);
        self
    }

    /// Removes the oldest segments, as [`keep_for`](Self::keep_for) does, while the trail has more
    /// bytes than this. The segment that is being written stays. Default: nothing is removed.
    pub const fn keep_bytes(mut self, bytes: u64) -> Self {
        self.keep.bytes = Some(bytes);
        self
    }

    /// Another place that holds the newest checkpoint; may be given more than once.
    pub fn anchor(mut self, anchor: impl Anchor) -> Self {
        self.anchors.push(Box::new(anchor));
        self
    }

    /// Where the trail's own times come from. Default: the machine's clocks.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where the files are, in place of the directory.
    pub fn storage(mut self, storage: impl Storage) -> Self {
        self.place = Place::Storage(Arc::new(storage));
        self
    }

    /// What is written of a text that is no part of an event.
    pub(super) fn safe(&self, text: &str) -> String {
        self.redactor.text(text).as_str().to_owned()
    }
}
