//! Who is told what a trail holds, in the order of its files.

use super::findings::{Findings, Place};
use crate::audit::anchored::Anchored;
use crate::audit::head::Head;
use crate::audit::line::Line;
use crate::audit::own::SegmentStart;

/// Who is told what is there, in the order of the files.
pub(in crate::audit) trait Judge {
    /// These bytes stand where a record of this number is expected.
    fn piece(&mut self, _at: &Place<'_>, _bytes: &[u8]) {}

    /// A segment's first record. `first` if no segment could be read before.
    fn begins(&mut self, _at: &Place<'_>, _segment: &Begins<'_>, _to: &mut Findings) {}

    /// A line that follows from the one before, and where the log stood before it.
    fn record(&mut self, _at: &Place<'_>, _line: &Line<'_>, _before: &Head, _to: &mut Findings) {}

    /// Where the log stands after a line.
    fn grown(&mut self, _head: &Head, _to: &mut Findings) {}

    /// A segment ends, perhaps before it should; `at` is where.
    fn ends(&mut self, _at: &Place<'_>, _to: &mut Findings) {}
}

/// What a segment's first line says.
pub(in crate::audit) struct Begins<'s> {
    pub(in crate::audit) start: &'s SegmentStart,
    /// Where the log stands before it, as it says.
    pub(in crate::audit) head: &'s Head,
    /// Whether it is the first of the trail that can be read.
    pub(in crate::audit) is_first: bool,
}

impl Judge for Anchored {
    fn begins(&mut self, _at: &Place<'_>, segment: &Begins<'_>, _to: &mut Findings) {
        self.stands(segment.head, false);
    }

    fn grown(&mut self, head: &Head, _to: &mut Findings) {
        self.stands(head, true);
    }
}
