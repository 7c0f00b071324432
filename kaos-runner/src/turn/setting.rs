//! What a turn works with, from its beginning to its end.

use std::sync::Arc;

use kaos_hooks::{Hooks, Session, Str};

use crate::turn::token_budget::Budgets;
use crate::{Agent, Limits, OutputSchema, ToolSpec};

/// What a turn works with.
pub(crate) struct Setting<'a> {
    pub(crate) hooks: &'a Hooks,
    pub(crate) agent: &'a Agent,
    pub(crate) limits: &'a Limits,
    /// What its tokens are spent of.
    pub(crate) budgets: Budgets,
    /// The form of its answer.
    pub(crate) output: Option<Form<'a>>,
    pub(crate) caller: Arc<Caller>,
}

/// Who is answered, and in which conversation; the same for sub-agents.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) user: Option<Str>,
    pub(crate) tenant: Option<Str>,
}

/// The form of an answer, and what checks it.
pub(crate) struct Form<'a> {
    pub(crate) schema: &'a OutputSchema,
    pub(crate) check: ToolSpec,
}

impl<'a> Form<'a> {
    pub(crate) fn new(schema: &'a OutputSchema) -> Self {
        let check = ToolSpec::new(schema.name.clone(), "", schema.schema.clone());
        Self { schema, check }
    }
}
