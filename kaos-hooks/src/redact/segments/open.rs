//! What goes on from one unit of a text to the next, when it is too long for one.

use super::lines::Lines;

/// What goes on from one unit to the next.
#[derive(Debug, Default)]
pub(crate) enum Open {
    /// Nothing.
    #[default]
    Nothing,
    /// A token that was longer than a unit, and its characters so far.
    Token(usize),
    /// Lines of a private key, or of a value, that was longer than a unit.
    Lines(Lines),
}
