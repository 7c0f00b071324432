//! What goes on from one unit of a text to the next, when it is too long for one.

/// Longest unit, in bytes: what a stream holds back at most.
pub(crate) const MAX_LEN: usize = 64 * 1024;

/// What goes on from one unit to the next.
#[derive(Debug, Default)]
pub(crate) enum Open {
    /// Nothing.
    #[default]
    Nothing,
    /// A token that was longer than a unit, and its characters so far.
    Token(usize),
    /// A private key that was longer than a unit, and the characters of its other lines so far.
    Armour(usize),
}
