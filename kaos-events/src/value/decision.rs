use serde::{Deserialize, Serialize};

use crate::fields::always_there;
use crate::texts::numbers;

/// What a gate may say, from the most permissive to the most restrictive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// The tool may run.
    #[default]
    Allow,
    /// The tool may run, with other arguments.
    Rewrite,
    /// A person has to decide.
    Ask,
    /// The tool does not run; the agent goes on without its result.
    Skip,
    /// The tool must not run.
    Deny,
}

impl Decision {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Rewrite => "rewrite",
            Self::Ask => "ask",
            Self::Skip => "skip",
            Self::Deny => "deny",
        }
    }
}

always_there! { Decision }
numbers! { Decision }
