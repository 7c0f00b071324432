//! What a crash left at a trail's end, put right or left alone.

use std::io::{self, Read};

use kaos_events::TraceId;

use crate::audit::Storage;
use crate::audit::head::Head;
use crate::audit::own::{Cause, Found, Recovery};
use crate::audit::scan::{Bad, Scanned};
use crate::audit::segment;
use crate::audit::storage::write_all;

/// Where the log goes on after this segment, and what had to be done for it.
pub(super) fn put_right(
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
