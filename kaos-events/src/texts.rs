//! Every text that an event holds, so that what must not leave can be taken out of all of them.
//!
//! Which of an event's fields are texts, and of what kind, is declared with them: `fields.rs`.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Attributes, BodyBuf, Budget, Decision, EventBuf, Intent, OutcomeBuf, PhaseBuf, Run, RunId,
    Session, SpanBuf, SpanId, Str, Subject, ToolCallSummary, ToolKind, TraceId, Value,
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

    /// The calls of a turn's summary, whose names are shown afterwards: some may be taken out.
    fn calls(&mut self, _calls: &mut Vec<ToolCallSummary>) {}

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
    Name::show(session, None, to);
    Name::show(agent, None, to);
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

/// Shows a visitor one field, as its class says.
macro_rules! show {
    (name $field:ident, $tool:ident, $to:ident) => {
        crate::texts::Name::show($field, $tool, $to)
    };
    (content($kind:ident) $field:ident, $tool:ident, $to:ident) => {
        crate::texts::Content::show($field, crate::ContentKind::$kind, $tool, $to)
    };
    (fields $field:ident, $tool:ident, $to:ident) => {
        crate::texts::Fields::show($field, $tool, $to)
    };
    (attributes $field:ident, $tool:ident, $to:ident) => {
        crate::texts::UserAttributes::show($field, $tool, $to)
    };
    (number $field:ident, $tool:ident, $to:ident) => {
        crate::texts::Number::show($field, $tool, $to)
    };
}
pub(crate) use show;

/// What has fields of its own.
pub(crate) trait Fields {
    /// Shows them, as of this tool if they belong to one.
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor);

    /// Empties those that stand in a span's start only.
    fn forget_start(&mut self) {}
}

macro_rules! either {
    ($($name:ident { $($variant:ident)+ })+) => {$(
        impl Fields for $name {
            fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
                match self { $(Self::$variant(fields) => fields.show(tool, to)),+ }
            }

            fn forget_start(&mut self) {
                match self { $(Self::$variant(fields) => fields.forget_start()),+ }
            }
        }
    )+};
}

either! {
    Subject { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest Custom }
    OutcomeBuf { Turn IntentClassification Step LlmCall ToolCall Subagent Handoff McpRequest Custom }
    Value {
        IntentClassified UsageObserved TextDelta ThinkingDelta ToolCallArgsDelta ApprovalRequired
        GateDecided BudgetExceeded HistoryTrimmed TurnSummary
    }
}

impl<T: Fields> Fields for Option<T> {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Some(fields) = self {
            fields.show(tool, to);
        }
    }
}

impl Fields for Vec<ToolCallSummary> {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        to.calls(self);
        for fields in self {
            fields.show(tool, to);
        }
    }
}

impl<T: Fields> Fields for Box<T> {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        (**self).show(tool, to);
    }
}

impl<T: Fields + Clone> Fields for Arc<T> {
    /// What others share stays as it is.
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        let mut own = (**self).clone();
        own.show(tool, to);
        *self = Self::new(own);
    }
}

/// A name, an id or a word, or a list of them.
pub(crate) trait Name {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor);
}

impl Name for Str {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        to.name(self);
    }
}

impl Name for Vec<Str> {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        to.names(self);
    }
}

impl Name for Session {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Some(name) = self.shared() {
            let mut name = name.clone();
            to.name(&mut name);
            *self = Self::from(name);
        }
    }
}

impl Name for Intent {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Self::Other(name) = self {
            to.name(name);
        }
    }
}

impl<T: Name> Name for Option<T> {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Some(name) = self {
            name.show(tool, to);
        }
    }
}

/// What somebody said.
pub(crate) trait Content {
    fn show(&mut self, kind: ContentKind, tool: Option<&str>, to: &mut impl TextVisitor);
}

impl Content for Str {
    fn show(&mut self, kind: ContentKind, tool: Option<&str>, to: &mut impl TextVisitor) {
        if !self.is_empty() && !to.content(kind, tool, self) {
            *self = Self::default();
        }
    }
}

impl Content for Option<Str> {
    fn show(&mut self, kind: ContentKind, tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Some(text) = self
            && !to.content(kind, tool, text)
        {
            *self = None;
        }
    }
}

/// What is no text, so that nobody is shown it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number",
    note = "a text's class is `name` or `content(Kind)`, so that it can be redacted"
)]
pub(crate) trait Number {
    fn show(&mut self, _tool: Option<&str>, _to: &mut impl TextVisitor) {}
}

macro_rules! numbers {
    ($($number:ident)+) => { $(impl Number for $number {})+ };
}

numbers! { bool u8 u16 u32 u64 i64 f64 Duration TraceId SpanId ToolKind Decision Budget }

impl<T: Number> Number for Option<T> {}

/// What a user adds.
pub(crate) trait UserAttributes {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor);
}

impl UserAttributes for Attributes {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        to.attributes(self);
    }
}
