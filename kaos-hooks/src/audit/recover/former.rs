//! Whose a trail was so far, and whether the one who opens it may go on with it.

use std::io;

use kaos_events::TraceId;

use crate::audit::anchored::Anchored;
use crate::audit::head::{Head, Settings};
use crate::audit::own::SegmentStart;
use crate::audit::reader::beginning;
use crate::audit::scan::Scanned;
use crate::audit::segment::{self, Lines};
use crate::audit::{Refused, Signer, Storage, VerifyingKey};

/// What is known of a trail before it is opened.
pub(super) struct Former {
    pub(super) trail: Option<TraceId>,
    /// The key that signs it.
    pub(super) key: Option<VerifyingKey>,
    /// Whom that one handed over to.
    pub(super) heir: Option<VerifyingKey>,
}

impl Former {
    /// From the last segment; where that is damaged, from those before it, or from the anchors.
    pub(super) fn of(
        storage: &dyn Storage,
        segments: &[(u64, String)],
        last: Option<&Scanned>,
        anchored: &Anchored,
    ) -> Self {
        if let Some(Scanned {
            head: Some(head),
            key,
            heir,
            ..
        }) = last
        {
            return Self {
                trail: Some(head.log.trail),
                key: key.clone(),
                heir: heir.clone(),
            };
        }
        let before = newest_beginning(storage, segments);
        let anchor = anchored.checkpoints().next().map(|anchor| anchor.log.trail);
        match before {
            Some((start, head)) => Self {
                trail: Some(head.log.trail),
                key: start.key.and_then(|key| key.parse().ok()),
                heir: None,
            },
            None => Self {
                trail: anchor,
                key: None,
                heir: None,
            },
        }
    }
}

/// What the newest segment says whose first record can be read.
fn newest_beginning(
    storage: &dyn Storage,
    segments: &[(u64, String)],
) -> Option<(SegmentStart, Head)> {
    let start = |(_, name): &(u64, String)| {
        let mut lines = Lines::new(storage.read(name).ok()?);
        beginning(&lines.next().ok()??)
    };
    segments.iter().rev().find_map(start)
}

/// The key that the trail's newest segment names.
pub(in crate::audit) fn signer(storage: &dyn Storage) -> io::Result<Option<VerifyingKey>> {
    let segments = segment::among(storage.list()?);
    let key = newest_beginning(storage, &segments).and_then(|(start, _)| start.key);
    Ok(key.and_then(|key| key.parse().ok()))
}

/// Whether the key fits; gives the one before it, where that has to hand over first.
pub(super) fn heir(
    settings: &Settings,
    former: Option<Box<dyn Signer>>,
    unsigned: bool,
    before: &Former,
) -> Result<Option<Box<dyn Signer>>, Refused> {
    let Some(signs) = &before.key else {
        return Ok(None);
    };
    let ours = key_of(settings);
    if ours.as_ref() == Some(signs) && before.heir.is_none() {
        return Ok(None);
    }
    if let Some(former) = former
        && ours.is_some()
        && former.verifying_key() == *signs
    {
        return Ok(Some(former));
    }
    if unsigned {
        return Ok(None);
    }
    let key = signs.to_string();
    Err(Refused::Key { key })
}

pub(super) fn key_of(settings: &Settings) -> Option<VerifyingKey> {
    settings.key.as_deref().map(Signer::verifying_key)
}
