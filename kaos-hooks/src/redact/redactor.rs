use std::fmt;
use std::sync::Arc;

use super::engine::Engine;
use super::json::{self, Rules};
use super::scratch::Scratch;
use super::text::TextRedactor;
use super::{ContentPolicy, Explained, Redacted, Report, StreamRedactor};

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
pub struct Redactor(Arc<TextRedactor>);

impl Redactor {
    /// Longest text that is looked at by default: 64 MiB.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// A redactor with the built-in rules.
    pub fn new() -> Self {
        let engine = Engine::new(Vec::new(), false, false, Vec::new(), false);
        Self::of(TextRedactor {
            engine,
            tokens: None,
            max_bytes: Self::MAX_BYTES,
        })
    }

    pub(super) fn of(text: TextRedactor) -> Self {
        Self(Arc::new(text))
    }

    /// What redacts the texts in a document.
    pub(super) fn of_text(&self) -> &TextRedactor {
        &self.0
    }

    /// All that decides what is redacted; of keys, which one it is.
    #[cfg(feature = "audit")]
    pub(crate) fn described(&self) -> String {
        self.0.described()
    }

    /// Redacts plain text, with `key=value` and its many kin.
    ///
    /// Text longer than [`RedactorBuilder::max_bytes`](super::RedactorBuilder::max_bytes) leaves as
    /// one `OVERSIZE` sentinel.
    pub fn text<'t>(&self, text: &'t str) -> Redacted<'t> {
        self.0
            .redact(text, Report::default(), &mut Scratch::default())
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
            &self.0,
            text,
            Rules {
                everything: &policy,
                paths: &[],
            },
        )
    }

    /// Redacts what may be JSON or plain text: JSON if it can be read as such.
    pub fn any<'t>(&self, text: &'t str) -> Redacted<'t> {
        json::any(&self.0, text, 0, Report::default(), &mut Scratch::default())
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
        let scratch = &mut Scratch::default();
        let found = json::any(&self.0, text, 0, Report::explaining(), scratch);
        let (_, report) = found.into_parts();
        report.into_found()
    }

    /// Redacts a text that comes in chunks.
    pub fn stream(&self) -> StreamRedactor {
        StreamRedactor::new(Arc::clone(&self.0))
    }
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
