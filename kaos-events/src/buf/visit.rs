//! What a visitor is shown of an event: the texts of its run, and of all its fields.

use super::{BodyBuf, EventBuf, PhaseBuf, SpanBuf};
use crate::texts::{Fields as _, Name as _};
use crate::{Run, RunId, TextVisitor, Value};

impl EventBuf {
    /// Shows `visitor` every text of the event, whatever it is. Ids of fixed form, numbers and a
    /// line of an unknown type ([`BodyBuf::Unknown`]) are not texts.
    pub fn visit_texts(&mut self, visitor: &mut impl TextVisitor) {
        let Self {
            seq: _,
            time: _,
            run,
            body,
        } = self;
        self::run(run, visitor);
        match body {
            BodyBuf::Span(span) => self::span(span, visitor),
            BodyBuf::Value { span: _, value } => self::value(value, visitor),
            BodyBuf::Unknown(_) => {}
        }
    }
}

fn run(run: &mut Run, to: &mut impl TextVisitor) {
    let Run {
        id,
        trace_id: _,
        session,
        agent,
    } = run;
    if let Some(text) = id.text() {
        let mut text = text.clone();
        to.name(&mut text);
        *id = RunId::from(text.as_str());
    }
    session.show(None, to);
    agent.show(None, to);
}

fn span(span: &mut SpanBuf, to: &mut impl TextVisitor) {
    let SpanBuf {
        id: _,
        parent: _,
        subject,
        phase,
    } = span;
    let tool = subject.tool().cloned();
    let tool = tool.as_deref();
    subject.show(tool, to);
    match phase {
        PhaseBuf::Start => {}
        PhaseBuf::Progress(progress) => progress.show(tool, to),
        PhaseBuf::Complete(outcome, _) => outcome.show(tool, to),
        PhaseBuf::Error(failure, outcome, _) => {
            failure.show(tool, to);
            outcome.show(tool, to);
        }
        PhaseBuf::Cancelled(outcome, _) | PhaseBuf::Suspended(outcome, _) => {
            outcome.show(tool, to);
        }
    }
}

fn value(value: &mut Value, to: &mut impl TextVisitor) {
    let tool = match &*value {
        Value::GateDecided(decided) => Some(decided.tool.clone()),
        _ => None,
    };
    value.show(tool.as_deref(), to);
}
