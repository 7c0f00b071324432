//! What follows a vendor's prefix: runs of a byte set with a length, and literals.
//!
//! This is the part of a regular expression that published key formats use. It needs no
//! backtracking, and a run that was walked once is remembered, so a text that repeats a prefix
//! costs no more than its length.

use super::ascii::{self, Set};

/// One piece of a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece {
    /// A whole run of a set, with its shortest and longest length in bytes.
    Run(Set, usize, usize),
    /// Exactly this many bytes of a set, wherever the run ends.
    Take(Set, usize),
    /// A literal.
    Is(&'static str),
}

/// The run last walked for each set.
#[derive(Default)]
pub(crate) struct Runs([(Set, usize, usize); 4], usize);

impl Runs {
    /// [`ascii::run`], remembered.
    pub(crate) fn end(&mut self, bytes: &[u8], start: usize, set: Set) -> usize {
        let known = self
            .0
            .iter()
            .find(|run| run.0 == set && run.1 <= start && start < run.2);
        if let Some(run) = known {
            return run.2;
        }
        let end = ascii::run(bytes, start, set);
        if let Some(slot) = self.0.get_mut(self.1 % 4) {
            *slot = (set, start, end);
            self.1 += 1;
        }
        end
    }
}

/// Where the pattern ends that starts at `start`.
pub(crate) fn matches(
    bytes: &[u8],
    start: usize,
    pieces: &[Piece],
    runs: &mut Runs,
) -> Option<usize> {
    let mut position = start;
    for piece in pieces {
        position = match *piece {
            Piece::Run(set, least, most) => {
                let end = runs.end(bytes, position, set);
                let length = end - position;
                if length < least || length > most {
                    return None;
                }
                end
            }
            Piece::Take(set, length) => {
                if ascii::short_run(bytes, position, set, length) != position + length {
                    return None;
                }
                position + length
            }
            Piece::Is(literal) => {
                if ascii::part(bytes, position, position + literal.len()) != literal.as_bytes() {
                    return None;
                }
                position + literal.len()
            }
        };
    }
    Some(position)
}
