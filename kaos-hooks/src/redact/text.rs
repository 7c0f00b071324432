//! Plain text, redacted: by lines that may be cut, or as the one line that it is.

use super::draft::Given;
use super::engine::Engine;
use super::hits::Hits;
use super::scratch::Scratch;
use super::segments::{self, Open, Pieces};
use super::{Class, HashKey, Redacted, Report, sentinel};

/// Longest line that is redacted without looking where to cut it, in bytes.
pub(super) const SHORT: usize = 256;

/// Takes secrets out of plain text.
pub(crate) struct TextRedactor {
    pub(super) engine: Engine,
    /// With which sentinels show keyed tokens, and not lengths.
    pub(super) tokens: Option<HashKey>,
    /// Longest text that is looked at.
    pub(super) max_bytes: usize,
}

impl TextRedactor {
    /// All that decides what is redacted; of keys, which one it is.
    #[cfg(feature = "audit")]
    pub(super) fn described(&self) -> String {
        let tokens = self.tokens.as_ref().map(HashKey::described);
        let (most, engine) = (self.max_bytes, self.engine.described());
        format!("{most} {tokens:?} {engine}")
    }

    /// Redacts a text in what was used before.
    pub(super) fn redact<'t>(
        &self,
        text: &'t str,
        report: Report,
        scratch: &mut Scratch,
    ) -> Redacted<'t> {
        if text.len() > self.max_bytes {
            return failed(&Class::Oversize, text, report);
        }
        // A short line need not be cut first.
        if text.len() <= SHORT && memchr::memchr(b'\n', text.as_bytes()).is_none() {
            let hits = &mut Hits::default();
            let known = Given::all(self.engine.literals(), text, hits);
            return self.line(text, report, scratch, known);
        }
        let mut pieces = Pieces::new(text, report, scratch);
        let mut open = Open::Nothing;
        let end = segments::redact(
            &self.engine,
            self.tokens.as_ref(),
            &mut open,
            &mut pieces,
            true,
        );
        let (text, report) = pieces.finish(end);
        Redacted::new(text, report)
    }

    /// Redacts one line, of which something is known.
    pub(super) fn line<'t>(
        &self,
        text: &'t str,
        report: Report,
        scratch: &mut Scratch,
        known: Given<'_>,
    ) -> Redacted<'t> {
        if text.len() > self.max_bytes {
            return failed(&Class::Oversize, text, report);
        }
        let mut pieces = Pieces::new(text, report, scratch);
        segments::line(&self.engine, self.tokens.as_ref(), &mut pieces, known);
        let (text, report) = pieces.finish(text.len());
        Redacted::new(text, report)
    }
}

/// A text of which only the reason is shown why it was not looked at.
pub(super) fn failed<'t>(class: &Class, text: &'t str, report: Report) -> Redacted<'t> {
    let mut report = report;
    report.add(class, "limit", 0..text.len());
    Redacted::new(sentinel::of(class, text.chars().count()).into(), report)
}
