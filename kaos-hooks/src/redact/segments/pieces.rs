//! Text as it was given, with parts replaced.

use crate::redact::scratch::Scratch;
use crate::redact::{Report, ascii};

/// Text as it was given, with parts replaced.
pub(crate) struct Pieces<'t, 's> {
    pub(super) text: &'t str,
    pub(super) out: String,
    copied: usize,
    /// What units are redacted in.
    pub(super) scratch: &'s mut Scratch,
    pub(crate) report: Report,
}

impl<'t, 's> Pieces<'t, 's> {
    pub(crate) fn new(text: &'t str, report: Report, scratch: &'s mut Scratch) -> Self {
        Self {
            text,
            out: String::new(),
            copied: 0,
            scratch,
            report,
        }
    }

    pub(super) fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.out.push_str(ascii::cut(self.text, self.copied, start));
        self.out.push_str(with);
        self.copied = end;
    }

    /// The text up to `end`; borrowed when nothing was replaced.
    pub(crate) fn finish(mut self, end: usize) -> (std::borrow::Cow<'t, str>, Report) {
        let rest = ascii::cut(self.text, self.copied, end);
        if self.copied == 0 && self.out.is_empty() {
            return (rest.into(), self.report);
        }
        self.out.push_str(rest);
        (self.out.into(), self.report)
    }
}
