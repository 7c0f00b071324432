//! Every text that an event holds, so that what must not leave can be taken out of all of them.
//!
//! Each struct is taken apart without `..`: a field added elsewhere does not compile until it is
//! placed here.

mod outcome;
mod subject;

use self::outcome::outcome;
use self::subject::subject;
use crate::{
    ApprovalRequired, Attributes, BodyBuf, BudgetExceeded, EventBuf, Failure, GateDecided, Intent,
    IntentClassified, PhaseBuf, Progress, Run, RunId, Session, SpanBuf, Str, Subject, TextDelta,
    ThinkingDelta, ToolCallArgsDelta, TurnSummary, UsageObserved, Value,
};

/// What kind of content a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// What a person or another agent asked.
    Input,
    /// What a model is sent: a JSON list of messages, as [`LlmCall::input`](crate::LlmCall::input).
    InputMessages,
    /// What an agent answered.
    Output,
    /// What a model answered: a JSON list of messages, as [`LlmOutcome::output`](crate::LlmOutcome::output).
    OutputMessages,
    /// What an agent or a tool is told to be: instructions, descriptions, definitions.
    Instructions,
    /// What a model thought aloud.
    Thinking,
    /// The arguments of a tool call.
    Arguments,
    /// The result of a tool call.
    Result,
    /// The text of an error, or of a refusal.
    Error,
}

/// Looks at the texts of an event, and may change them; see [`EventBuf::visit_texts`].
pub trait TextVisitor {
    /// A name, an id or a word: what the program, its configuration, a model or a provider calls
    /// something.
    fn name(&mut self, name: &mut Str);

    /// A list of such names.
    fn names(&mut self, names: &mut Vec<Str>) {
        for name in names {
            self.name(name);
        }
    }

    /// Content, of this tool if it belongs to one. `false` takes it out.
    fn content(&mut self, kind: ContentKind, tool: Option<&str>, content: &mut Str) -> bool;

    /// What a user added, keys and values.
    fn attributes(&mut self, attributes: &mut Attributes);
}

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
    self::session(session, to);
    to.name(agent);
}

fn session(session: &mut Session, to: &mut impl TextVisitor) {
    if let Some(name) = session.shared() {
        let mut name = name.clone();
        to.name(&mut name);
        *session = Session::from(name);
    }
}

fn span(span: &mut SpanBuf, to: &mut impl TextVisitor) {
    let SpanBuf {
        id: _,
        parent: _,
        subject,
        phase,
    } = span;
    let tool = match &*subject {
        Subject::ToolCall(call) => Some(call.name.clone()),
        _ => None,
    };
    self::subject(subject, to);
    match phase {
        PhaseBuf::Start => {}
        PhaseBuf::Progress(Progress { note, attributes }) => {
            to.name(note);
            to.attributes(attributes);
        }
        PhaseBuf::Complete(outcome, _) => self::outcome(outcome, tool.as_deref(), to),
        PhaseBuf::Error(Failure { kind, message }, outcome, _) => {
            to.name(kind);
            content(ContentKind::Error, tool.as_deref(), message, to);
            if let Some(outcome) = outcome {
                self::outcome(outcome, tool.as_deref(), to);
            }
        }
        PhaseBuf::Cancelled(outcome, _) | PhaseBuf::Suspended(outcome, _) => {
            if let Some(outcome) = outcome {
                self::outcome(outcome, tool.as_deref(), to);
            }
        }
    }
}

fn content(
    kind: ContentKind,
    tool: Option<&str>,
    text: &mut Option<Str>,
    to: &mut impl TextVisitor,
) {
    if let Some(some) = text
        && !to.content(kind, tool, some)
    {
        *text = None;
    }
}

fn said(kind: ContentKind, text: &mut Str, to: &mut impl TextVisitor) {
    if !text.is_empty() && !to.content(kind, None, text) {
        *text = Str::default();
    }
}

fn names<'t>(names: impl IntoIterator<Item = &'t mut Str>, to: &mut impl TextVisitor) {
    for name in names {
        to.name(name);
    }
}

fn intent(intent: &mut Intent, to: &mut impl TextVisitor) {
    if let Intent::Other(name) = intent {
        to.name(name);
    }
}

fn value(value: &mut Value, to: &mut impl TextVisitor) {
    match value {
        Value::IntentClassified(IntentClassified {
            intent,
            confidence: _,
            reasoning,
        }) => {
            self::intent(intent, to);
            said(ContentKind::Thinking, reasoning, to);
        }
        Value::UsageObserved(UsageObserved {
            usage: _,
            cost_usd: _,
            source,
        }) => to.name(source),
        Value::TextDelta(TextDelta { content }) => said(ContentKind::Output, content, to),
        Value::ThinkingDelta(ThinkingDelta { content }) => {
            said(ContentKind::Thinking, content, to);
        }
        Value::ToolCallArgsDelta(ToolCallArgsDelta { call_id, content }) => {
            to.name(call_id);
            said(ContentKind::Arguments, content, to);
        }
        Value::ApprovalRequired(ApprovalRequired {
            tool,
            call_id,
            gate,
        }) => {
            names([tool, gate], to);
            names(call_id, to);
        }
        Value::GateDecided(GateDecided {
            gate,
            tool,
            call_id,
            decision: _,
            failure,
            reason,
            arguments,
            took: _,
        }) => {
            let of = tool.clone();
            names([gate, tool], to);
            names(call_id, to);
            names(failure, to);
            content(ContentKind::Error, Some(&of), reason, to);
            content(ContentKind::Arguments, Some(&of), arguments, to);
        }
        Value::BudgetExceeded(BudgetExceeded {
            budget: _,
            limit: _,
            used: _,
        }) => {}
        Value::TurnSummary(TurnSummary {
            text,
            intent,
            tool_calls,
            usage: _,
            cost_usd: _,
        }) => {
            said(ContentKind::Output, text, to);
            self::intent(intent, to);
            to.names(tool_calls);
        }
    }
}
