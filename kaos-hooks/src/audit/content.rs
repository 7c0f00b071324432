use kaos_events::{EventBuf, codec};

use super::line::Line;
use super::own::OwnRecord;

/// One line of a trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its number in the trail, from 0 without a gap: that of its place.
    pub seq: u64,
    /// The highest number that was known to be on the disk when it was written.
    pub synced: Option<u64>,
    /// What it says.
    pub content: RecordContent,
}

/// What a record says.
///
/// Closed: who shows a trail must know what it may show.
///
/// # Example
///
/// What a trail says of itself, for people; [`Filter::own`](crate::audit::Filter::own) asks for it:
///
/// ```
/// use kaos_hooks::audit::{
///     Acceptance, Cause, CheckpointNote, Found, Gap, HandOver, OwnRecord, Recovery, Retention, SegmentStart,
/// };
///
/// fn shown(record: &OwnRecord) -> String {
///     match record {
///         OwnRecord::Segment(start) => segment(start),
///         OwnRecord::Checkpoint(CheckpointNote { seal: true, .. }) => "the segment ends".to_owned(),
///         OwnRecord::Checkpoint(CheckpointNote { note, .. }) => format!("checkpoint: {note}"),
///         OwnRecord::Recovery(Recovery { found: Found::Torn, bytes, .. }) => format!("{bytes} bytes were unfinished"),
///         OwnRecord::Recovery(Recovery { segment, .. }) => format!("{segment} was damaged"),
///         OwnRecord::Gap(Gap { lost, reason, .. }) => format!("{lost} events are missing: {reason}"),
///         OwnRecord::Key(HandOver { key, .. }) => format!("{key} signs from here on"),
///         OwnRecord::Accept(Acceptance { who, reason, .. }) => format!("{who} knows: {reason}"),
///         OwnRecord::Retention(Retention { to, .. }) => format!("records before {to} were removed"),
///         _ => "of a newer version".to_owned(),
///     }
/// }
///
/// fn segment(start: &SegmentStart) -> String {
///     let why = if start.cause == Cause::Failed { ", as the former could not be written" } else { "" };
///     format!("process {} of {} begins a segment{why}", start.pid, start.host)
/// }
/// ```
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
