//! An answer as it is made: server-sent events, made while they are read and no longer.

use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use kaos_hooks::{BodyBuf, EventBuf, PhaseBuf, RunId, Subject, Value as Observed};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, Instant, sleep_until};
use tokio_stream::StreamExt as _;

use super::said::{Envelope, finish_reason, tokens};
use crate::server::error::{AnswerForm, ApiError};
use crate::server::{Drain, Running};
use crate::{Reply, RunStream};

/// What a stream is made of.
pub(super) struct Streamed {
    pub(super) events: RunStream,
    /// The run of the agent that was asked.
    pub(super) root: Option<RunId>,
    pub(super) envelope: Envelope,
    pub(super) include_usage: bool,
    /// Whether calls are told, too.
    pub(super) progress: bool,
    /// What the answer is to be.
    pub(super) form: AnswerForm,
    /// Whether the text is handed on at the end only: what is said before is not always the answer.
    pub(super) at_the_end: bool,
    pub(super) max_steps: u32,
    pub(super) keep_alive: Duration,
    pub(super) drain: Drain,
    /// Held until the stream is over or dropped.
    pub(super) held: Held,
}

/// A request's share of what a server may do at once.
pub(super) struct Held {
    pub(super) _running: Running,
    pub(super) _permit: OwnedSemaphorePermit,
    /// Of the bytes of all bodies.
    pub(super) _room: Option<OwnedSemaphorePermit>,
}

/// The body of the answer. Dropping it drops the turn.
pub(super) fn body(streamed: Streamed) -> Body {
    let writing = Writing {
        head: head(&streamed.envelope),
        tail: if streamed.include_usage {
            ",\"usage\":null}\n\n"
        } else {
            "}\n\n"
        },
        events: Some(streamed.events),
        root: streamed.root,
        include_usage: streamed.include_usage,
        progress: streamed.progress,
        form: streamed.form,
        at_the_end: streamed.at_the_end,
        max_steps: streamed.max_steps,
        keep_alive: streamed.keep_alive,
        drain: streamed.drain,
        said: LastPiece::Nothing,
        step: 0,
        _held: streamed.held,
    };
    let pieces = unfold(writing, async |mut writing| {
        let piece = writing.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), writing))
    });
    Body::from_stream(pieces)
}

struct Writing {
    /// The beginning and the end of every chunk.
    head: String,
    tail: &'static str,
    /// The turn; none once everything is said.
    events: Option<RunStream>,
    root: Option<RunId>,
    include_usage: bool,
    progress: bool,
    form: AnswerForm,
    at_the_end: bool,
    max_steps: u32,
    keep_alive: Duration,
    drain: Drain,
    said: LastPiece,
    /// The step that the turn is at.
    step: u32,
    _held: Held,
}

/// What the client has so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastPiece {
    Nothing,
    Role,
    /// Text, last of this step.
    Text(u32),
}

impl Writing {
    async fn next(&mut self) -> Option<Bytes> {
        if self.said == LastPiece::Nothing {
            self.said = LastPiece::Role;
            let role = json!({ "role": "assistant", "content": "" });
            return Some(self.delta(&role).into());
        }
        let silent = sleep_until(Instant::now() + self.keep_alive);
        let drain = self.drain.clone();
        tokio::pin!(silent);
        loop {
            let events = self.events.as_mut()?;
            let event = tokio::select! {
                biased;
                () = drain.cancelled() => {
                    self.events = None;
                    return Some(failed(&ApiError::ending()));
                }
                event = events.next() => event,
                () = &mut silent => return Some(Bytes::from_static(b": still working\n\n")),
            };
            let piece = match event {
                Some(event) => self.piece(event),
                None => return Some(self.end().await),
            };
            if let Some(piece) = piece {
                return Some(piece.into());
            }
        }
    }

    /// What the client is told of an event.
    fn piece(&mut self, event: EventBuf) -> Option<String> {
        let own = self.root.as_ref() == Some(&event.run.id);
        match event.body {
            BodyBuf::Value {
                value: Observed::TextDelta(delta),
                ..
            } if own && !self.at_the_end => self.text(&delta.content),
            BodyBuf::Span(span) if own && span.phase == PhaseBuf::Start => match span.subject {
                Subject::Step(step) => {
                    self.step = step.number;
                    None
                }
                Subject::ToolCall(call) => {
                    let asked = call.asked_name.as_deref().unwrap_or(&call.name);
                    self.progress("tool_call", asked)
                }
                Subject::Subagent(agent) => self.progress("delegate", &agent.agent),
                _ => None,
            },
            _ => None,
        }
    }

    /// A piece of text; what is said in different steps does not run together.
    fn text(&mut self, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let later = matches!(self.said, LastPiece::Text(step) if step != self.step);
        self.said = LastPiece::Text(self.step);
        let gap = if later { "\n\n" } else { "" };
        Some(self.delta(&json!({ "content": format!("{gap}{text}") })))
    }

    /// A call, as a text that is JSON: what today's command and web page of KAOS show as progress.
    fn progress(&self, action: &str, target: &str) -> Option<String> {
        let progress = json!({
            "type": "progress",
            "step": self.step,
            "max_steps": self.max_steps,
            "action": action,
            "target": target,
        });
        self.progress
            .then(|| self.delta(&json!({ "content": progress.to_string() })))
    }

    async fn end(&mut self) -> Bytes {
        let Some(events) = self.events.take() else {
            return Bytes::new();
        };
        match events.into_reply().await {
            Ok(reply) => self.last(&reply).into(),
            Err(why) => failed(&ApiError::of(why.kind(), self.form)),
        }
    }

    fn last(&mut self, reply: &Reply) -> String {
        let mut last = match self.said {
            LastPiece::Text(_) => None,
            LastPiece::Nothing | LastPiece::Role => self.text(reply.text()),
        }
        .unwrap_or_default();
        let reason = finish_reason(reply.finish_reason());
        last += &self.chunk(&json!({}), &reason.into());
        let usage = reply.usage().filter(|_| self.include_usage);
        let usage = usage.map(|usage| {
            let (head, usage) = (&self.head, tokens(&usage));
            format!("{head},\"choices\":[],\"usage\":{usage}}}\n\n")
        });
        last += &usage.unwrap_or_default();
        last += DONE;
        last
    }

    fn delta(&self, delta: &Value) -> String {
        self.chunk(delta, &Value::Null)
    }

    fn chunk(&self, delta: &Value, finish_reason: &Value) -> String {
        let (head, tail) = (&self.head, self.tail);
        format!(
            "{head},\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
             \"finish_reason\":{finish_reason}}}]{tail}"
        )
    }
}

const DONE: &str = "data: [DONE]\n\n";

/// The beginning of each piece, to which the rest is added.
fn head(envelope: &Envelope) -> String {
    let head = Value::from(envelope.head("chat.completion.chunk")).to_string();
    format!("data: {}", head.strip_suffix('}').unwrap_or(&head))
}

fn failed(why: &ApiError) -> Bytes {
    format!("data: {}\n\n{DONE}", why.body()).into()
}
