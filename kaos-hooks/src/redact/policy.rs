use std::fmt;

use super::HashKey;

/// What may leave of a content.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::{ContentPolicy, Redactor};
///
/// let redactor = Redactor::new();
/// let mail = "write to kim@corp.dev";
/// assert!(ContentPolicy::None.apply(&redactor, mail).is_none());
/// let safe = ContentPolicy::Redacted.apply(&redactor, mail).expect("something is left");
/// assert_eq!(safe.as_str(), "write to <redacted:EMAIL:12-chars>");
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ContentPolicy {
    /// Nothing leaves.
    None,
    /// A keyed token leaves: equal contents can be joined, none can be read.
    Hash(HashKey),
    /// The content leaves without what was found in it; the default.
    #[default]
    Redacted,
    /// The content leaves as it is. Only code can ask for this, never a file or a variable.
    Full,
}

impl ContentPolicy {
    #[cfg(feature = "audit")]
    pub(super) fn described(&self) -> String {
        match self {
            Self::Hash(key) => format!("hash {}", key.described()),
            Self::None => "none".to_owned(),
            Self::Redacted => "redacted".to_owned(),
            Self::Full => "full".to_owned(),
        }
    }
}

impl fmt::Debug for ContentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Hash(_) => "Hash(..)",
            Self::Redacted => "Redacted",
            Self::Full => "Full",
        })
    }
}
