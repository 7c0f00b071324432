//! What texts are redacted in.

use super::draft::Draft;
use super::views::Views;
use super::vocabulary::Seen;

/// What texts are redacted in, used over and over.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) first: Draft,
    pub(crate) second: Draft,
    pub(crate) views: Views,
    pub(crate) seen: Seen,
}
