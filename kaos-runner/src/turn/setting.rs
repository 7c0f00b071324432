//! What a turn works with, from its beginning to its end.

use std::sync::Arc;

use kaos_hooks::{Handle, Hooks, LlmParams};
use tokio::time::Instant;

use crate::tool::{Caller, ClientSide, ProgressListener};
use crate::turn::token_budget::Budgets;
use crate::{Agent, Limits, OutputSchema, ToolContext, ToolSpec};

/// What a turn works with.
pub(crate) struct Setting<'a> {
    pub(crate) hooks: &'a Hooks,
    pub(crate) agent: &'a Agent,
    pub(crate) limits: &'a Limits,
    /// What its tokens are spent of.
    pub(crate) budgets: Budgets,
    /// The form of its answer.
    pub(crate) output: Option<AnswerFormat<'a>>,
    /// When its time is over.
    pub(crate) deadline: Instant,
    /// What its model is asked for in place of its own parameters.
    pub(crate) params: Option<&'a LlmParams>,
    pub(crate) caller: Arc<Caller>,
}

/// Where calls are carried out: in a turn, or for somebody else's.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) hooks: &'a Hooks,
    pub(crate) limits: &'a Limits,
    pub(crate) caller: &'a Arc<Caller>,
    /// Who hears of what a tool has done so far.
    pub(crate) progress: Option<&'a ProgressListener>,
    /// Whose calls they are, where they are not a turn's.
    pub(crate) client: Option<&'a Arc<dyn ClientSide>>,
}

impl Ground<'_> {
    /// What a tool may use inside this span.
    pub(crate) fn context(&self, span: Handle) -> ToolContext {
        let context = ToolContext::with(self.hooks, Some(span), self.caller);
        context.served(self.progress.cloned(), self.client.cloned())
    }
}

impl Setting<'_> {
    /// Where its calls are carried out.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground {
            hooks: self.hooks,
            limits: self.limits,
            caller: &self.caller,
            progress: None,
            client: None,
        }
    }

    /// The most tokens of one of the model's answers, where something limits them.
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        let own = self.agent.model.call().params;
        let own = own.and_then(|params| params.max_tokens);
        let asked = self.params.and_then(|params| params.max_tokens);
        own.into_iter().chain(asked).min()
    }

    /// What a tool, or a source of tools, may use inside this span.
    pub(crate) fn context(&self, span: Handle) -> ToolContext {
        ToolContext::with(self.hooks, Some(span), &self.caller)
    }
}

/// The form of an answer, and what checks it.
pub(crate) struct AnswerFormat<'a> {
    pub(crate) schema: &'a OutputSchema,
    pub(crate) check: ToolSpec,
}

impl<'a> AnswerFormat<'a> {
    pub(crate) fn new(schema: &'a OutputSchema) -> Self {
        let check = ToolSpec::new(schema.name.clone(), "", schema.schema.clone());
        Self { schema, check }
    }
}
