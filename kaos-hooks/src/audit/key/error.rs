use std::io;

/// A key could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key's name must be able to stand in a note.
    #[error("a key's name is 1 to 64 characters without blanks and `+`")]
    Name,
    /// The text is no key of the form that was wanted.
    #[error("not a {0}")]
    Malformed(&'static str),
    /// The hash in the key's text is not that of its name and its bytes.
    #[error("the key's hash does not fit: it was cut or changed")]
    Hash,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    NoRandomness,
    /// A key file could not be read.
    #[error("key file {path} cannot be read")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}
