use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use kaos_hooks::{Event, EventBuf, Incoming, Str};
use tokio_stream::Stream;

use crate::{Reply, TurnError, TurnRequest};

/// The events of one run, as they happen; see [`Runner::run`](crate::Runner::run).
///
/// The turn makes progress only while the stream is polled, and stops when it is dropped. After
/// the last event, [`into_reply`](Self::into_reply) has the answer.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, Runner};
/// use tokio_stream::StreamExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kaos_runner::TurnError> {
/// let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Hello.")));
/// let mut events = runner.run("Hi!", "session-1");
/// while let Some(event) = events.next().await {
///     println!("{}", event.to_line());
/// }
/// println!("{}", events.into_reply().await?);
/// # Ok(())
/// # }
/// ```
#[must_use = "a run does nothing unless its stream is read"]
pub struct RunStream(State);

enum State {
    Waiting(Option<Box<TurnRequest>>),
    Running {
        turn: BoxFuture<'static, Result<Reply, TurnError>>,
        seen: Queue,
    },
    Done {
        reply: Box<Result<Reply, TurnError>>,
        seen: Queue,
    },
}

/// What happened and was not read yet: bounded by what the turn may emit in one poll.
type Queue = Arc<Mutex<VecDeque<EventBuf>>>;

fn pop(queue: &Queue) -> Option<EventBuf> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

impl TurnRequest {
    /// The events as they happen. Dropping the stream stops the turn.
    pub fn run(self) -> RunStream {
        RunStream(State::Waiting(Some(Box::new(self))))
    }
}

impl RunStream {
    /// Makes the run part of an existing trace. No effect once the stream has been read from.
    pub fn parent(mut self, parent: impl Into<Incoming>) -> Self {
        if let State::Waiting(request) = &mut self.0 {
            *request = request
                .take()
                .map(|request| Box::new(request.parent(parent)));
        }
        self
    }

    /// The answer; what was not read of the events is passed over.
    ///
    /// # Errors
    ///
    /// Why the turn has no answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the turn.
    pub async fn into_reply(mut self) -> Result<Reply, TurnError> {
        std::future::poll_fn(|context| {
            loop {
                match Pin::new(&mut self).poll_next(context) {
                    Poll::Ready(Some(_passed_over)) => {}
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        match self.0 {
            State::Done { reply, .. } => *reply,
            State::Running { turn, .. } => turn.await,
            State::Waiting(_) => unreachable!("a stream that has ended was started"),
        }
    }

    /// The answer's text, once there is one.
    pub(crate) fn text_of_reply(&self) -> Option<Str> {
        match &self.0 {
            State::Done { reply, .. } => (**reply).as_ref().ok().map(|reply| reply.text.clone()),
            State::Waiting(_) | State::Running { .. } => None,
        }
    }

    fn start(request: TurnRequest) -> State {
        let seen = Queue::default();
        let queue = Arc::clone(&seen);
        let observer = move |event: &Event<'_>| {
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(event.to_buf());
        };
        let turn = Box::pin(request.answer(Some(Box::new(observer))));
        State::Running { turn, seen }
    }
}

impl Stream for RunStream {
    type Item = EventBuf;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<EventBuf>> {
        if let State::Waiting(request) = &mut self.0
            && let Some(request) = request.take()
        {
            self.0 = Self::start(*request);
        }
        let (reply, seen) = match &mut self.0 {
            State::Running { turn, seen } => {
                if let Some(event) = pop(seen) {
                    return Poll::Ready(Some(event));
                }
                match turn.as_mut().poll(context) {
                    Poll::Ready(reply) => (reply, Arc::clone(seen)),
                    Poll::Pending => {
                        return pop(seen).map_or(Poll::Pending, |event| Poll::Ready(Some(event)));
                    }
                }
            }
            State::Done { seen, .. } => return Poll::Ready(pop(seen)),
            State::Waiting(_) => return Poll::Ready(None),
        };
        let event = pop(&seen);
        let reply = Box::new(reply);
        self.0 = State::Done { reply, seen };
        Poll::Ready(event)
    }
}

impl fmt::Debug for RunStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0 {
            State::Waiting(_) => "waiting",
            State::Running { .. } => "running",
            State::Done { .. } => "done",
        };
        f.debug_tuple("RunStream").field(&state).finish()
    }
}
