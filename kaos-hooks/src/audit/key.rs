//! Ed25519 keys in the text forms of C2SP's signed notes.

mod error;
mod signer;
mod signing;
mod text;
mod verifying;

pub use error::KeyError;
pub use signer::Signer;
pub use signing::SigningKey;
pub(super) use text::is_name;
pub use verifying::VerifyingKey;
