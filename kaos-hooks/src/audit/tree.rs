//! The Merkle tree of RFC 6962, kept as the roots of its complete subtrees.

use super::Hash;

/// A Merkle tree that grows by one leaf at a time (RFC 6962, section 2.1).
///
/// Of `n` leaves it keeps one hash per bit that is set in `n`, so a tree of 2^64 leaves has 2 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    size: u64,
    /// Roots of the complete subtrees, the largest first.
    peaks: Vec<Hash>,
}

impl Tree {
    /// A tree of this many leaves with these complete subtrees; `None` if they do not fit.
    pub(crate) fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over the leaves from one to before another, where these are a complete subtree that
    /// is kept.
    pub(crate) fn peak(&self, from: u64, to: u64) -> Option<Hash> {
        let mut begin = 0;
        for (peak, bit) in self.peaks.iter().zip(bits(self.size)) {
            let end = begin + bit;
            if (begin, end) == (from, to) {
                return Some(*peak);
            }
            begin = end;
        }
        None
    }

    /// Appends a leaf.
    pub(crate) fn push(&mut self, leaf: &[u8]) {
        let mut hash = Hash::of(&[&[0], leaf]);
        // Each bit that carries joins the last two subtrees of equal size.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = join(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of all leaves.
    pub(crate) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Hash::of(&[]);
        };
        peaks.fold(*last, |right, left| join(left, &right))
    }
}

/// The powers of two that a number is the sum of, the largest first.
fn bits(number: u64) -> impl Iterator<Item = u64> {
    let powers = (0..u64::BITS).rev().map(|power| 1_u64 << power);
    powers.filter(move |power| number & power != 0)
}

pub(crate) fn join(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[1], left.as_bytes(), right.as_bytes()])
}
