//! Proofs that can be checked without the trail: that a record is in it, and that it only grew.
//!
//! Their texts are those of C2SP: `tlog-proof@v1`, and the body of `tlog-witness`' `add-checkpoint`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::content::content_of;
use super::line::Line;
use super::tree::join;
use super::{Checkpoint, Hash, Record, VerifyingKey};

/// That a record is among those that a checkpoint covers.
///
/// Shown as a C2SP `tlog-proof@v1`, whose `extra` is the record's line; parsed from it.
///
/// # Example
///
/// An auditor has one record, and the public key, but not the trail:
///
/// ```
/// use kaos_hooks::audit::{AuditHook, Checkpoint, ConsistencyProof, InclusionProof, InvalidProof, SigningKey, Trail};
/// use kaos_hooks::{Hooks, Turn, TurnOutcome};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-proof-doc-{}", std::process::id()));
/// # let key = SigningKey::generate("acme-prod")?;
/// # let audit = AuditHook::builder(&dir).signing_key(key.clone()).open()?;
/// # Hooks::new(audit.clone()).turn(Turn::new("assistant")).complete(TurnOutcome::default());
/// # drop(audit);
/// let trail = Trail::open_read(&dir)?;
/// let proof: InclusionProof = trail.prove_inclusion(1)?;
/// let sent = proof.to_string();
///
/// let mut received: InclusionProof = sent.parse()?;
/// received.verify(&key.verifying_key())?;
/// received.line.push(b' ');
/// let forged: Result<(), InvalidProof> = received.verify(&key.verifying_key());
/// assert!(forged.is_err());
///
/// // Whoever kept a checkpoint learns that the trail only grew since.
/// let kept: Checkpoint = proof.checkpoint;
/// let grown: ConsistencyProof = trail.prove_consistency(&kept)?;
/// grown.verify(&kept, &key.verifying_key())?;
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The record's line, without its line break.
    pub line: Vec<u8>,
    /// How many records the log has before it.
    pub index: u64,
    /// The way up to the root (RFC 6962, section 2.1.1).
    pub path: Vec<Hash>,
    /// What covers it.
    pub checkpoint: Checkpoint,
}

/// That a checkpoint covers all that an older one of the same log covers, and more.
///
/// Shown as the body of C2SP `tlog-witness`' `add-checkpoint`; parsed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// How many records the older checkpoint covers.
    pub old: u64,
    /// The proof (RFC 6962, section 2.1.2).
    pub path: Vec<Hash>,
    /// The newer one.
    pub checkpoint: Checkpoint,
}

/// A proof that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidProof(&'static str);

impl InclusionProof {
    /// Checks the proof, and that this key signed the checkpoint.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), InvalidProof> {
        if !self.checkpoint.is_signed_by(key) {
            return Err(InvalidProof("the key has not signed its checkpoint"));
        }
        self.fits()
    }

    /// What the record says; `None` if it cannot be read, or its number is not that of its place in the log.
    pub fn record(&self) -> Option<Record> {
        let line = Line::parse(&self.line)?;
        let is_there = self.checkpoint.log.base.checked_add(self.index) == Some(line.seq);
        let content = content_of(&line).filter(|_| is_there)?;
        Some(Record {
            seq: line.seq,
            synced: line.synced,
            content,
        })
    }

    /// Checks the proof, but no signature.
    pub(super) fn fits(&self) -> Result<(), InvalidProof> {
        let mut path = self.path.iter();
        let leaf = Hash::of(&[&[0], &self.line]);
        let size = self.checkpoint.size;
        let root = (self.index < size).then(|| root_from(leaf, self.index, size, &mut path));
        if root.flatten() == Some(self.checkpoint.root) && path.next().is_none() {
            Ok(())
        } else {
            Err(InvalidProof(
                "the record is not one that the checkpoint covers",
            ))
        }
    }
}

/// The root of `size` leaves, of which this is one, and the path has the others.
fn root_from(
    leaf: Hash,
    index: u64,
    size: u64,
    path: &mut std::slice::Iter<'_, Hash>,
) -> Option<Hash> {
    if size <= 1 {
        return Some(leaf);
    }
    let left = half(size);
    if index < left {
        let node = root_from(leaf, index, left, path)?;
        Some(join(&node, path.next()?))
    } else {
        let node = root_from(leaf, index - left, size - left, path)?;
        Some(join(path.next()?, &node))
    }
}

