//! Events as JSON Lines: one JSON object a line.
//!
//! The field names of Python KAOS's format (`type`, `timestamp`, `sequence`, `session_id`,
//! `run_id`, `agent_id`, `subject`, `phase`, `span_id`, `parent_span_id`, `name`, `duration_ms`,
//! `error_type`, `error_message`, `attributes`) keep their type and meaning, so readers of that
//! format can read ours. Beside them stand `schema`, `trace_id`, `time_unix_nano`, and for spans
//! `fields` (what the subject knows at its start) and `outcome` (what came of it).
//!
//! - `timestamp` is monotonic seconds; `time_unix_nano` is a decimal string, since it exceeds
//!   2^53; both are exact to the nanosecond, and so is `duration_ms`.
//! - An anonymous session is the empty `session_id`; an agent without a name is a null `agent_id`.
//! - A span's content (prompt, arguments, …) stands in its start, not again in its end.
//! - Unknown fields are ignored. A line of an unknown type, subject or phase is kept as it is and
//!   written back byte for byte.
//!
//! Reading a line of Python KAOS: 12-digit span ids are padded with zeros on the left, an absent
//! trace id is the first 16 bytes of SHA-256 of the run id, gaps in `sequence` are accepted, the
//! turn's name `turn.1` gives its number, and wall time, which is not recorded, is 0.
//!
//! # Example
//!
//! ```
//! let line = r#"{"timestamp":1.5,"sequence":3,"session_id":"s","run_id":"run_1","agent_id":null,"content":"Hello","type":"text_delta"}"#;
//! let event = kaos_events::codec::decode(line.as_bytes())?;
//! assert_eq!(event.seq, 3);
//! assert_eq!(kaos_events::codec::decode(event.to_line().as_bytes())?, event);
//! # Ok::<(), kaos_events::codec::DecodeError>(())
//! ```

mod decode;
mod encode;
mod error;
mod line;

pub use crate::raw_line::RawLine;
pub use decode::decode;
pub use encode::encode;
pub use error::{DecodeError, DecodeErrorKind};

/// The version of the format, in the field `schema`: raised when a reader of the former version
/// would misread a line.
pub const SCHEMA: u32 = 1;

/// The longest line that is read, in bytes; a longer one is refused unread.
pub const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;
