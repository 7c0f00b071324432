//! What waits until the event that is being delivered has been.

use crate::table::Key;
use crate::{PhaseBuf, Progress, Run, SpanId, Subject, Value};

/// How many emissions of observers may wait for the event being delivered.
pub(super) const MAX_DEFERRED: usize = 1024;

/// An operation that waits for the event being delivered.
pub(super) enum Deferred {
    Start {
        id: SpanId,
        parent: Key,
        subject: Box<Option<Subject>>,
        run: Option<Box<Run>>,
    },
    End(Key, Box<PhaseBuf>),
    Value(Key, Box<Value>),
    Progress(Key, Progress),
}
