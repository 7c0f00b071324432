use std::fmt;
use std::sync::Arc;

use super::draft::{Given, Scratch};
use super::engine::Engine;
use super::hits::Hits;
use super::json::{self, Failure, Rules};
use super::segments::{self, Open, Pieces};
use super::{
    Class, ContentPolicy, Explained, HashKey, Redacted, RedactorBuilder, Report, StreamRedactor,
    sentinel,
};

/// Longest line that is redacted without looking where to cut it, in bytes.
pub(super) const SHORT: usize = 256;

/// Takes secrets and personal data out of text; cheap to clone and to share.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::Redactor;
///
/// let redactor = Redactor::new();
/// let safe = redactor.any("curl -H 'Authorization: Bearer 38bb7b318cc6898c80317decb34525844bc9db55'");
/// assert_eq!(safe.as_str(), "curl -H 'Authorization: Bearer <redacted:AUTHORIZATION:40-chars>'");
/// ```
#[derive(Clone)]
pub struct Redactor(Arc<Inner>);

struct Inner {
    engine: Engine,
    tokens: Option<HashKey>,
    max_bytes: usize,
}

impl Redactor {
    /// Longest text that is looked at by default: 64 MiB.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// A redactor with the built-in rules.
    pub fn new() -> Self {
        let engine = Engine::new(Vec::new(), false, false, Vec::new(), false);
        Self::of(engine, None, Self::MAX_BYTES)
    }

    pub(super) fn of(engine: Engine, tokens: Option<HashKey>, max_bytes: usize) -> Self {
        Self(Arc::new(Inner {
            engine,
            tokens,
            max_bytes,
        }))
    }

    /// A redactor with own rules or other settings.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }

    /// All that decides what is redacted; of keys, which one it is.
    #[cfg(feature = "audit")]
    pub(crate) fn described(&self) -> String {
        let tokens = self.0.tokens.as_ref().map(HashKey::described);
        let (most, engine) = (self.0.max_bytes, self.0.engine.described());
        format!("{most} {tokens:?} {engine}")
    }

    /// Redacts plain text, with `key=value` and its many kin.
    ///
    /// Text longer than [`RedactorBuilder::max_bytes`] leaves as one `OVERSIZE` sentinel.
    pub fn text<'t>(&self, text: &'t str) -> Redacted<'t> {
        self.text_as(text, Report::default(), &mut Scratch::default())
    }

    /// [`Redactor::text`] in what was used before.
    pub(crate) fn text_as<'t>(
        &self,
        text: &'t str,
        report: Report,
        scratch: &mut Scratch,
    ) -> Redacted<'t> {
        if text.len() > self.0.max_bytes {
            return failed(&Class::Oversize, text, report);
        }
        // A short line need not be cut first.
        if text.len() <= SHORT && memchr::memchr(b'\n', text.as_bytes()).is_none() {
            let hits = &mut Hits::default();
            let known = Given::all(&self.0.engine, text, hits);
            return self.line_as(text, report, scratch, known);
        }
        let mut pieces = Pieces::new(text, report, scratch);
        let mut open = Open::Nothing;
        let end = segments::redact(
            &self.0.engine,
            self.token_key(),
            &mut open,
            &mut pieces,
            true,
        );
        let (text, report) = pieces.finish(end);
        Redacted::new(text, report)
    }

    /// Redacts one line, of which something is known.
    pub(crate) fn line_as<'t>(
        &self,
        text: &'t str,
        report: Report,
        scratch: &mut Scratch,
        known: Given<'_>,
    ) -> Redacted<'t> {
        if text.len() > self.0.max_bytes {
            return failed(&Class::Oversize, text, report);
        }
        let mut pieces = Pieces::new(text, report, scratch);
        segments::line(&self.0.engine, self.token_key(), &mut pieces, known);
        let (text, report) = pieces.finish(text.len());
        Redacted::new(text, report)
    }

    /// Redacts a JSON document, value by value.
    ///
    /// Keys, order, blanks and every value without a finding stay byte for byte. A value that is
    /// redacted becomes a string; a key too, and if two keys become the same, the later gets a
    /// suffix. Strings that hold JSON are read as JSON. What is no JSON, is nested deeper than 64
    /// levels or is too long leaves as a JSON string with the sentinel that says why.
    pub fn json<'t>(&self, text: &'t str) -> Redacted<'t> {
        let policy = ContentPolicy::Redacted;
        json::redact(
            self,
            text,
            Rules {
                everything: &policy,
                paths: &[],
            },
        )
    }

    /// Redacts what may be JSON or plain text: JSON if it can be read as such.
    pub fn any<'t>(&self, text: &'t str) -> Redacted<'t> {
        self.any_at(text, 0, Report::default(), &mut Scratch::default())
    }

    /// What [`Redactor::any`] finds, with the rule and the place of each finding.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_hooks::redact::Redactor;
    ///
    /// let found = Redactor::new().explain("host = db\npassword = harbor\n");
    /// assert_eq!(found[0].class().as_str(), "PASSWORD");
    /// assert_eq!(found[0].rule(), "password on its line");
    /// assert_eq!(found[0].place(), 21..27);
    /// ```
    pub fn explain(&self, text: &str) -> Vec<Explained> {
        let found = self.any_at(text, 0, Report::explaining(), &mut Scratch::default());
        let (_, report) = found.into_parts();
        report.into_found()
    }

    /// Redacts a text that comes in chunks.
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(self.clone())
    }

    /// [`Redactor::any`] for a text inside `depth` levels of JSON.
    pub(crate) fn any_at<'t>(
        &self,
        text: &'t str,
        depth: usize,
        report: Report,
        scratch: &mut Scratch,
    ) -> Redacted<'t> {
        let opens = text.trim_start_matches([' ', '\t', '\r', '\n']);
        if text.len() > self.0.max_bytes || !opens.starts_with(['{', '[', '"']) {
            return self.text_as(text, report, scratch);
        }
        let policy = ContentPolicy::Redacted;
        match json::try_redact(
            self,
            text,
            Rules {
                everything: &policy,
                paths: &[],
            },
            (depth, Vec::new()),
            report.like(),
            scratch,
        ) {
            Ok(redacted) => redacted,
            Err(Failure::Invalid) => self.text_as(text, report, scratch),
            Err(Failure::Depth) => failed(&Class::Depth, text, report),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn token_key(&self) -> Option<&HashKey> {
        self.0.tokens.as_ref()
    }

    pub(crate) fn max_bytes(&self) -> usize {
        self.0.max_bytes
    }
}

/// A text of which only the reason is shown why it was not looked at.
fn failed<'t>(class: &Class, text: &'t str, report: Report) -> Redacted<'t> {
    let mut report = report;
    report.add(class, "limit", 0..text.len());
    Redacted::new(sentinel::of(class, text.chars().count()).into(), report)
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("max_bytes", &self.0.max_bytes)
            .finish_non_exhaustive()
    }
}
