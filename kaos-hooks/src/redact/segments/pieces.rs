//! Text as it was given, with parts replaced.

use crate::redact::scratch::Scratch;
use crate::redact::{Report, ascii};

/// Text as it was given, with parts replaced.
pub(crate) struct Pieces<'t, 's> {
    pub(super) text: &'t str,
    pub(super) copy: Copy,
    /// What units are redacted in.
    pub(super) scratch: &'s mut Scratch,
    pub(crate) report: Report,
}

/// The text with its parts replaced, as far as it was copied.
#[derive(Default)]
pub(super) struct Copy {
    pub(super) out: String,
    copied: usize,
}

impl Copy {
    pub(super) fn replace(&mut self, text: &str, (start, end): (usize, usize), with: &str) {
        self.out.push_str(ascii::cut(text, self.copied, start));
        self.out.push_str(with);
        self.copied = end;
    }
}

impl<'t, 's> Pieces<'t, 's> {
    pub(crate) fn new(text: &'t str, report: Report, scratch: &'s mut Scratch) -> Self {
        Self {
            text,
            copy: Copy::default(),
            scratch,
            report,
        }
    }

    pub(super) fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.copy.replace(self.text, (start, end), with);
    }

    /// The text up to `end`; borrowed when nothing was replaced.
    pub(crate) fn finish(self, end: usize) -> (std::borrow::Cow<'t, str>, Report) {
        let Copy { mut out, copied } = self.copy;
        let rest = ascii::cut(self.text, copied, end);
        if copied == 0 && out.is_empty() {
            return (rest.into(), self.report);
        }
        out.push_str(rest);
        (out.into(), self.report)
    }
}
