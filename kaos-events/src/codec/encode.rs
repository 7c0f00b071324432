use std::fmt;
use std::io::Write as _;

use serde::Serialize;

use super::SCHEMA;
use crate::decimal::{Millis, Seconds};
use crate::{
    Body, BodyBuf, Briefing, Event, EventBuf, Phase, Run, Slot, Span, SpanId, Time, Value,
};

/// Writes an event as one line, without a line break.
pub fn encode(event: &Event<'_>) -> String {
    let mut line = Line::begin(event.time, event.seq, event.run);
    match &event.body {
        Body::Span(span) => line.span(span),
        Body::Value { span, value } => line.value(Some(*span), value),
    }
    line.finish()
}

impl EventBuf {
    /// Writes the event as one line, without a line break.
    pub fn to_line(&self) -> String {
        let mut line = Line::begin(self.time, self.seq, &self.run);
        match &self.body {
            BodyBuf::Span(span) => line.span(&span.as_span(Slot::default())),
            BodyBuf::Value { span, value } => line.value(*span, value),
            BodyBuf::Unknown(raw) => return raw.as_str().to_owned(),
        }
        line.finish()
    }
}

/// A line being written. Writing to memory does not fail, so nothing here returns an error.
struct Line(Vec<u8>);

impl Line {
    fn begin(time: Time, seq: u64, run: &Run) -> Self {
        let mut line = Self(Vec::with_capacity(512));
        line.0.push(b'{');
        line.plain("timestamp", Seconds::of_nanos(time.monotonic_nanos));
        line.plain("sequence", seq);
        line.json("session_id", run.session.name().unwrap_or_default());
        line.json("run_id", &run.id);
        line.json(
            "agent_id",
            &Some(&run.agent).filter(|agent| !agent.is_empty()),
        );
        line.display("trace_id", run.trace_id);
        line.display("time_unix_nano", time.unix_nanos);
        line.plain("schema", SCHEMA);
        line
    }

    fn span(&mut self, span: &Span<'_>) {
        let (subject, phase) = (span.subject, span.phase);
        let failure = match phase {
            Phase::Error { failure, .. } => Some(failure),
            _ => None,
        };
        self.json("subject", subject.name().as_str());
        self.json("phase", phase.name().as_str());
        self.display("span_id", span.id);
        self.json("parent_span_id", &span.parent);
        self.json("name", &subject.span_name());
        match phase.duration() {
            Some(duration) => self.plain("duration_ms", Millis::of(duration)),
            None => self.plain("duration_ms", "null"),
        }
        self.json("error_type", &failure.map(|failure| &failure.kind));
        self.json(
            "error_message",
            &failure.and_then(|failure| failure.message.as_ref()),
        );
        if let Some(thrown) = failure.and_then(|failure| failure.thrown.as_deref()) {
            self.json("exception", thrown);
        }
        self.json("attributes", subject.attributes());
        self.key("fields");
        self.written(|to| subject.write_fields(to));
        match phase {
            Phase::Start => {
                if let Some(content) = subject.content() {
                    self.json("content", content);
                }
                if let Some(Briefing {
                    instructions,
                    tools,
                }) = subject.briefing()
                {
                    self.json("instructions", instructions);
                    self.json("tools", tools);
                }
            }
            Phase::Progress(progress) => self.json("progress", progress),
            _ => {
                if let Some(outcome) = phase.outcome() {
                    self.key("outcome");
                    self.written(|to| outcome.write_fields(to));
                }
            }
        }
        self.json("type", "span");
    }

    /// A value's fields stand beside the common ones, as Python KAOS has them.
    fn value(&mut self, span: Option<SpanId>, value: &Value) {
        if let Some(span) = span {
            self.display("span_id", span);
        }
        let opening = self.0.len();
        self.written(|to| value.write(to));
        // `{"a":1}` becomes `,"a":1`.
        if let Some(opening) = self.0.get_mut(opening) {
            *opening = b',';
        }
        self.0.pop();
        self.json("type", value.name());
    }

    fn finish(mut self) -> String {
        self.0.push(b'}');
        String::from_utf8(self.0).expect("all that was written is text")
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn plain(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        write!(self.0, "{value}").expect("writing to memory does not fail");
    }

    /// Text that needs no escapes: ids and numbers.
    fn display(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        write!(self.0, "\"{value}\"").expect("writing to memory does not fail");
    }

    fn json<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.key(key);
        self.written(|to| value.serialize(to));
    }

    fn written(
        &mut self,
        write: impl FnOnce(&mut serde_json::Serializer<&mut Vec<u8>>) -> Result<(), serde_json::Error>,
    ) {
        let mut to = serde_json::Serializer::new(&mut self.0);
        write(&mut to).expect("our fields have string keys, and writing to memory does not fail");
    }
}
