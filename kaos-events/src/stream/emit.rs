//! What a scope asks of its stream.

use std::sync::Arc;

use super::End;
use crate::table::Key;
use crate::{Entry, Progress, Ready, Run, Session, Settled, Str, Subject, TraceId, Value};

/// A stream with whatever observer, as scopes hold it.
pub(crate) type AnyStream = Arc<dyn Emit>;

/// What a scope can ask of its stream, whatever its observer is. Who emits hands the stream itself
/// over, too: what cannot be applied yet keeps it.
pub(crate) trait Emit: Send + Sync {
    /// Takes the subject out of where it stands: it is large, and this way it moves once.
    fn start(
        &self,
        this: &AnyStream,
        parent: Key,
        subject: &mut Option<Subject>,
        run: Option<Box<Run>>,
    ) -> Key;
    fn end(&self, this: &AnyStream, key: Key, end: End<'_>);
    fn value(&self, this: &AnyStream, key: Key, value: &Value);
    fn progress(&self, this: &AnyStream, key: Key, progress: &Progress);
    fn entry(&self, key: Key) -> Entry;
    fn ready(&self) -> Option<Ready>;
    /// The observer was waited for.
    fn awaited(&self);
    fn settled(&self, key: Key) -> Settled;
    fn is_open(&self, key: Key) -> bool;
    /// What an open span is about.
    fn subject(&self, key: Key) -> Option<Subject>;
    /// Applies what observers of other runs emitted into this one.
    fn deliver_deferred(&self);
    /// Refuses it.
    fn refuse_deferred(&self);
    fn trace_id(&self) -> TraceId;
    /// A run of its own for a sub-agent of the span at `key`.
    fn sub_run(&self, agent: Str, session: Session) -> Run;
}
