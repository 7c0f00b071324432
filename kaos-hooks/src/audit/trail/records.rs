use std::io;
use std::sync::Arc;

use super::content::{Record, content_of};
use super::filter::Filter;
use crate::audit::Storage;
use crate::audit::reader::{OpenSegment, Reader};

/// The records of a trail; see [`Trail::records`](super::Trail::records).
pub struct Records {
    reader: Reader,
    segment: Option<OpenSegment>,
    filter: Filter,
}

impl Records {
    pub(super) fn of(storage: &Arc<dyn Storage>, filter: Filter) -> io::Result<Self> {
        Ok(Self {
            reader: Reader::new(Arc::clone(storage), None)?,
            segment: None,
            filter,
        })
    }

    fn try_next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let segment = match &mut self.segment {
                Some(segment) => segment,
                none => match self.reader.next_segment() {
                    None => return Ok(None),
                    Some(Ok(next)) => none.insert(next),
                    Some(Err((name, error))) => {
                        let message = format!("{name} cannot be read: {error}");
                        return Err(io::Error::new(error.kind(), message));
                    }
                },
            };
            let until = segment.until;
            let piece = match segment.next() {
                Ok(Some(piece)) => piece,
                // An error is said once: the rest of that file is passed over.
                over => {
                    let error = over.err();
                    self.segment = None;
                    match error {
                        Some(error) => return Err(error),
                        None => continue,
                    }
                }
            };
            let line = piece.line();
            let Some(line) = line.filter(|line| until.is_none_or(|until| line.seq < until)) else {
                continue;
            };
            if let Some(content) = content_of(&line)
                && self.filter.wants(&content)
            {
                return Ok(Some(Record {
                    seq: line.seq,
                    synced: line.synced,
                    content,
                }));
            }
        }
    }
}

impl Iterator for Records {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        self.try_next().transpose()
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
