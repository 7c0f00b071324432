use std::io;

use kaos_hooks::EventBuf;
use kaos_hooks::audit::{RecordContent, Trail};

use super::grouping::Grouping;
use super::run::Run;

/// A record of a run.
pub(crate) struct Recorded {
    pub(crate) seq: u64,
    /// Of its line.
    pub(crate) bytes: u64,
    pub(crate) event: EventBuf,
}

/// Reads a run's records: only the stretch of the trail where they stand. What cannot be read
/// is left out, as is what is no record; verifying tells of it.
///
/// # Errors
///
/// The files cannot be listed, or the run is not there any more.
pub(crate) fn events(trail: &Trail, run: &Run, mut each: impl FnMut(Recorded)) -> io::Result<()> {
    let mut grouping = Grouping::default();
    let mut ours = None;
    let mut follow = trail.follow(run.places.start)?;
    while let Some(placed) = follow.next() {
        let Ok(placed) = placed else {
            // If it is a whole file, what others hold is read.
            let _name = follow.pass_over_file();
            continue;
        };
        if placed.at >= run.places.end {
            break;
        }
        let RecordContent::Event(event) = placed.record.content else {
            continue;
        };
        let Some(of) = grouping.place(&event).map(|it| it.run) else {
            continue;
        };
        let seq = placed.record.seq;
        // A run that was cut begins with whatever of it is left.
        let is_first = seq == run.seqs.start || (!run.has_beginning && is_of(&event, run));
        if ours.is_none() && is_first {
            ours = Some(of);
        }
        if ours == Some(of) || (!run.has_beginning && is_of(&event, run)) {
            each(Recorded {
                seq,
                bytes: placed.bytes,
                event: *event,
            });
        }
    }
    match ours {
        Some(_) => Ok(()),
        None => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "its records are not there any more",
        )),
    }
}

fn is_of(event: &EventBuf, run: &Run) -> bool {
    event.run.trace_id == run.trace && event.run.agent == *run.agent
}
