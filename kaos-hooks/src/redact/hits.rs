//! The literals of a text, found in one pass and shown to all who ask: where to look next, where
//! to cut, what to redact, and again when sentinels stand in the text.

use std::cell::Cell;

use aho_corasick::automaton::StateID;

use super::hit::Hit;
use super::literals::Literals;

/// How much is read at once where nobody says how far, in bytes.
const BLOCK: usize = 2048;

/// So many forgotten literals are worth moving the others.
const MANY: usize = 4096;

/// So many literals are looked through before the place where the last lookup ended is asked.
const NEXT: usize = 16;

/// The literals of one text, in the order of their ends, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    found: Vec<Hit>,
    /// How many of them nobody will ask for.
    forgotten: usize,
    /// The number of the last that was far from these: the next is mostly near to it.
    near: Cell<usize>,
    /// How far the text was read, and the automaton's state there.
    read: usize,
    state: Option<StateID>,
}

impl Hits {
    /// For another text.
    pub(crate) fn clear(&mut self) {
        self.found.clear();
        (self.forgotten, self.read, self.state) = (0, 0, None);
        self.near.set(0);
    }

    /// Reads all literals that end at or before `to`.
    pub(crate) fn read_to(&mut self, literals: &Literals, bytes: &[u8], to: usize) {
        if self.read < to {
            (self.read, self.state) =
                literals.read(bytes, (self.read, self.state), to, &mut self.found);
        }
    }

    /// Reads on; whether there was anything to read.
    pub(crate) fn read_on(&mut self, literals: &Literals, bytes: &[u8]) -> bool {
        let to = (self.read + BLOCK).min(bytes.len());
        let has_more = self.read < to;
        self.read_to(literals, bytes, to);
        has_more
    }

    /// The number of the first literal that ends behind `from`.
    #[inline]
    pub(crate) fn behind(&self, from: usize) -> usize {
        let known = self.found.get(self.forgotten..).unwrap_or_default();
        // Mostly it is one of the next.
        match known.get(..NEXT) {
            Some(next) if next.last().is_some_and(|hit| hit.end <= from) => self.far_behind(from),
            _ => self.forgotten + first_behind(known, from),
        }
    }

    /// The same where it is none of the next: mostly it is near to the one that was asked for last.
    #[inline(never)]
    fn far_behind(&self, from: usize) -> usize {
        let asked = self.near.get();
        let before = asked.checked_sub(1).and_then(|last| self.found.get(last));
        let is_on = before.is_some_and(|hit| hit.end <= from);
        let first = if is_on { asked } else { self.forgotten };
        let known = self.found.get(first..).unwrap_or_default();
        let number = first + first_behind(known, from);
        self.near.set(number);
        number
    }

    pub(crate) fn get(&self, number: usize) -> Option<Hit> {
        self.found.get(number).copied()
    }

    /// The literals that end in a range.
    pub(crate) fn within(&self, from: usize, to: usize) -> &[Hit] {
        let (first, last) = (self.behind(from), self.behind(to));
        self.found.get(first..last).unwrap_or_default()
    }

    /// Nobody will ask for what ends at or before `position`.
    pub(crate) fn forget(&mut self, position: usize) {
        self.forgotten = self.behind(position);
        if self.forgotten == self.found.len() {
            self.found.clear();
            self.forgotten = 0;
            self.near.set(0);
        } else if self.forgotten > MANY {
            self.found.drain(..self.forgotten);
            self.forgotten = 0;
            self.near.set(0);
        }
        // What nobody reads needs not be read.
        if self.read < position {
            (self.read, self.state) = (position, None);
        }
    }
}

/// The number of the first that ends behind `from`, by steps that double and halve.
fn first_behind(known: &[Hit], from: usize) -> usize {
    let mut size = 1;
    while known.get(size - 1).is_some_and(|hit| hit.end <= from) {
        size *= 2;
    }
    let near = known.get(size / 2..size.min(known.len()));
    size / 2
        + near
            .unwrap_or_default()
            .partition_point(|hit| hit.end <= from)
}
