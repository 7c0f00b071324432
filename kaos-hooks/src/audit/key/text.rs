//! Keys as text, and the files that hold it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::error::KeyError;
use crate::audit::regular::read_text;

/// The most bytes of a key's file.
const MAX_FILE_BYTES: u64 = 4096;

/// Ed25519, in the algorithm byte of a note's key.
pub(super) const ED25519: u8 = 1;

/// What a file of one key holds.
pub(super) fn key_file(path: &Path) -> Result<String, KeyError> {
    read_text(path, MAX_FILE_BYTES).map_err(|source| KeyError::Read {
        path: path.display().to_string(),
        source,
    })
}

/// `name+hash+base64` taken apart; the bytes without the algorithm's, which must be Ed25519's.
pub(super) fn parts(text: &str) -> Option<(&str, u32, [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, bytes) = rest.split_once('+')?;
    let digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let plain = id.len() == 8 && id.bytes().all(digit);
    let id = u32::from_str_radix(id, 16).ok().filter(|_| plain)?;
    let bytes = Zeroizing::new(BASE64.decode(bytes).ok()?);
    let (algorithm, key) = bytes.split_first()?;
    (*algorithm == ED25519).then_some((name, id, key.try_into().ok()?))
}

pub(super) fn checked(name: String) -> Result<String, KeyError> {
    if is_name(&name) {
        Ok(name)
    } else {
        Err(KeyError::Name)
    }
}

/// Whether a key may have this name.
pub(in crate::audit) fn is_name(name: &str) -> bool {
    let fits = (1..=64).contains(&name.chars().count());
    let plain = |char: char| !char.is_whitespace() && !char.is_control() && char != '+';
    fits && name.chars().all(plain)
}
