use std::time::Duration;

use kaos_hooks::Str;

use crate::{Deltas, ModelError, ModelReply};

/// One entry of [`FunctionModel::script`](crate::FunctionModel::script): a reply or an error, and
/// what happens before it.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use kaos_runner::{FunctionModel, ModelError, ModelErrorKind, ModelReply, Scripted};
///
/// let broken = ModelError::new(ModelErrorKind::Connection, "the stream broke off");
/// let model = FunctionModel::script([
///     // Word for word, after an attempt that failed.
///     Scripted::streamed(ModelReply::text("Twelve months."), 7)
///         .after_retry(ModelErrorKind::RateLimited, Duration::from_secs(1)),
///     // Half an answer.
///     Scripted::streamed(ModelReply::text("Twelve"), 3).then_fails(broken),
/// ]);
/// ```
#[derive(Debug, Clone)]
pub struct Scripted {
    retries: Vec<(Str, Duration)>,
    /// The longest piece, in characters; `None` hands on the text only, and whole.
    piece: Option<usize>,
    said: ModelReply,
    error: Option<ModelError>,
}

impl Scripted {
    /// A reply whose reasoning, text and arguments arrive in pieces of at most `piece` characters,
    /// at least 1. Other tasks may run between two pieces.
    pub fn streamed(reply: ModelReply, piece: usize) -> Self {
        Self {
            piece: Some(piece.max(1)),
            ..Self::from(reply)
        }
    }

    /// The same after one more attempt that failed in this way, and this wait.
    #[must_use]
    pub fn after_retry(mut self, kind: impl Into<Str>, delay: Duration) -> Self {
        self.retries.push((kind.into(), delay));
        self
    }

    /// The same, but once everything has arrived the model fails.
    #[must_use]
    pub fn then_fails(mut self, error: ModelError) -> Self {
        self.error = Some(error);
        self
    }

    /// Lets it happen.
    pub(crate) async fn play(self, deltas: &Deltas) -> Result<ModelReply, ModelError> {
        for (attempt, (kind, delay)) in (1..).zip(self.retries) {
            deltas.retry(attempt, kind, delay);
            tokio::time::sleep(delay).await;
        }
        let said = self.said;
        if let Some(piece) = self.piece {
            for part in pieces(&said.message.joined_reasoning(), piece) {
                deltas.thinking(part);
                tokio::task::yield_now().await;
            }
            for part in pieces(&said.message.joined_text(), piece) {
                deltas.text(part);
                tokio::task::yield_now().await;
            }
            for call in said.message.tool_calls() {
                for part in pieces(&call.arguments, piece) {
                    deltas.tool_call_args(call.id.clone(), part);
                    tokio::task::yield_now().await;
                }
            }
        } else {
            let text = said.message.joined_text();
            if !text.is_empty() {
                deltas.text(text.into_owned());
            }
        }
        self.error.map_or(Ok(said), Err)
    }
}

fn pieces(text: &str, longest: usize) -> Vec<Str> {
    let letters: Vec<char> = text.chars().collect();
    let piece = |piece: &[char]| Str::from(piece.iter().collect::<String>());
    letters.chunks(longest).map(piece).collect()
}

impl From<ModelReply> for Scripted {
    fn from(reply: ModelReply) -> Self {
        Self {
            retries: Vec::new(),
            piece: None,
            said: reply,
            error: None,
        }
    }
}

impl From<ModelError> for Scripted {
    fn from(error: ModelError) -> Self {
        Self::from(ModelReply::default()).then_fails(error)
    }
}

impl From<Result<ModelReply, ModelError>> for Scripted {
    fn from(reply: Result<ModelReply, ModelError>) -> Self {
        reply.map_or_else(Self::from, Self::from)
    }
}
