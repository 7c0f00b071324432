//! Ed25519 keys in the text forms of C2SP's signed notes.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey as Secret, VerifyingKey as Public};
use zeroize::Zeroizing;

use super::Hash;
use super::regular::read_text;

/// The most bytes of a key's file.
const MOST_FILE_BYTES: u64 = 4096;

/// Ed25519, in the algorithm byte of a note's key.
const ED25519: u8 = 1;

/// What an auditor verifies a trail with: the public half of a [`SigningKey`].
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
    name: String,
    public: Public,
}

/// What a trail's checkpoints are signed with. Wiped from memory when dropped; shown by nothing.
///
/// Its text form ([`SigningKey::to_secret_text`]) is that of Go's note package:
/// `PRIVATE+KEY+name+hash+base64`.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    secret: Secret,
}

/// Who signs a trail's checkpoints: a [`SigningKey`], or a service that holds one and gives it to
/// nobody.
pub trait Signer: Send + 'static {
    /// The public half of the key.
    fn verifying_key(&self) -> VerifyingKey;

    /// The Ed25519 signature (RFC 8032, section 5.1) of these bytes. Called from the trail's writer,
    /// at each turn's end and after 512 records: until it returns, nothing is written.
    ///
    /// # Errors
    ///
    /// Why there is none. To the trail it is as if the disk had failed: what was to be signed waits.
    fn sign(&self, text: &[u8]) -> io::Result<[u8; 64]>;

    /// The same, and it is one of this key: what a service answers is looked at, as a checkpoint that
    /// nobody can verify is worse than none.
    #[doc(hidden)]
    fn checked_signature(&self, text: &[u8]) -> io::Result<[u8; 64]> {
        let (key, signature) = (self.verifying_key(), self.sign(text)?);
        if key.has_signed(text, &Signature::from_bytes(&signature)) {
            return Ok(signature);
        }
        let message = format!("the signer's signature is not one of {key}");
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
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

/// What a file of one key holds.
fn key_file(path: &Path) -> Result<String, KeyError> {
    read_text(path, MOST_FILE_BYTES).map_err(|source| KeyError::Read {
        path: path.display().to_string(),
        source,
    })
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
    pub(super) fn id(&self) -> u32 {
        let key = self.public.as_bytes().as_slice();
        let hash = Hash::of(&[self.name.as_bytes(), b"\n", &[ED25519], key]);
        let first = hash.as_bytes().first_chunk().copied();
        u32::from_be_bytes(first.unwrap_or_default())
    }

    /// Whether these bytes (key id and signature) are this key's signature of a note's text.
    pub(super) fn verifies(&self, text: &str, bytes: &[u8]) -> bool {
        let Some((id, signature)) = bytes.split_first_chunk() else {
            return false;
        };
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        u32::from_be_bytes(*id) == self.id() && self.has_signed(text.as_bytes(), &signature)
    }

    fn has_signed(&self, text: &[u8], signature: &Signature) -> bool {
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

/// `name+hash+base64` taken apart; the bytes without the algorithm's, which must be Ed25519's.
fn parts(text: &str) -> Option<(&str, u32, [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, bytes) = rest.split_once('+')?;
    let digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let plain = id.len() == 8 && id.bytes().all(digit);
    let id = u32::from_str_radix(id, 16).ok().filter(|_| plain)?;
    let bytes = Zeroizing::new(BASE64.decode(bytes).ok()?);
    let (algorithm, key) = bytes.split_first()?;
    (*algorithm == ED25519).then_some((name, id, key.try_into().ok()?))
}

fn checked(name: String) -> Result<String, KeyError> {
    if is_name(&name) {
        Ok(name)
    } else {
        Err(KeyError::Name)
    }
}

/// Whether a key may have this name.
pub(super) fn is_name(name: &str) -> bool {
    let fits = (1..=64).contains(&name.chars().count());
    let plain = |char: char| !char.is_whitespace() && !char.is_control() && char != '+';
    fits && name.chars().all(plain)
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

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
