//! What a queue holds, and how much of it.

use super::pace::Gathering;

/// What a queue holds items in: many of them packed together, or a list.
pub trait Packing: Send + 'static {
    /// What is added.
    type Item<'i>;

    /// An empty one.
    fn empty() -> Self;

    /// Adds one item.
    fn add(&mut self, item: Self::Item<'_>);

    /// How many items what is added counts as; one, unless it is a batch itself.
    fn counts(_item: &Self::Item<'_>) -> u64 {
        1
    }

    /// How many items there are.
    fn items(&self) -> u64;

    /// How many bytes they take.
    fn bytes(&self) -> usize;

    /// Takes all items out, and says whether the room that is left is worth keeping.
    fn recycle(&mut self) -> bool {
        false
    }
}

/// How much a queue holds, and how it is handed to its reader.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most items that wait, those in the reader's hands included.
    pub items: u64,
    /// The most bytes that wait.
    pub bytes: usize,
    /// The most bytes that wait while the reader says that it fails.
    pub bytes_while_failing: usize,
    /// A batch with so many items is full.
    pub batch_items: u64,
    /// A batch with so many bytes is full.
    pub batch_bytes: usize,
    /// For how long a batch that is not full is filled.
    pub gathering: Gathering,
}
