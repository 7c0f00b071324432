//! Every text that an event holds, so that what must not leave can be taken out of all of them.
//!
//! Which of an event's fields are texts, and of what kind, is declared with them: `fields.rs`.

use std::sync::Arc;
use std::time::Duration;

use crate::{Attributes, ContentKind, Session, SpanId, Str, ToolCallSummary, TraceId};

/// Looks at the texts of an event, and may change them; see [`EventBuf::visit_texts`](crate::EventBuf::visit_texts).
///
/// # Example
///
/// Takes the results of one tool out of whatever is kept, and shortens names:
///
/// ```
/// use kaos_events::{Attributes, ContentKind, EventBuf, Str, TextVisitor};
///
/// struct WithoutPayroll;
///
/// impl TextVisitor for WithoutPayroll {
///     fn name(&mut self, name: &mut Str) {
///         if name.len() > 100 { *name = "…".into() }
///     }
///
///     fn content(&mut self, kind: ContentKind, tool: Option<&str>, _content: &mut Str) -> bool {
///         tool != Some("payroll") || kind != ContentKind::Result
///     }
///
///     fn attributes(&mut self, _attributes: &mut Attributes) {}
/// }
///
/// fn safe(event: &mut EventBuf) {
///     event.visit_texts(&mut WithoutPayroll);
/// }
/// ```
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

/// What has fields of its own.
pub(crate) trait Fields {
    /// Shows them, as of this tool if they belong to one.
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor);

    /// Empties those that stand in a span's start only.
    fn forget_start(&mut self) {}
}

macro_rules! either {
    ($($name:ident { $($variant:ident)+ })+) => {$(
        impl crate::texts::Fields for $name {
            fn show(&mut self, tool: Option<&str>, to: &mut impl crate::TextVisitor) {
                match self { $(Self::$variant(fields) => fields.show(tool, to)),+ }
            }

            fn forget_start(&mut self) {
                match self { $(Self::$variant(fields) => fields.forget_start()),+ }
            }
        }
    )+};
}

pub(crate) use {either, show};

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

impl<T: Name> Name for Box<T> {
    fn show(&mut self, tool: Option<&str>, to: &mut impl TextVisitor) {
        (**self).show(tool, to);
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

impl<T: AsMut<Str>> Content for Option<T> {
    fn show(&mut self, kind: ContentKind, tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Some(text) = self
            && !to.content(kind, tool, text.as_mut())
        {
            *self = None;
        }
    }
}

impl AsMut<Self> for Str {
    fn as_mut(&mut self) -> &mut Self {
        self
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
    ($($number:ident)+) => { $(impl crate::texts::Number for $number {})+ };
}

pub(crate) use numbers;

numbers! { bool u8 u16 u32 u64 i64 f64 Duration TraceId SpanId }

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
