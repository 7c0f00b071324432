//! A row.

use super::valid::Valid;

/// A variable, as people are told of it and as it is checked.
pub(in crate::agent) struct Variable {
    /// `{name}` and `{NAME}` stand for names that another variable lists.
    pub(in crate::agent) name: &'static str,
    pub(in crate::agent) valid: Valid,
    /// Where it is not set; empty: nothing.
    pub(in crate::agent) default: &'static str,
    pub(in crate::agent) by: By,
    pub(in crate::agent) effect: Effect,
    pub(in crate::agent) does: &'static str,
}

/// Who sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum By {
    /// KAOS' operator, from an agent's resource or its own settings.
    Operator,
    /// Whoever runs the agent.
    User,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Effect {
    /// What the row says.
    Taken,
    /// Nothing, and nobody misses it.
    Harmless,
    /// Nothing, though it asks for something that users may count on.
    Missed,
}

/// A row.
pub(super) const fn row(
    (name, valid, default): (&'static str, Valid, &'static str),
    by: By,
    effect: Effect,
    does: &'static str,
) -> Variable {
    Variable {
        name,
        valid,
        default,
        by,
        effect,
        does,
    }
}
