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
}
