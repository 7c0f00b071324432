/// A line of the event stream could not be decoded.
#[derive(Debug, thiserror::Error)]
#[error("invalid event at byte {offset}")]
pub struct DecodeError {
    offset: usize,
    #[source]
    kind: DecodeErrorKind,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The line is longer than [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES).
    #[error("line is longer than {} bytes", super::MAX_LINE_BYTES)]
    TooLong,
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A line break stands within the line: it is two.
    #[error("line break within the line")]
    LineBreak,
    /// The line is not a JSON object, or a field does not have the JSON type it must have.
    #[error("{0}")]
    Json(String),
    /// A field stands twice.
    #[error("field `{0}` stands twice")]
    DuplicateField(String),
    /// A field is missing.
    #[error("field `{0}` is missing")]
    MissingField(&'static str),
    /// A field's value is not acceptable.
    #[error("field `{field}` must be {expected}")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What is accepted.
        expected: &'static str,
    },
}

impl DecodeError {
    pub(super) const fn new(offset: usize, kind: DecodeErrorKind) -> Self {
        Self { offset, kind }
    }

    /// An error of the JSON parser about text that begins at `base`.
    pub(super) fn json(base: usize, text: &str, error: &serde_json::Error) -> Self {
        // The column is the number of bytes read, and there is one line only.
        let within = if error.is_eof() {
            text.len()
        } else {
            error.column().saturating_sub(1).min(text.len())
        };
        // The parser ends its text with a line and a column, which mean nothing to our reader.
        let said = error.to_string();
        let what = said
            .rsplit_once(" at line ")
            .map_or(said.as_str(), |(what, _)| what);
        Self::new(base + within, DecodeErrorKind::Json(what.to_owned()))
    }

    /// Where in the line the error was found: bytes from its beginning. A value of another JSON
    /// type is found once it is read, at its last byte.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong.
    pub const fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }
}
