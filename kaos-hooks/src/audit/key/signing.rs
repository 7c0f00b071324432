use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey as Secret};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::signer::Signer;
use super::text::{ED25519, checked, key_file, parts};
use super::verifying::VerifyingKey;

/// What a trail's checkpoints are signed with. Wiped from memory when dropped; shown by nothing.
///
/// Its text form ([`SigningKey::to_secret_text`]) is that of Go's note package:
/// `PRIVATE+KEY+name+hash+base64`.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    secret: Secret,
}

impl SigningKey {
    /// A new key with this name: what verifiers see of it, for example `acme-prod`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`], or the operating system has no random bytes.
    pub fn generate(name: impl Into<String>) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_error| KeyError::NoRandomness)?;
        Self::from_seed(name, &seed)
    }

    /// The key of this seed (RFC 8032), for tests and for keys kept elsewhere.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`].
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let name = checked(name.into())?;
        let secret = Secret::from_bytes(seed);
        Ok(Self { name, secret })
    }

    /// The key in a file, as `kaos audit keygen` writes it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no regular file or longer than 4 KiB, or holds no such key. The error never shows what it holds.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        Zeroizing::new(key_file(path.as_ref())?).trim().parse()
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            name: self.name.clone(),
            public: self.secret.verifying_key(),
        }
    }

    /// The key as text. Secret: whoever has it can sign another trail.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let id = self.verifying_key().id();
        let bytes = Zeroizing::new([&[ED25519], self.secret.as_bytes().as_slice()].concat());
        let bytes = Zeroizing::new(BASE64.encode(&*bytes));
        let (name, bytes) = (&self.name, &*bytes);
        Zeroizing::new(format!("PRIVATE+KEY+{name}+{id:08x}+{bytes}"))
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed("signing key: PRIVATE+KEY+name+hash+base64");
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or_else(malformed)?;
        let (name, id, bytes) = parts(rest).ok_or_else(malformed)?;
        let key = Self::from_seed(name, &Zeroizing::new(bytes))?;
        if key.verifying_key().id() == id {
            Ok(key)
        } else {
            Err(KeyError::Hash)
        }
    }
}

impl Signer for SigningKey {
    fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key()
    }

    fn sign(&self, text: &[u8]) -> io::Result<[u8; 64]> {
        Ok(self.secret.sign(text).to_bytes())
    }

    /// To look at it would take twice the time of signing.
    fn checked_signature(&self, text: &[u8]) -> io::Result<[u8; 64]> {
        self.sign(text)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
