use crate::Str;

/// A line that is kept as it is: of a type this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RawLine(Str);

impl RawLine {
    pub(crate) fn new(line: &str) -> Self {
        Self(Str::copied(line))
    }

    /// The line, byte for byte, without its line break.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
