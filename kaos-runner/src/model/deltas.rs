use std::sync::OnceLock;
use std::time::Duration;

use kaos_hooks::{
    Attributes, Handle, Progress, Str, TextDelta, ThinkingDelta, ToolCallArgsDelta, Value,
};
use tokio::time::Instant;

/// Where a model hands on what happens before its reply is whole.
#[derive(Debug)]
pub struct Deltas {
    to: To,
    began: Instant,
    first: OnceLock<Duration>,
    /// Whether the pieces are events.
    streamed: bool,
}

/// Who is told.
#[derive(Debug)]
enum To {
    /// Those who observe the call.
    Call(Handle),
    /// Whoever looks.
    #[cfg(feature = "testing")]
    Recorded(RecordedDeltas),
}

/// What was handed on to [`Deltas::recorded`]; clones are the same.
///
/// # Example
///
/// ```
/// use kaos_runner::Deltas;
/// use kaos_runner::testing::RecordedDeltas;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (deltas, recorded): (Deltas, RecordedDeltas) = Deltas::recorded();
/// deltas.text("Twelve "); // as the model under test does
/// deltas.text("months.");
/// assert_eq!(recorded.text(), "Twelve months.");
/// # }
/// ```
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Default)]
pub struct RecordedDeltas(std::sync::Arc<std::sync::Mutex<(Vec<Value>, Vec<Progress>)>>);

#[cfg(feature = "testing")]
impl RecordedDeltas {
    /// The pieces so far.
    pub fn pieces(&self) -> Vec<Value> {
        self.lock().0.clone()
    }

    /// The retries so far.
    pub fn retries(&self) -> Vec<Progress> {
        self.lock().1.clone()
    }

    /// The pieces of the text so far, in one.
    pub fn text(&self) -> String {
        let text = |piece: &Value| match piece {
            Value::TextDelta(piece) => Some(piece.content.to_string()),
            _ => None,
        };
        self.lock().0.iter().filter_map(text).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Vec<Value>, Vec<Progress>)> {
        let locked = self.0.lock();
        locked.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Deltas {
    pub(crate) fn new(call: Handle, streamed: bool) -> Self {
        Self::of(To::Call(call), streamed)
    }

    /// For a model that is asked without a runner, and what it hands on.
    #[cfg(feature = "testing")]
    pub fn recorded() -> (Self, RecordedDeltas) {
        let recorded = RecordedDeltas::default();
        (Self::of(To::Recorded(recorded.clone()), true), recorded)
    }

    fn of(to: To, streamed: bool) -> Self {
        Self {
            to,
            streamed,
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
    /// the progress `retry` of the call, with `kaos.retry.attempt`, `error.type` and `kaos.retry.delay_ms`.
    pub fn retry(&self, attempt: u32, kind: impl Into<Str>, delay: Duration) {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let mut attributes = Attributes::new();
        attributes.set("kaos.retry.attempt", attempt);
        attributes.set("error.type", kind.into());
        attributes.set("kaos.retry.delay_ms", delay);
        let note = Str::Static("retry");
        let progress = Progress { note, attributes };
        match &self.to {
            To::Call(call) => call.progress(progress),
            #[cfg(feature = "testing")]
            To::Recorded(recorded) => recorded.lock().1.push(progress),
        }
    }

    fn tell(&self, piece: impl Into<Value>) {
        match &self.to {
            To::Call(call) if self.streamed => call.emit(piece),
            To::Call(_) => {}
            #[cfg(feature = "testing")]
            To::Recorded(recorded) => recorded.lock().0.push(piece.into()),
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
