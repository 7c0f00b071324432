use super::{ServedCall, Turn, sealed};
use crate::{Session, SpanContext, Str, SubjectType};

/// A subject that opens a run: an agent's turn, or a tool's call that is served.
pub trait Root: SubjectType + sealed::Sealed {
    /// Whose run it is.
    fn owner(&self) -> &Str;

    /// The conversation, where there is one.
    fn session(&self) -> Session;

    /// The parent outside the run.
    fn parent(&self) -> Option<&SpanContext>;

    /// Takes this for the parent outside the run.
    fn set_parent(&mut self, parent: Option<SpanContext>);
}

impl Root for Turn {
    fn owner(&self) -> &Str {
        &self.agent
    }

    fn session(&self) -> Session {
        self.session.clone()
    }

    fn parent(&self) -> Option<&SpanContext> {
        self.parent.as_deref()
    }

    fn set_parent(&mut self, parent: Option<SpanContext>) {
        self.parent = parent.map(Box::new);
    }
}

impl Root for ServedCall {
    fn owner(&self) -> &Str {
        &self.server
    }

    fn session(&self) -> Session {
        Session::anonymous()
    }

    fn parent(&self) -> Option<&SpanContext> {
        self.parent.as_deref()
    }

    fn set_parent(&mut self, parent: Option<SpanContext>) {
        self.parent = parent.map(Box::new);
    }
}
