use std::io;

use ed25519_dalek::Signature;

use super::verifying::VerifyingKey;

/// Who signs a trail's checkpoints: a [`SigningKey`](super::SigningKey), or a service that holds one and gives it to
/// nobody.
///
/// # Example
///
/// A service signs, so the machine that writes the trail cannot forge what it wrote before:
///
/// ```
/// use std::io;
/// use kaos_hooks::audit::{AuditHook, Signer, SigningKey, VerifyingKey};
///
/// # struct Vault(SigningKey);
/// # impl Vault { fn sign(&self, text: &[u8]) -> io::Result<[u8; 64]> { self.0.sign(text) } }
/// struct Remote {
///     public: VerifyingKey,
///     vault: Vault, // a client of yours, with a time limit
/// }
///
/// impl Signer for Remote {
///     fn verifying_key(&self) -> VerifyingKey {
///         self.public.clone()
///     }
///
///     fn sign(&self, text: &[u8]) -> io::Result<[u8; 64]> {
///         self.vault.sign(text)
///     }
/// }
/// # let key = SigningKey::generate("acme-prod")?;
/// # let remote = Remote { public: key.verifying_key(), vault: Vault(key) };
/// # let dir = std::env::temp_dir().join(format!("kaos-signer-doc-{}", std::process::id()));
/// let audit = AuditHook::builder(&dir).signing_key(remote).open()?;
/// # drop(audit);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
