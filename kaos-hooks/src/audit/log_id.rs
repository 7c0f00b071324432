use std::fmt;
use std::str::FromStr;

use kaos_events::TraceId;

use super::line::MAX_NUMBER;

/// Names one log, in the sense of transparency logs, for good: the origin of its checkpoints. It has nothing to do with log lines and log records.
///
/// A trail is one log, unless its records were damaged: then a new log begins in the same trail,
/// at the next number, and neither pretends to continue the other.
///
/// Shown as `kaos-trail/<32 hexadecimal digits>`, with `/<first number>` for a later log.
///
/// # Example
///
/// What somebody pasted becomes what the trail is verified against, or says what it is not:
///
/// ```
/// use kaos_hooks::audit::{Checkpoint, Hash, InvalidCheckpoint, InvalidHash, InvalidLogId, LogId, Trail};
///
/// let log: Result<LogId, InvalidLogId> = "kaos-trail/0af7651916cd43dd8448eb211c80319c/512".parse();
/// assert_eq!(log.map(|it| it.base), Ok(512));
/// let anchor: Result<Checkpoint, InvalidCheckpoint> = "Dear auditor,".parse();
/// assert!(anchor.unwrap_err().to_string().starts_with("not a checkpoint"));
/// let root: Result<Hash, InvalidHash> = "0af7".parse();
/// assert!(root.is_err());
///
/// fn verifies(trail: &Trail, log: LogId, anchor: Checkpoint) -> std::io::Result<bool> {
///     Ok(trail.verifier().log(log).anchor(anchor).run()?.is_intact())
/// }
/// ```
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
