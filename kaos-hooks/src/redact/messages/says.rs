//! What a content of a message is, and the policy for it.

use crate::redact::{ContentPolicies, ContentPolicy, Field};

/// What a content is.
#[derive(Clone)]
pub(super) enum Says {
    /// What the whole list is.
    OfField,
    Of(Field, Tool),
    /// Any content.
    Unnamed,
}

impl ContentPolicies {
    /// The policy for a content of the messages of `field`.
    pub(super) fn said(&self, field: Field, says: &Says) -> &ContentPolicy {
        match says {
            Says::OfField => self.policy(field, None),
            Says::Of(field, Tool::Unneeded) => self.policy(*field, None),
            Says::Of(field, Tool::Known(name)) => self.policy(*field, Some(name)),
            Says::Of(field, Tool::Unknown) => self.of_unknown_tool(*field),
            Says::Unnamed => self.unnamed(),
        }
    }
}

/// Whose arguments or result a content is.
#[derive(Clone)]
pub(super) enum Tool {
    Unneeded,
    Known(String),
    Unknown,
}

impl Tool {
    pub(super) fn of(name: Option<String>) -> Self {
        name.map_or(Self::Unknown, Self::Known)
    }
}
