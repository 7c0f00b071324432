use std::fmt;
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey as Public};

use super::error::KeyError;
use super::text::{ED25519, checked, key_file, parts};
use crate::audit::Hash;

/// What an auditor verifies a trail with: the public half of a [`SigningKey`](super::SigningKey).
///
/// Its text form is a C2SP verifier key: `name+hash+base64`.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{SigningKey, VerifyingKey};
///
/// let key = SigningKey::generate("acme-prod")?;
/// let text = key.verifying_key().to_string(); // what the auditor is given
/// assert_eq!(text.parse::<VerifyingKey>()?, key.verifying_key());
/// # Ok::<(), kaos_hooks::audit::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    pub(super) name: String,
    pub(super) public: Public,
}

impl VerifyingKey {
    /// The key in a file, as `kaos audit keygen` writes it beside the secret one.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no regular file or longer than 4 KiB, or holds no such key.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        key_file(path.as_ref())?.trim().parse()
    }

    /// The name that signatures bear.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of the hash over name and key: which key a signature is of.
    pub(in crate::audit) fn id(&self) -> u32 {
        let key = self.public.as_bytes().as_slice();
        let hash = Hash::of(&[self.name.as_bytes(), b"\n", &[ED25519], key]);
        let first = hash.as_bytes().first_chunk().copied();
        u32::from_be_bytes(first.unwrap_or_default())
    }

    /// Whether these bytes (key id and signature) are this key's signature of a note's text.
    pub(in crate::audit) fn verifies(&self, text: &str, bytes: &[u8]) -> bool {
        let Some((id, signature)) = bytes.split_first_chunk() else {
            return false;
        };
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        u32::from_be_bytes(*id) == self.id() && self.has_signed(text.as_bytes(), &signature)
    }

    pub(super) fn has_signed(&self, text: &[u8], signature: &Signature) -> bool {
        self.public.verify_strict(text, signature).is_ok()
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed("verifier key: name+hash+base64");
        let (name, id, bytes) = parts(text).ok_or_else(malformed)?;
        let name = checked(name.to_owned())?;
        let public = Public::from_bytes(&bytes).map_err(|_error| malformed())?;
        let key = Self { name, public };
        if key.id() == id {
            Ok(key)
        } else {
            Err(KeyError::Hash)
        }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[ED25519], self.public.as_bytes().as_slice()].concat();
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.id(),
            BASE64.encode(bytes)
        )
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}
