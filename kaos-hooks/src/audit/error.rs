use std::io;

/// A trail could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("audit trail {place} cannot be opened{advice}")]
pub struct AuditError {
    place: String,
    advice: &'static str,
    #[source]
    source: io::Error,
}

/// Why a trail is not opened that could be written.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AuditError, AuditHook, Refused, SigningKey};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-refused-doc-{}", std::process::id()));
/// drop(AuditHook::builder(&dir).signing_key(SigningKey::generate("acme-prod")?).open()?);
///
/// // Whoever has not the key does not go on with the trail.
/// let other = SigningKey::generate("somebody")?;
/// let error: AuditError = AuditHook::builder(&dir).signing_key(other).open().unwrap_err();
/// match error.refused() {
///     Some(Refused::Key { key }) => assert!(key.starts_with("acme-prod+")),
///     _ if error.is_locked() => println!("another process has it open"),
///     other => panic!("{error}: {other:?}"),
/// }
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Its last segment names a key that is not the one given.
    #[error("{key} signs it: give that key, hand over from it, or allow that it goes on unsigned")]
    Key {
        /// The verifier key that it names.
        key: String,
    },
    /// An anchor cannot be read: nobody can tell whether records are missing.
    #[error("an anchor cannot be read: {why}")]
    Anchor {
        /// Why.
        why: String,
    },
    /// It is another trail than the one that its anchor is of.
    #[error("its anchor is of another trail, {log}")]
    Foreign {
        /// The log that the anchor is of.
        log: String,
    },
    /// It has not, or not any more, what its anchor covers: it was cut back, or is another copy.
    #[error("it does not hold what its anchor covers: {what}")]
    Regress {
        /// What is missing, or differs.
        what: String,
    },
}

impl AuditError {
    pub(super) fn new(place: String, source: io::Error) -> Self {
        let mut error = Self {
            place,
            advice: "",
            source,
        };
        error.advice = match error.refused() {
            _ if error.is_locked() => ": give each process a directory of its own",
            Some(Refused::Anchor { .. } | Refused::Regress { .. }) => {
                ": `kaos audit verify` tells what is missing, `kaos audit accept` goes on without it"
            }
            _ => "",
        };
        error
    }

    /// Whether another writer has the trail open.
    pub fn is_locked(&self) -> bool {
        self.source.kind() == io::ErrorKind::WouldBlock
    }

    /// Why it is not opened, where that is not the disk's fault.
    pub fn refused(&self) -> Option<&Refused> {
        self.source.get_ref()?.downcast_ref()
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::InvalidData, refused)
    }
}
