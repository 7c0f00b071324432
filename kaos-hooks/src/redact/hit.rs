//! A literal that was found in a text.

/// A literal, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Which of the literals it is.
    pub(crate) which: usize,
}

impl Hit {
    /// The same literal where the text is that was moved from one place to another; nothing if
    /// it starts before.
    pub(crate) fn moved(self, from: usize, to: usize) -> Option<Self> {
        Some(Self {
            start: self.start.checked_sub(from)? + to,
            end: self.end.checked_sub(from)? + to,
            which: self.which,
        })
    }
}
