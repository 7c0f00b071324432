//! Opening a trail again: what a crash left is told from damage, and put right or left alone.

mod former;
mod put_right;

use std::io;
use std::sync::Arc;

use kaos_events::TraceId;

use super::anchor::Anchors;
use super::anchored::Anchored;
use super::head::{Head, Settings};
use super::line::MAX_NUMBER;
use super::log::Log;
use super::own::{Cause, FORMAT, OwnRecord, Recovery};
use super::scan::Scanned;
use super::segment::{self, Lines};
use super::verify;
use super::{Checkpoint, Refused, Signer, Storage, StorageLock};
pub(super) use former::signer;
use former::{Former, heir, key_of};
use put_right::put_right;

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
    if head.next > MAX_NUMBER / 2 {
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
