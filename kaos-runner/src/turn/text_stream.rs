use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use kaos_hooks::{BodyBuf, EventBuf, RunId, Str, Value};
use tokio_stream::Stream;

use crate::{Reply, RunStream, TurnError};

/// The text of one run's answer, piece by piece as it is made; see [`RunStream::text`].
///
/// The pieces are what the agent's model says, of every step, so also what it says before it calls a
/// tool; not what its sub-agents say. The answer of a model that hands on no pieces is one.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, ModelReply, Runner, Scripted};
/// use tokio_stream::StreamExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kaos_runner::TurnError> {
/// let model = FunctionModel::script([Scripted::streamed(ModelReply::text("Twelve months."), 7)]);
/// let mut text = Runner::new(Agent::new("assistant", model)).run("How long?", "session-1").text();
/// let mut pieces = Vec::new();
/// while let Some(piece) = text.next().await {
///     pieces.push(piece);
/// }
/// assert_eq!(pieces, ["Twelve ", "months."]);
/// assert_eq!(text.into_reply().await?.text(), "Twelve months.");
/// # Ok(())
/// # }
/// ```
#[must_use = "a run does nothing unless its stream is read"]
pub struct TextStream {
    events: RunStream,
    /// The run of the agent that was asked.
    root: Option<RunId>,
    /// Whether a piece was handed on.
    begun: bool,
}

impl RunStream {
    /// The answer's text as it is made, instead of the events.
    pub fn text(self) -> TextStream {
        TextStream::new(self)
    }
}

impl TextStream {
    pub(crate) fn new(events: RunStream) -> Self {
        Self {
            events,
            root: None,
            begun: false,
        }
    }

    /// The answer; what was not read of the text is passed over.
    ///
    /// # Errors
    ///
    /// Why the turn has no answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the turn.
    pub async fn into_reply(self) -> Result<Reply, TurnError> {
        self.events.into_reply().await
    }

    /// The piece of the answer that an event is.
    fn piece(&mut self, event: EventBuf) -> Option<Str> {
        let root = self.root.get_or_insert_with(|| event.run.id.clone());
        if *root != event.run.id {
            return None;
        }
        match event.body {
            BodyBuf::Value {
                value: Value::TextDelta(delta),
                ..
            } => Some(delta.content),
            _ => None,
        }
    }
}

impl Stream for TextStream {
    type Item = Str;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Str>> {
        loop {
            let Some(event) = ready!(Pin::new(&mut self.events).poll_next(context)) else {
                let whole = self.events.text_of_reply().filter(|_| !self.begun);
                self.begun = true;
                return Poll::Ready(whole);
            };
            if let Some(piece) = self.piece(event) {
                self.begun = true;
                return Poll::Ready(Some(piece));
            }
        }
    }
}

impl fmt::Debug for TextStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextStream").field(&self.events).finish()
    }
}
