//! Words that stand before what asks for them: looked for once, however often they are asked for.

use crate::redact::word_set::WordSet;

/// Where some words of a text stood last.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// A command that says something to the next one.
    pub(super) echo: Last,
    pub(super) printf: Last,
    /// What makes or changes an account.
    pub(super) account: Last,
}

/// The last of some words.
#[derive(Debug, Default)]
pub(super) struct Last {
    at: Option<usize>,
    /// How far the text was looked at.
    to: usize,
}

impl Last {
    /// Where the last of `words` starts in `from..to`; a later question is about a later place.
    pub(super) fn before(
        &mut self,
        bytes: &[u8],
        words: &WordSet,
        from: usize,
        to: usize,
    ) -> Option<usize> {
        for at in self.to.max(from)..to {
            if words.is_at(bytes, at) {
                self.at = Some(at);
            }
        }
        self.to = self.to.max(to);
        self.at.filter(|at| *at >= from)
    }
}
