//! Checkpoints: what a trail held at some moment, as C2SP signed notes (tlog-checkpoint).

use std::fmt;
use std::io;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::key::is_name;
use super::line::MAX_NUMBER;
use super::tree::Tree;
use super::{Hash, LogId, Signer, VerifyingKey};

/// What a trail held at some moment: how many records, and the Merkle root over them.
///
/// Its text form is a C2SP checkpoint, a signed note: origin, size, root, a blank line, and a line
/// per signature. One that nobody signed is the first three lines alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is about.
    pub log: LogId,
    /// How many records it covers: the first ones of the log.
    pub size: u64,
    /// The Merkle root over their lines (RFC 6962, section 2.1).
    pub root: Hash,
    /// Key name, key id and signature of each signature line.
    signatures: Vec<(String, Vec<u8>)>,
}

/// The text is no checkpoint of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint of an audit trail: {0}")]
pub struct InvalidCheckpoint(&'static str);

impl Checkpoint {
    /// The checkpoint of all records that are in the tree.
    pub(super) fn of(log: LogId, tree: &Tree) -> Self {
        Self {
            log,
            size: tree.size(),
            root: tree.root(),
            signatures: Vec::new(),
        }
    }

    /// The note as text, signed by `key` where there is one.
    ///
    /// # Errors
    ///
    /// The signer's, or what it gave is no signature of its key.
    pub(super) fn note(&self, key: Option<&dyn Signer>) -> io::Result<String> {
        let text = self.text();
        let Some(signer) = key else {
            return Ok(text);
        };
        let signature = signer.checked_signature(text.as_bytes())?;
        let key = signer.verifying_key();
        let bytes = [key.id().to_be_bytes().as_slice(), &signature].concat();
        Ok(format!(
            "{text}\n\u{2014} {} {}\n",
            key.name(),
            BASE64.encode(bytes)
        ))
    }

    /// What is signed.
    fn text(&self) -> String {
        let root = BASE64.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.log, self.size)
    }

    /// The number after the last record that it covers.
    pub const fn end(&self) -> u64 {
        self.log.base.saturating_add(self.size)
    }

    /// Whether a note of this may take the place of a former one: the same trail, and nothing less.
    pub(super) fn may_follow(&self, former: &Self) -> bool {
        let same_log = self.log == former.log;
        let same = self.size == former.size && self.root == former.root;
        let newer_log = self.log.trail == former.log.trail && self.log.base >= former.end();
        (same_log && (same || self.size > former.size)) || (!same_log && newer_log)
    }

    /// Whether anybody signed it.
    pub fn is_signed(&self) -> bool {
        !self.signatures.is_empty()
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let text = self.text();
        self.signatures
            .iter()
            .any(|(name, bytes)| name == key.name() && key.verifies(&text, bytes))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        if self.is_signed() {
            f.write_str("\n")?;
        }
        for (name, bytes) in &self.signatures {
            writeln!(f, "\u{2014} {name} {}", BASE64.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(note: &str) -> Result<Self, InvalidCheckpoint> {
        let invalid = |what| move || InvalidCheckpoint(what);
        let (text, signed) = note.split_once("\n\n").unwrap_or((note, ""));
        let mut lines = text.split_terminator('\n');
        let mut line = |what| lines.next().ok_or_else(invalid(what));
        let log = line("no origin")?;
        let log = log
            .parse()
            .map_err(|_error| InvalidCheckpoint("foreign origin"))?;
        let size = line("no size")?;
        let size = decimal(size).ok_or_else(invalid("size is no number"))?;
        let root = BASE64.decode(line("no root")?).ok();
        let root: Option<[u8; 32]> = root.and_then(|root| root.try_into().ok());
        let root = Hash::from_bytes(root.ok_or_else(invalid("root is no hash"))?);
        let signatures: Option<_> = signed.split_terminator('\n').map(signature).collect();
        let checkpoint = Self {
            log,
            size,
            root,
            signatures: signatures.ok_or_else(invalid("malformed signature"))?,
        };
        // One text for one meaning: nothing may hide in another spelling.
        if checkpoint.to_string() == note {
            Ok(checkpoint)
        } else {
            Err(InvalidCheckpoint("not in its one text form"))
        }
    }
}

fn signature(line: &str) -> Option<(String, Vec<u8>)> {
    let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(bytes).ok()?;
    (is_name(name) && bytes.len() >= 4).then(|| (name.to_owned(), bytes))
}

fn decimal(text: &str) -> Option<u64> {
    let number = text.parse().ok()?;
    let is_one = number <= MAX_NUMBER && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then_some(number)
}
