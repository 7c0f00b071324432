//! The trail's format a second time, from its document and not from the code under test: what a
//! stranger computes, and what a forger without the key can make up.

#![expect(
    clippy::missing_panics_doc,
    reason = "what is called with other bytes than a trail's has nothing to give"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use kaos_events::EventBuf;
use sha2::{Digest as _, Sha256};

use crate::trails::Memory;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of these pieces, one after the other.
pub fn sha256(pieces: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new();
    for piece in pieces {
        sha.update(piece);
    }
    sha.finalize().into()
}

/// The root as RFC 6962, section 2.1, defines it: recursively.
pub fn root(leaves: &[&[u8]]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => sha256(&[&[0], leaf]),
        _ => {
            let left = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(left);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// The roots of the complete subtrees, the largest first.
pub fn peaks(mut leaves: &[&[u8]]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    while !leaves.is_empty() {
        let (complete, rest) = leaves.split_at(1 << leaves.len().ilog2());
        peaks.push(root(complete));
        leaves = rest;
    }
    peaks
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The hash that 64 digits say.
pub fn from_hex(digits: &str) -> Hash {
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

/// A line taken apart: the part that is hashed, and the stored hash in digits.
pub fn hashed(line: &[u8]) -> (&[u8], &str) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (hashed, rest) = line.split_at(line.len() - 64 - 8);
    let digits = rest
        .strip_prefix(b",\"h\":\"")
        .and_then(|rest| rest.strip_suffix(b"\"}"));
    (hashed, std::str::from_utf8(digits.unwrap()).unwrap())
}

/// The value of a text field, its escapes undone.
pub fn field(line: &[u8], name: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(line).unwrap();
    json.get(name)?.as_str().map(str::to_owned)
}

/// A verifier key taken apart: name, id and key.
pub fn verifier(text: &str) -> (String, [u8; 4], VerifyingKey) {
    let mut parts = text.splitn(3, '+');
    let name = parts.next().unwrap().to_owned();
    let id = parts.next().unwrap();
    let bytes = BASE64.decode(parts.next().unwrap()).unwrap();
    assert_eq!(bytes[0], 1);
    let hash = sha256(&[name.as_bytes(), b"\n", &bytes]);
    assert_eq!(hex(&hash[..4]), id);
    let key = VerifyingKey::from_bytes(bytes[1..].try_into().unwrap()).unwrap();
    (name, hash[..4].try_into().unwrap(), key)
}

/// Whether the note's one signature is this key's.
pub fn verifies(note: &str, key: &str) -> bool {
    let (name, id, key) = verifier(key);
    let Some((text, signature)) = note.rsplit_once("\n\n") else {
        return false;
    };
    let line = signature.strip_suffix('\n').unwrap();
    let Some(signature) = line.strip_prefix(&format!("\u{2014} {name} ")) else {
        return false;
    };
    let signature = BASE64.decode(signature).unwrap();
    let (signed_by, signature) = signature.split_at(4);
    let text = format!("{text}\n");
    let signature = ed25519_dalek::Signature::from_slice(signature).unwrap();
    signed_by == id && key.verify_strict(text.as_bytes(), &signature).is_ok()
}

/// A key that a forger made up.
#[derive(Debug)]
pub struct Forger {
    name: String,
    secret: SigningKey,
}

impl Forger {
    /// The key of this seed, with the name that the true one has.
    pub fn new(name: &str, seed: [u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(&seed);
        let name = name.to_owned();
        Self { name, secret }
    }

    /// The key as it stands in a segment's first record.
    pub fn key(&self) -> String {
        let bytes = self.key_bytes();
        let id = sha256(&[self.name.as_bytes(), b"\n", &bytes]);
        format!("{}+{}+{}", self.name, hex(&id[..4]), BASE64.encode(bytes))
    }

    fn key_bytes(&self) -> Vec<u8> {
        [&[1], self.secret.verifying_key().as_bytes().as_slice()].concat()
    }

    /// A note of this text.
    pub fn note(&self, text: &str) -> String {
        let id = sha256(&[self.name.as_bytes(), b"\n", &self.key_bytes()]);
        let signature = self.secret.sign(text.as_bytes()).to_bytes();
        let bytes = BASE64.encode([&id[..4], &signature].concat());
        format!("{text}\n\u{2014} {} {bytes}\n", self.name)
    }
}

/// What becomes of the signatures of a trail that is forged.
#[derive(Debug)]
pub enum Notes<'f> {
    /// They stay: whoever has no key has nothing better.
    Kept,
    /// They are gone, and no key is named.
    Stripped,
    /// The roots are those of the records, and another key signs and is named.
    By(&'f Forger),
    /// The roots are those of the records, and what this key has signed it signs again.
    Again(&'f Forger),
}

/// Makes numbers, hashes, the roots at the segments' beginnings, and the notes fit the records that
/// are there: what a forger can do who knows the format.
pub fn relink(trail: &Memory, notes: &Notes<'_>) {
    let (mut prev, mut leaves, mut number) = ([0; 32], Vec::<Vec<u8>>::new(), 0_u64);
    for segment in trail.segments() {
        let mut file = Vec::new();
        for line in trail.lines(&segment) {
            let line = String::from_utf8(line).unwrap();
            let at = line.rfind(",\"trail_seq\":").unwrap();
            let synced_at = line.rfind(",\"synced\":").unwrap();
            let synced = &line[synced_at..line.rfind(",\"h\":").unwrap()];
            let mut body = line[..at].to_owned();
            let before: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
            if body.starts_with("{\"type\":\"trail_segment\"") {
                set(&mut body, "prev", &json(&hex(&prev)));
                let tree: Vec<String> = peaks(&before).iter().map(|peak| hex(peak)).collect();
                set(&mut body, "tree", &json(&tree));
                match notes {
                    Notes::Kept | Notes::Again(_) => {}
                    Notes::Stripped => {
                        let key = body.find(",\"key\":").unwrap_or(body.len());
                        body.truncate(key);
                    }
                    Notes::By(forger) => set(&mut body, "key", &json(&forger.key())),
                }
            } else if body.starts_with("{\"type\":\"trail_checkpoint\"") {
                let old = field(format!("{body}}}").as_bytes(), "note").unwrap();
                let origin = old.lines().next().unwrap();
                let root = BASE64.encode(root(&before));
                let text = format!("{origin}\n{}\n{root}\n", before.len());
                match notes {
                    Notes::Kept => {}
                    Notes::Stripped => set(&mut body, "note", &json(&text)),
                    Notes::Again(forger) if !verifies(&old, &forger.key()) => {}
                    Notes::By(forger) | Notes::Again(forger) => {
                        set(&mut body, "note", &json(&forger.note(&text)));
                    }
                }
            }
            let hashed = format!("{body},\"trail_seq\":{number}{synced}");
            prev = sha256(&[&prev, hashed.as_bytes()]);
            let line = format!("{hashed},\"h\":\"{}\"}}", hex(&prev));
            leaves.push(line.clone().into_bytes());
            file.extend_from_slice(line.as_bytes());
            file.push(b'\n');
            number += 1;
        }
        trail.put(&segment, file);
    }
}

/// Appends events to the last segment, as good as they can be made without a key.
pub fn forge_tail(trail: &Memory, records: u64) {
    let work = crate::trails::short_event(0).to_line();
    forge(trail, (0..records).map(|_| work.clone()));
}

/// Appends this event.
pub fn forge_event(trail: &Memory, event: &EventBuf) {
    forge(trail, std::iter::once(event.to_line()));
}

/// Puts a segment behind the trail that names the key of the one before, and has no checkpoint.
pub fn forge_segment(trail: &Memory, cause: &str, records: u64) {
    let segments = trail.segments();
    let lines: Vec<Vec<u8>> = segments.iter().flat_map(|name| trail.lines(name)).collect();
    let leaves: Vec<&[u8]> = lines.iter().map(|line| &line[..line.len() - 1]).collect();
    let header = trail.lines(&segments[segments.len() - 1]).swap_remove(0);
    let mut body = String::from_utf8(header).unwrap();
    body.truncate(body.rfind(",\"trail_seq\":").unwrap());
    let tree: Vec<String> = peaks(&leaves).iter().map(|peak| hex(peak)).collect();
    set(&mut body, "prev", &json(hashed(&lines[lines.len() - 1]).1));
    set(&mut body, "tree", &json(&tree));
    set(&mut body, "cause", &json(cause));
    let name = format!("seg-{:020}.jsonl", lines.len());
    trail.put(&name, Vec::new());
    let work = crate::trails::short_event(0).to_line();
    let works = (0..records).map(|_| work.clone());
    forge(trail, std::iter::once(format!("{body}}}")).chain(works));
}

/// Appends these records to the last segment.
pub fn forge(trail: &Memory, bodies: impl Iterator<Item = String>) {
    let segments = trail.segments();
    let lines: Vec<Vec<u8>> = segments.iter().flat_map(|name| trail.lines(name)).collect();
    let mut prev = from_hex(hashed(&lines[lines.len() - 1]).1);
    let last = &segments[segments.len() - 1];
    let mut file = trail.file(last);
    for (number, body) in (lines.len()..).zip(bodies) {
        let body = body.strip_suffix('}').unwrap();
        let hashed = format!("{body},\"trail_seq\":{number},\"synced\":{}", number - 1);
        prev = sha256(&[&prev, hashed.as_bytes()]);
        file.extend_from_slice(format!("{hashed},\"h\":\"{}\"}}\n", hex(&prev)).as_bytes());
    }
    trail.put(last, file);
}

/// As [`relink`], and signs again what this key has signed.
pub fn resign(trail: &Memory, forger: &Forger) {
    relink(trail, &Notes::Again(forger));
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap()
}

/// Replaces a field that has no `"` or `]` inside but escaped ones.
fn set(body: &mut String, name: &str, value: &str) {
    let mark = format!(",\"{name}\":");
    let Some(begin) = body.find(&mark).map(|at| at + mark.len()) else {
        return;
    };
    let end = if body[begin..].starts_with('[') {
        begin + body[begin..].find(']').unwrap() + 1
    } else {
        begin + 1 + body[begin + 1..].find('"').unwrap() + 1
    };
    body.replace_range(begin..end, value);
}
