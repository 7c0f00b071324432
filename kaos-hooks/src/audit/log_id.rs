use std::fmt;
use std::str::FromStr;

use kaos_events::TraceId;

use super::line::MAX_NUMBER;

/// Names one log for good: the origin of its checkpoints.
///
/// A trail is one log, unless its records were damaged: then a new log begins in the same trail,
/// at the next number, and neither pretends to continue the other.
///
/// Shown as `kaos-trail/<32 hexadecimal digits>`, with `/<first number>` for a later log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId {
    /// The trail: a random number made once.
    pub trail: TraceId,
    /// The number of its first record; 0 unless the log replaces a damaged one.
    pub base: u64,
}

/// Not the name of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a log's name is kaos-trail/<32 hexadecimal digits>, perhaps with /<number>")]
pub struct InvalidLogId;

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kaos-trail/{}", self.trail)?;
        if self.base > 0 {
            write!(f, "/{}", self.base)?;
        }
        Ok(())
    }
}

impl FromStr for LogId {
    type Err = InvalidLogId;

    fn from_str(text: &str) -> Result<Self, InvalidLogId> {
        let rest = text.strip_prefix("kaos-trail/").ok_or(InvalidLogId)?;
        let (trail, base) = rest.split_once('/').unwrap_or((rest, "0"));
        let log = Self {
            trail: trail.parse().map_err(|_error| InvalidLogId)?,
            base: base.parse().map_err(|_error| InvalidLogId)?,
        };
        // One text for one log.
        if log.base <= MAX_NUMBER && log.to_string() == text {
            Ok(log)
        } else {
            Err(InvalidLogId)
        }
    }
}
