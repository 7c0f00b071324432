use std::fmt;

use crate::stream::AnyStream;
use crate::table::Key;
use crate::{Progress, Settled, SpanId, TraceId, Value};

/// Emits into an open span without owning it: for what works inside the span.
///
/// Cheap to clone. Once the span has ended, what is done through it is refused and counted.
#[derive(Clone)]
pub struct Handle {
    pub(crate) stream: AnyStream,
    pub(crate) key: Key,
}

impl Handle {
    /// The span's id.
    pub fn id(&self) -> SpanId {
        self.key.id
    }

    /// The id of the trace it belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.stream.trace_id()
    }

    /// Whether the span is still open.
    pub fn is_open(&self) -> bool {
        self.stream.is_open(self.key)
    }

    /// As [`Scope::settled`].
    ///
    /// # Errors
    ///
    /// As [`Scope::settled`].
    pub fn settled(&self) -> Settled {
        self.stream.settled(self.key)
    }

    /// As [`Scope::ready`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; call again.
    pub async fn ready(&self) {
        if let Some(wait) = self.stream.ready() {
            wait.await;
            self.stream.awaited();
        }
    }

    /// Emits a value that belongs to this span.
    pub fn emit(&self, value: impl Into<Value>) {
        self.stream.value(&self.stream, self.key, &value.into());
    }

    /// Says that the work goes on.
    #[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
    pub fn progress(&self, progress: Progress) {
        self.stream.progress(&self.stream, self.key, &progress);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("span", &self.key.id)
            .finish_non_exhaustive()
    }
}
