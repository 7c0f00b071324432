use std::fmt;

use super::SubjectName;

impl SubjectName {
    /// The subject with this name on the wire.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|subject| subject.as_str() == name)
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
