use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Class;

/// The key of keyed tokens: equal values give equal tokens, and only the owner can make them.
///
/// A token is the first 8 bytes of HMAC-SHA-256 over the class and the value, so the same value
/// gives unrelated tokens in two classes and under two keys. Use one key per tenant: whoever has
/// the key can test guesses. There is no default key. The memory is wiped when the last clone is
/// dropped.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::{HashKey, Redactor};
///
/// let key = HashKey::new(*b"32 bytes that a tenant owns ....").expect("32 bytes are enough");
/// let redactor = Redactor::builder().tokens(key.clone()).build().expect("no own rules");
/// let text = redactor.text("kim@corp.dev asked kim@corp.dev");
/// let (one, two) = text.as_str().split_once(" asked ").expect("the middle stands");
/// assert_eq!(one, two);
/// assert_eq!(format!("{key:?}"), "HashKey(..)");
/// ```
#[derive(Clone)]
pub struct HashKey(Arc<Zeroizing<Vec<u8>>>);

/// A key that is too short to keep anybody from guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash key needs at least {} bytes, got {length}", HashKey::SHORTEST)]
pub struct HashKeyError {
    length: usize,
}

impl HashKey {
    /// Shortest key, in bytes.
    pub const SHORTEST: usize = 16;

    /// A key of at least 16 bytes; 32 random bytes are a good choice.
    ///
    /// # Errors
    ///
    /// Fails when the key is shorter than [`HashKey::SHORTEST`].
    pub fn new(key: impl Into<Vec<u8>>) -> Result<Self, HashKeyError> {
        let key = Zeroizing::new(key.into());
        if key.len() < Self::SHORTEST {
            return Err(HashKeyError { length: key.len() });
        }
        Ok(Self(Arc::new(key)))
    }

    /// Tells this key from others, and nothing about it.
    #[cfg(feature = "audit")]
    pub(crate) fn described(&self) -> String {
        self.token(&Class::Content, "which key this is")
    }

    /// 16 hexadecimal digits for `secret` in `class`.
    pub(crate) fn token(&self, class: &Class, secret: &str) -> String {
        let mut token = String::with_capacity(16);
        // HMAC takes a key of any length, so this is always `Ok`; without it the token stays
        // empty, which shows nothing.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(class.as_str().as_bytes());
            mac.update(&[0]);
            mac.update(secret.as_bytes());
            for byte in mac.finalize().into_bytes().iter().take(8) {
                let _written: Result<(), _> = write!(token, "{byte:02x}");
            }
        }
        token
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}
