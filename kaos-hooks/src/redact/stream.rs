use std::fmt;
use std::sync::Arc;

use super::Report;
use super::scratch::Scratch;
use super::segments::{self, MAX_LEN, Open, Pieces};
use super::text::TextRedactor;

/// Redacts a text that comes in chunks, as the deltas of a model do.
///
/// What comes out, joined, is what [`Redactor::text`](super::Redactor::text) gives for the joined input, wherever the
/// chunks were cut. A line is held back until it is complete, and a few lines where something
/// goes on below, such as a private key; at most 64 KiB. A longer line is cut between two words;
/// a token without blanks that is longer becomes one `OVERSIZE` sentinel.
///
/// `Debug` shows the count of the bytes that are held back, not the bytes.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::{Class, Redactor, Report, StreamRedactor};
///
/// let mut stream: StreamRedactor = Redactor::new().stream();
/// let mut out = stream.push("the token is ghp_0123456789abcdef");
/// out += &stream.push("ghij0123456789ABCDEFGHIJ\nnext ");
/// out += &stream.finish();
/// assert_eq!(out, "the token is <redacted:CODE_TOKEN:44-chars>\nnext ");
/// let report: &Report = stream.report();
/// assert_eq!(report.count(&Class::CodeToken), 1);
/// ```
pub struct StreamRedactor {
    redactor: Arc<TextRedactor>,
    held: String,
    open: Open,
    /// A unit is looked for when this many bytes are held.
    wake: usize,
    report: Report,
}

impl StreamRedactor {
    pub(crate) fn new(redactor: Arc<TextRedactor>) -> Self {
        Self {
            redactor,
            held: String::new(),
            open: Open::Nothing,
            wake: 0,
            report: Report::default(),
        }
    }

    /// Takes the next chunk; gives the safe text that is complete by now, often none.
    pub fn push(&mut self, chunk: &str) -> String {
        let mut safe = String::new();
        let mut rest = chunk;
        while !rest.is_empty() {
            // A large chunk is taken in parts, so that the buffer keeps its bound.
            let mut part = rest.len().min(MAX_LEN);
            while !rest.is_char_boundary(part) {
                part -= 1;
            }
            let (head, tail) = rest.split_at(part);
            self.held.push_str(head);
            rest = tail;
            if self.held.len() >= MAX_LEN
                || matches!(self.open, Open::Token(_))
                || (self.held.len() >= self.wake && head.contains('\n'))
            {
                safe.push_str(&self.redact(false));
            }
        }
        safe
    }

    /// Gives the rest and is ready for another text.
    pub fn finish(&mut self) -> String {
        let safe = self.redact(true);
        self.held = String::new();
        self.wake = 0;
        safe
    }

    /// What was redacted since the stream was made.
    pub fn report(&self) -> &Report {
        &self.report
    }

    fn redact(&mut self, last: bool) -> String {
        let mut scratch = Scratch::default();
        let mut pieces = Pieces::new(&self.held, Report::default(), &mut scratch);
        let end = segments::redact(
            &self.redactor.engine,
            self.redactor.tokens.as_ref(),
            &mut self.open,
            &mut pieces,
            last,
        );
        let (safe, report) = pieces.finish(end);
        let safe = safe.into_owned();
        self.report.merge(&report);
        self.held.drain(..end);
        // A unit that is still open is not read again for every line that is added to it.
        self.wake = self.held.len() + self.held.len() / 8;
        safe
    }
}

impl fmt::Debug for StreamRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRedactor")
            .field("held", &self.held.len())
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}
