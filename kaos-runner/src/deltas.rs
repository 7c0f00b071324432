use std::sync::OnceLock;
use std::time::Duration;

use kaos_hooks::{
    Attributes, Handle, Progress, Str, TextDelta, ThinkingDelta, ToolCallArgsDelta, Value,
};
use tokio::time::Instant;

/// Where a model hands on what happens before its reply is whole.
#[derive(Debug)]
pub struct Deltas {
    call: Handle,
    began: Instant,
    first: OnceLock<Duration>,
    /// Whether the pieces are events.
    told: bool,
}

impl Deltas {
    pub(crate) fn new(call: Handle, told: bool) -> Self {
        Self {
            call,
            told,
            began: Instant::now(),
            first: OnceLock::new(),
        }
    }

    /// The next piece of the text.
    pub fn text(&self, piece: impl Into<Str>) {
        self.arrived();
        let content = piece.into();
        self.tell(TextDelta { content });
    }

    /// The next piece of the reasoning.
    pub fn thinking(&self, piece: impl Into<Str>) {
        self.arrived();
        let content = piece.into();
        self.tell(ThinkingDelta { content });
    }

    /// The next piece of the arguments of the tool call with this id.
    pub fn tool_call_args(&self, call_id: impl Into<Str>, piece: impl Into<Str>) {
        self.arrived();
        let (call_id, content) = (call_id.into(), piece.into());
        self.tell(ToolCallArgsDelta { call_id, content });
    }

    /// An attempt, the first being 1, failed in this way, and the next one follows after `delay`:
    /// the progress `retry` of the call, with `attempt`, `error.type` and `delay_ms`.
    pub fn retry(&self, attempt: u32, kind: impl Into<Str>, delay: Duration) {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let mut attributes = Attributes::new();
        attributes.set("attempt", attempt);
        attributes.set("error.type", kind.into());
        attributes.set("delay_ms", delay);
        let note = Str::Static("retry");
        self.call.progress(Progress { note, attributes });
    }

    fn tell(&self, piece: impl Into<Value>) {
        if self.told {
            self.call.emit(piece);
        }
    }

    fn arrived(&self) {
        self.first.get_or_init(|| self.began.elapsed());
    }

    /// From the request to the first piece, if any was handed on: from then on a request cannot be
    /// repeated unseen.
    pub fn time_to_first_chunk(&self) -> Option<Duration> {
        self.first.get().copied()
    }
}
