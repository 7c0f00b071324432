use std::io;

use kaos_hooks::EventBuf;
use kaos_hooks::audit::{RecordContent, Trail};

use super::grouping::Grouping;
use super::run::Run;

/// Reads a run's records, each with its number: only the stretch of the trail where they stand. What cannot be read
/// is left out; verifying tells of it.
///
/// # Errors
///
/// The files cannot be listed, or the run is not there any more.
pub(crate) fn events(
    trail: &Trail,
    run: &Run,
    mut each: impl FnMut(u64, EventBuf),
) -> io::Result<()> {
    let mut grouping = Grouping::default();
    let mut ours = None;
    for placed in trail.follow(run.places.start)? {
        let Ok(placed) = placed else {
            continue;
        };
        if placed.at >= run.places.end {
            break;
        }
        let RecordContent::Event(event) = placed.record.content else {
            continue;
        };
        let of = grouping.place(&event).run;
        let seq = placed.record.seq;
        // A run that was cut begins with whatever of it is left.
        let is_first = seq == run.seqs.start || (!run.has_beginning && is_of(&event, run));
        if ours.is_none() && is_first {
            ours = Some(of);
        }
        if ours == Some(of) || (!run.has_beginning && is_of(&event, run)) {
            each(seq, *event);
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
