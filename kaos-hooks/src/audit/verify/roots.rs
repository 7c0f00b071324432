//! What stood at the numbers that somebody accepted, hashed again.

use super::findings::Place;
use super::judge::Judge;
use crate::audit::Hash;
use crate::audit::tree::Tree;

/// The trees over what stands at some ranges of numbers.
pub(in crate::audit) struct Roots(Vec<(std::ops::Range<u64>, Tree)>);

impl Roots {
    pub(super) fn new(ranges: impl IntoIterator<Item = std::ops::Range<u64>>) -> Self {
        let empty = |range| (range, Tree::default());
        Self(ranges.into_iter().map(empty).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The root over what stands at these numbers.
    pub(in crate::audit) fn of(&self, range: &std::ops::Range<u64>) -> Option<Hash> {
        let found = self.0.iter().find(|(there, _)| there == range);
        found.map(|(_, tree)| tree.root())
    }
}

impl Judge for Roots {
    fn piece(&mut self, at: &Place<'_>, bytes: &[u8]) {
        for (range, tree) in &mut self.0 {
            if range.contains(&at.seq) {
                tree.push(bytes);
            }
        }
    }
}
