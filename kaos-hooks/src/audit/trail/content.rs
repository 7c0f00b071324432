use kaos_events::{EventBuf, codec};

use crate::audit::line::Line;
use crate::audit::own::OwnRecord;

/// One line of a trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its number in the trail, from 0 without a gap.
    pub seq: u64,
    /// The highest number that was known to be on the disk when it was written.
    pub synced: Option<u64>,
    /// What it says.
    pub content: RecordContent,
}

/// What a record says.
///
/// Closed: who shows a trail must know what it may show.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordContent {
    /// An event of a run, redacted.
    Event(Box<EventBuf>),
    /// Something about the trail itself.
    Own(OwnRecord),
}

/// What a line says; `None` when it says nothing that can be read.
pub(super) fn content_of(line: &Line<'_>) -> Option<RecordContent> {
    if OwnRecord::is_in(line.body) {
        return OwnRecord::read(line).ok().map(RecordContent::Own);
    }
    let event = codec::decode(&line.record()).ok()?;
    Some(RecordContent::Event(Box::new(event)))
}
