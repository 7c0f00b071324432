use std::io;
use std::sync::Arc;

use super::filter::Filter;
use super::placing::{Failed, Placing, unopened};
use crate::audit::Storage;
use crate::audit::content::Record;
use crate::audit::position::Position;

/// The records of a trail; see [`Trail::records`](super::Trail::records).
pub struct Records {
    placing: Placing,
    filter: Filter,
}

impl Records {
    pub(super) fn of(storage: &Arc<dyn Storage>, filter: Filter) -> io::Result<Self> {
        Ok(Self {
            placing: Placing::of(storage, Position::default())?,
            filter,
        })
    }

    /// How many lines were left out so far because they are no records of the trail: without the form of one, or
    /// with another number than belongs there. Verifying tells what they are.
    pub const fn passed_over(&self) -> u64 {
        self.placing.passed_over()
    }

    fn try_next(&mut self) -> io::Result<Option<Record>> {
        loop {
            match self.placing.next() {
                Ok(None) => return Ok(None),
                Ok(Some(placed)) if self.filter.wants(&placed.record.content) => {
                    return Ok(Some(placed.record));
                }
                Ok(Some(_unwanted)) => {}
                // It is said once: the rest of that file is passed over.
                Err(Failed::Unopened(name, error)) => return Err(unopened(&name, &error)),
                Err(Failed::BrokenOff(error)) => return Err(error),
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
