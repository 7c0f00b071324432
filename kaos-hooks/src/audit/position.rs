use serde::{Deserialize, Serialize};

/// Where a line of a trail stands; in the order of reading.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Position {
    /// The segment, by the number in its name.
    pub segment: u64,
    /// The byte in its file.
    pub offset: u64,
    /// The number of the record that belongs there; at a segment's beginning it is not looked at, as the
    /// segment says so itself.
    pub seq: u64,
    /// Whether a line before it in its file is one that does not belong there, or is missing: from there on
    /// the file is not what its checkpoints were made over.
    pub is_broken: bool,
}

impl Position {
    /// The beginning of the segment of this number.
    pub const fn beginning(segment: u64) -> Self {
        Self {
            segment,
            offset: 0,
            seq: segment,
            is_broken: false,
        }
    }
}
