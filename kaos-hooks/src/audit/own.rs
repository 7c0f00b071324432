//! The records that a trail writes about itself. Their `type` comes first in the line, so that a
//! reader knows them from events at once.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::line::{Line, MAX_NUMBER};
use super::{Hash, LogId, VerifyingKey, json};

/// The version of the trail's own format, in each segment's first record: raised when a reader of
/// the former version would misread a trail.
pub const FORMAT: u32 = 2;

/// A record that a trail writes about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum OwnRecord {
    /// The first record of a segment.
    #[serde(rename = "trail_segment")]
    Segment(Box<SegmentStart>),
    /// What the log held up to here.
    #[serde(rename = "trail_checkpoint")]
    Checkpoint(CheckpointNote),
    /// What was found, and done, when the trail was opened after a crash.
    #[serde(rename = "trail_recovery")]
    Recovery(Recovery),
    /// What could not be recorded.
    #[serde(rename = "trail_gap")]
    Gap(Gap),
    /// Another key signs from here on.
    #[serde(rename = "trail_key")]
    Key(HandOver),
    /// What is wrong with some records is known, and accounted for.
    #[serde(rename = "trail_accept")]
    Accept(Acceptance),
    /// Records that were old enough were removed.
    #[serde(rename = "trail_retention")]
    Retention(Retention),
}

/// Why a segment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The trail is new.
    Created,
    /// A writer opened the trail.
    Opened,
    /// The former segment was full, or a day old.
    Rotated,
    /// The former segment could not be written any more. Whatever it holds from this segment's
    /// first number on was never acknowledged, and stands here again.
    Failed,
    /// The former segment is damaged: a new log begins.
    Restarted,
    /// A cause that a newer version knows.
    #[serde(other)]
    Other,
}

/// The first record of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentStart {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// [`FORMAT`].
    pub format: u32,
    /// The version of the events' format ([`SCHEMA`](kaos_events::codec::SCHEMA)).
    pub schema: u32,
    /// The log it belongs to, as [`LogId`](super::LogId) shows it.
    pub log: String,
    /// Why it begins.
    pub cause: Cause,
    /// The hash of the record before it; zeros at the beginning of a log.
    pub prev: Hash,
    /// The complete subtrees of the Merkle tree over the log's records before it, largest first.
    pub tree: Vec<Hash>,
    /// A hash of the content policies in force.
    pub policy: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The verifier key of the key that signs its checkpoints; absent when they are not signed.
    #[serde(
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub key: Option<String>,
    /// The verifier key that this one took over from, when it did: nobody can hand over to a key
    /// whose holder does not say so, too.
    #[serde(
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub former: Option<String>,
}

impl SegmentStart {
    /// Whether its texts are a log's name, and keys.
    pub(super) fn has_form(&self) -> bool {
        let is_key = |text: &String| text.parse::<VerifyingKey>().is_ok();
        self.log.parse::<LogId>().is_ok() && self.key.iter().chain(&self.former).all(is_key)
    }
}

/// What the log held up to here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointNote {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// The [`Checkpoint`](super::Checkpoint), as text; it covers all records of the log before
    /// this one.
    pub note: String,
    /// Whether the segment ends with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seal: bool,
}

/// What was found when the trail was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// What.
    pub found: Found,
    /// The segment.
    pub segment: String,
    /// The number of the first record that could not be read.
    #[serde(deserialize_with = "number")]
    pub from_seq: u64,
    /// Where in the segment it stood, in bytes.
    #[serde(deserialize_with = "number")]
    pub offset: u64,
    /// How many bytes there were from there on.
    #[serde(deserialize_with = "number")]
    pub bytes: u64,
    /// Where they were copied to, where they were cut off.
    #[serde(
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub quarantine: Option<String>,
}

/// What was found when a trail was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Found {
    /// An end that was being written when the process or the machine died: nobody was told that it
    /// is safe. It was cut off.
    Torn,
    /// Damage where records were known to be on the disk. It was left as it is.
    Corrupt,
    /// Fewer records than an anchor says there were. Written by version 1 only: later ones do not
    /// open such a trail.
    Loss,
    /// Records after the last checkpoint: they are good, but nobody had signed them yet. From
    /// `from_seq` up to the segment that says so, they may be of whoever can write the files.
    Unsigned,
    /// What a newer version knows.
    #[serde(other)]
    Other,
}

/// What could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// When it was written, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// Why, as the operating system says.
    pub reason: String,
    /// Records that were lost.
    #[serde(deserialize_with = "number")]
    pub lost: u64,
    /// Tools that ran before their record was safe, under [`OnFailure::Degrade`].
    ///
    /// [`OnFailure::Degrade`]: super::OnFailure::Degrade
    #[serde(deserialize_with = "number")]
    pub unrecorded_effects: u64,
    /// Records that wait in memory for space; lost, too, if the process dies before there is any.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "is_zero")]
    pub waiting: u64,
}

/// Another key signs from here on: the old one signs this, and nothing after its segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// The verifier key of the key that signs this.
    pub from: String,
    /// The verifier key of the one that signs the segments after this one.
    pub key: String,
}

/// An operator's word for what is wrong with some records: it is known, and accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// The first record that it is about.
    #[serde(deserialize_with = "number")]
    pub from: u64,
    /// The one after the last.
    #[serde(deserialize_with = "number")]
    pub to: u64,
    /// The Merkle root over what stood at these numbers when it was accepted.
    pub root: Hash,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub who: String,
}

/// Records that were old enough were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// When, in nanoseconds since 1970, as a decimal string.
    pub time_unix_nano: String,
    /// The first record that stays.
    #[serde(deserialize_with = "number")]
    pub to: u64,
    /// The log that this record belongs to.
    pub log: String,
    /// The Merkle root over the records of this log before it.
    pub root: Hash,
    /// How many segments were removed.
    #[serde(deserialize_with = "number")]
    pub segments: u64,
}

/// A number as a trail's are: at most 2^63 − 1.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(from)?;
    let too_high = || D::Error::custom(format_args!("{number} is above 2^63 - 1"));
    (number <= MAX_NUMBER)
        .then_some(number)
        .ok_or_else(too_high)
}

/// A text that may be absent, but not `null`.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a line of [`OwnRecord`] begins, and no event's.
const MARK: &[u8] = b"{\"type\":\"trail_";

impl OwnRecord {
    /// The record as a JSON object.
    pub(super) fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default() // texts and numbers: it does not fail
    }

    /// Whether this is the beginning of such a record.
    pub(super) fn is_in(body: &[u8]) -> bool {
        body.starts_with(MARK)
    }

    /// Whether this record, one without its closing brace, ends a segment.
    pub(super) fn is_seal(body: &[u8]) -> bool {
        Self::is_in(body) && body.ends_with(b",\"seal\":true")
    }

    /// Reads a line's record; fields of a newer version are ignored.
    pub(super) fn read(line: &Line<'_>) -> serde_json::Result<Self> {
        json::check(line.bytes)?;
        serde_json::from_slice(&line.record())
    }

    /// Whether a record that cannot be read is of a type that only a newer version knows.
    pub(super) fn is_newer(error: &serde_json::Error) -> bool {
        error.is_data() && error.to_string().starts_with("unknown variant")
    }
}
