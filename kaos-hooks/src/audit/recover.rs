//! Opening a trail again: what a crash left is told from damage, and put right or left alone.

use std::io::{self, Read};
use std::sync::Arc;

use kaos_events::TraceId;

use super::anchor::Anchors;
use super::head::{Head, Settings};
use super::line::MOST_NUMBER;
use super::log::{Log, write_all};
use super::own::{Cause, FORMAT, Found, OwnRecord, Recovery, SegmentStart};
use super::reader::beginning;
use super::scan::{Bad, Scanned};
use super::segment::{self, Lines};
use super::verify::{self, Anchored};
use super::{Checkpoint, Refused, Signer, Storage, StorageLock, VerifyingKey};

/// A log, and what was found when it was opened.
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) recoveries: Vec<Recovery>,
}

/// What an opening may do that none does unasked.
#[derive(Default)]
pub(super) struct Permits {
    /// The key that signed so far: it hands over.
    pub(super) former: Option<Box<dyn Signer>>,
    /// The trail goes on without its key.
    pub(super) unsigned: bool,
    /// It goes on, in a new log, without what its anchors cover.
    pub(super) regress: bool,
}

/// Opens the log in `storage`, of which this is the lock, or makes one.
///
/// Only the last segment is read, unless an anchor is older: the others were complete when it began.
pub(super) fn open(
    storage: Arc<dyn Storage>,
    lock: Box<dyn StorageLock>,
    mut settings: Settings,
    anchors: Anchors,
    permits: Permits,
    new_trail: TraceId,
) -> io::Result<Opened> {
    let files = storage.list()?;
    for unfinished in files.iter().filter(|file| segment::is_unfinished(file)) {
        storage.remove(unfinished)?;
    }
    let segments = segment::among(files);
    let mut anchored = Anchored::new(anchors.newest()?);
    let last = segments.last().map(|(_, name)| name.clone());
    let scanned = match segments.last() {
        None => None,
        Some((first, last)) => {
            let lines = Lines::new(storage.read(last)?);
            Some(Scanned::of(lines, *first, &mut anchored)?)
        }
    };
    if let Some(scanned) = &scanned
        && scanned.format > FORMAT
    {
        let newer = format!("a newer version wrote it, in format {}", scanned.format);
        return Err(io::Error::new(io::ErrorKind::Unsupported, newer));
    }
    let former = Former::of(&*storage, &segments, scanned.as_ref(), &anchored);
    let heir = heir(&settings, permits.former, permits.unsigned, &former)?;
    let regressed = regress(
        &storage,
        &mut anchored,
        &former,
        scanned.as_ref(),
        permits.regress,
    )?;

    let time = settings.clock.unix_nanos().to_string();
    let trail = former.trail.unwrap_or(new_trail);
    let (mut head, mut cause, recoveries) = match (last, scanned) {
        (Some(last), Some(scanned)) => put_right(&*storage, &last, scanned, trail, &time)?,
        _ => (Head::new(trail, 0), Cause::Created, Vec::new()),
    };
    if regressed || cause == Cause::Restarted {
        // No number is ever given twice.
        let base = head.next.max(anchored.end().saturating_add(1));
        (head, cause) = (Head::new(trail, base), Cause::Restarted);
    }
    if head.next > MOST_NUMBER / 2 {
        let message = format!(
            "its segments have numbers up to {}, which no trail reaches: somebody put one there",
            head.next
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let first: Vec<OwnRecord> = recoveries
        .iter()
        .cloned()
        .map(OwnRecord::Recovery)
        .collect();
    let heir = match heir {
        // It has handed over, and died before the new key took over.
        Some(old) if former.heir.is_some() && former.heir == key_of(&settings) => {
            settings.former = Some(old.verifying_key());
            None
        }
        heir => heir.and_then(|old| settings.key.replace(old)),
    };
    let mut log = Log::begin(storage, lock, settings, anchors, head, cause, &first)?;
    if let Some(heir) = heir {
        log.hand_over(heir)?;
    }
    Ok(Opened { log, recoveries })
}

/// What is known of a trail before it is opened.
struct Former {
    trail: Option<TraceId>,
    /// The key that signs it.
    key: Option<VerifyingKey>,
    /// Whom that one handed over to.
    heir: Option<VerifyingKey>,
}

impl Former {
    /// From the last segment; where that is damaged, from those before it, or from the anchors.
    fn of(
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
pub(super) fn signer(storage: &dyn Storage) -> io::Result<Option<VerifyingKey>> {
    let segments = segment::among(storage.list()?);
    let key = newest_beginning(storage, &segments).and_then(|(start, _)| start.key);
    Ok(key.and_then(|key| key.parse().ok()))
}

/// Whether the key fits; gives the one before it, where that has to hand over first.
fn heir(
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

fn key_of(settings: &Settings) -> Option<VerifyingKey> {
    settings.key.as_deref().map(Signer::verifying_key)
}

/// Whether a new log has to begin because this one does not hold what was anchored.
fn regress(
    storage: &Arc<dyn Storage>,
    anchored: &mut Anchored,
    former: &Former,
    last: Option<&Scanned>,
    permitted: bool,
) -> io::Result<bool> {
    let foreign = |anchor: &&Checkpoint| Some(anchor.log.trail) != former.trail;
    if let Some(anchor) = anchored.checkpoints().find(foreign) {
        let log = anchor.log.to_string();
        return Err(Refused::Foreign { log }.into());
    }
    if !anchored.all_fit() {
        *anchored = Anchored::new(anchored.checkpoints().cloned().collect::<Vec<_>>());
        verify::read(storage, anchored)?;
    }
    if anchored.all_fit() {
        return Ok(false);
    }
    // Where the damage is to be seen, a new log begins anyway, and its first record says so.
    let is_visible = last.is_some_and(Scanned::is_certainly_damaged);
    if !is_visible && !permitted {
        let problems = anchored.problems(former.trail);
        let what = problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        return Err(Refused::Regress { what }.into());
    }
    tracing::error!("the audit trail has lost records that were anchored; a new log begins");
    Ok(true)
}

/// Where the log goes on after this segment, and what had to be done for it.
fn put_right(
    storage: &dyn Storage,
    name: &str,
    scanned: Scanned,
    trail: TraceId,
    time: &str,
) -> io::Result<(Head, Cause, Vec<Recovery>)> {
    let first = segment::first_of(name).unwrap_or(0);
    let recovery = |found, from_seq, offset, bytes, quarantine| Recovery {
        time_unix_nano: time.to_owned(),
        found,
        segment: name.to_owned(),
        from_seq,
        offset,
        bytes,
        quarantine,
    };
    let mut recoveries = Vec::new();
    let good_bytes = scanned.good_bytes;
    match (scanned.head, scanned.bad) {
        (Some(mut head), bad) if bad.as_ref().is_none_or(|bad| !bad.was_durable) => {
            if let Some(bad) = bad {
                let copy = set_aside(storage, name, good_bytes)?;
                write_again(storage, name, good_bytes)?;
                let torn = (bad.seq, good_bytes, bad.bytes);
                recoveries.push(recovery(Found::Torn, torn.0, torn.1, torn.2, Some(copy)));
            } else if let Some(seal) = scanned.seal {
                seal_again(storage, name, seal)?;
            } else {
                write_again(storage, name, good_bytes)?;
            }
            storage.sync_directory()?;
            head.synced = head.next.checked_sub(1);
            // The next checkpoint covers them, too, but nobody can say that they were ours.
            let from = scanned.uncovered_from;
            if from < head.next {
                recoveries.push(recovery(Found::Unsigned, from, 0, 0, None));
            }
            Ok((head, Cause::Opened, recoveries))
        }
        (_, bad) => {
            let bad = bad.unwrap_or(Bad::of_all(first));
            let (base, from) = (bad.above(), bad.seq);
            tracing::error!(
                segment = name,
                seq = from,
                "the audit trail is damaged; it is left as it is, and a new log begins"
            );
            recoveries.push(recovery(Found::Corrupt, from, good_bytes, bad.bytes, None));
            Ok((Head::new(trail, base), Cause::Restarted, recoveries))
        }
    }
}

/// Puts the first bytes of a segment into a new file of its name.
///
/// What a killed process wrote may be in memory only. Where its `fsync` had failed, no other one on
/// this file would bring it to the disk, and yet succeed.
fn write_again(storage: &dyn Storage, name: &str, length: u64) -> io::Result<()> {
    let mut good = storage.read(name)?.take(length);
    copy(storage, &mut good, &format!("{name}.tmp"), name)
}

/// Writes a segment's last line again; all before it was on the disk when it was written first. A
/// crash here loses a seal at worst, of which nobody was told.
fn seal_again(storage: &dyn Storage, name: &str, offset: u64) -> io::Result<()> {
    let mut from = storage.read(name)?;
    io::copy(&mut (&mut from).take(offset), &mut io::sink())?;
    let mut line = Vec::new();
    from.read_to_end(&mut line)?;
    let mut file = storage.open(name)?;
    file.truncate(offset)?;
    write_all(&mut *file, &line)?;
    file.sync()
}

/// Copies a segment from `offset` on into the quarantine; gives the copy's name.
fn set_aside(storage: &dyn Storage, name: &str, offset: u64) -> io::Result<String> {
    let mut from = storage.read(name)?;
    io::copy(&mut (&mut from).take(offset), &mut io::sink())?;
    let to = format!("quarantine/{name}-{offset}.torn");
    copy(storage, &mut from, &format!("{name}-{offset}.tmp"), &to)?;
    storage.sync_directory()?;
    Ok(to)
}

/// Makes a file of these bytes, which has its name once it is whole.
fn copy(
    storage: &dyn Storage,
    from: &mut dyn Read,
    unfinished: &str,
    name: &str,
) -> io::Result<()> {
    let mut to = storage.create(unfinished)?;
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut part)?;
        if read == 0 {
            break;
        }
        write_all(&mut *to, part.get(..read).unwrap_or_default())?;
    }
    to.sync()?;
    storage.rename(unfinished, name)
}
