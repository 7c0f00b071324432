/// A line of the event stream could not be decoded.
#[derive(Debug, thiserror::Error)]
#[error("invalid event at byte {offset}")]
pub struct DecodeError {
    offset: usize,
    #[source]
    kind: DecodeErrorKind,
}

/// What is wrong with a line.
///
/// # Example
///
/// Reads a file of lines; one that a newer version wrote is kept, one that is damaged is named:
///
/// ```
/// use kaos_events::codec::{DecodeError, DecodeErrorKind, RawLine, decode};
/// use kaos_events::{BodyBuf, OutcomeBuf, PhaseBuf, PhaseName, SpanBuf, SubjectName};
///
/// fn shown(line: &str) -> Result<String, DecodeError> {
///     let event = decode(line.as_bytes())?;
///     let BodyBuf::Span(span) = event.body else {
///         let unknown = |it: &RawLine| format!("of a newer version: {}", it.as_str());
///         return Ok(if let BodyBuf::Unknown(line) = &event.body { unknown(line) } else { String::new() });
///     };
///     let SpanBuf { subject, phase, .. } = *span;
///     Ok(match phase {
///         PhaseBuf::Complete(OutcomeBuf::ToolCall(it), took) => format!("{:?} in {took:?}", it.result),
///         _ if subject.name() == SubjectName::Turn && phase.name() == PhaseName::Start => "a turn".to_owned(),
///         other => format!("{} {}", subject.name().as_str(), other.name().as_str()),
///     })
/// }
///
/// let damaged = shown(r#"{"type":"span"}"#).unwrap_err();
/// assert!(matches!(damaged.kind(), DecodeErrorKind::MissingField(_)));
/// ```
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