impl ConsistencyProof {
    /// Checks the proof from this older checkpoint on, and that this key signed the newer one.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn verify(&self, old: &Checkpoint, key: &VerifyingKey) -> Result<(), InvalidProof> {
        if !self.checkpoint.is_signed_by(key) {
            return Err(InvalidProof("the key has not signed its checkpoint"));
        }
        self.fits(old)
    }

    pub(super) fn fits(&self, old: &Checkpoint) -> Result<(), InvalidProof> {
        let new = &self.checkpoint;
        if old.log != new.log || old.size != self.old || old.size > new.size {
            return Err(InvalidProof("it is not about this older checkpoint"));
        }
        let mut path = self.path.iter();
        let roots = if old.size == 0 {
            Some((old.root, new.root)) // no records are the beginning of any
        } else {
            roots_from(old.size, new.size, true, old.root, &mut path)
        };
        if roots == Some((old.root, new.root)) && path.next().is_none() {
            Ok(())
        } else {
            Err(InvalidProof(
                "the newer checkpoint does not continue the older one",
            ))
        }
    }
}

/// The roots of the first `old` of `size` leaves, and of all; `known` is the former, while the path
/// has not left it.
fn roots_from(
    old: u64,
    size: u64,
    is_known: bool,
    known: Hash,
    path: &mut std::slice::Iter<'_, Hash>,
) -> Option<(Hash, Hash)> {
    if old == size {
        let node = if is_known { known } else { *path.next()? };
        return Some((node, node));
    }
    let left = half(size);
    if old <= left {
        let (of_old, node) = roots_from(old, left, is_known, known, path)?;
        Some((of_old, join(&node, path.next()?)))
    } else {
        let (of_old, node) = roots_from(old - left, size - left, false, known, path)?;
        let left = path.next()?;
        Some((join(left, &of_old), join(left, &node)))
    }
}

/// The largest power of two below this number, which is above 1.
pub(super) const fn half(size: u64) -> u64 {
    let most = u64::BITS - 1 - (size - 1).leading_zeros();
    1 << most
}

const INCLUSION: &str = "c2sp.org/tlog-proof@v1\n";

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(INCLUSION)?;
        writeln!(f, "extra {}", BASE64.encode(&self.line))?;
        writeln!(f, "index {}", self.index)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &[Hash]) -> fmt::Result {
    path.iter()
        .try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.as_bytes())))
}

impl FromStr for InclusionProof {
    type Err = InvalidProof;

    fn from_str(text: &str) -> Result<Self, InvalidProof> {
        const FORM: InvalidProof = InvalidProof("not a tlog-proof with the record in it");
        let rest = text.strip_prefix(INCLUSION).ok_or(FORM)?;
        let (head, path, checkpoint) = parts(rest, 2).ok_or(FORM)?;
        let [line, index] = head[..] else {
            return Err(FORM);
        };
        let line = line
            .strip_prefix("extra ")
            .and_then(|line| BASE64.decode(line).ok());
        let index = index
            .strip_prefix("index ")
            .and_then(|index| index.parse().ok());
        let proof = Self {
            line: line.ok_or(FORM)?,
            index: index.ok_or(FORM)?,
            path,
            checkpoint,
        };
        if proof.to_string() == text {
            Ok(proof)
        } else {
            Err(FORM)
        }
    }
}

impl FromStr for ConsistencyProof {
    type Err = InvalidProof;

    fn from_str(text: &str) -> Result<Self, InvalidProof> {
        const FORM: InvalidProof = InvalidProof("not a proof of consistency");
        let (head, path, checkpoint) = parts(text, 1).ok_or(FORM)?;
        let old = head
            .first()
            .and_then(|old| old.strip_prefix("old ")?.parse().ok());
        let old = old.ok_or(FORM)?;
        let proof = Self {
            old,
            path,
            checkpoint,
        };
        if proof.to_string() == text {
            Ok(proof)
        } else {
            Err(FORM)
        }
    }
}

/// The first lines of a proof, its hashes, and its checkpoint.
fn parts(text: &str, first: usize) -> Option<(Vec<&str>, Vec<Hash>, Checkpoint)> {
    let (head, checkpoint) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let head: Vec<&str> = lines.by_ref().take(first).collect();
    let hash = |line| Some(Hash::from_bytes(BASE64.decode(line).ok()?.try_into().ok()?));
    let path: Option<Vec<Hash>> = lines.map(hash).collect();
    let short = path.filter(|path| path.len() <= 2 * 64)?;
    Some((head, short, checkpoint.parse().ok()?))
}
