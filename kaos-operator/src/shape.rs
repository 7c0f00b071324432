//! The shape of documents: which fields there are, of which types, and where older versions had them.
//!
//! The schemas that are made of the types are the one source: the check of a document walks them, the field
//! that was meant is looked for in them, and they become the CRDs.

mod aliases;
mod found;
mod meant;
mod schema;
mod walk;

pub use aliases::{ALIASES, Age, Alias};
pub use schema::{schema, schema_with_aliases};

use crate::finding::Finding;
use crate::resources::Kind;
use crate::yaml::Node;

/// Moves what older versions had elsewhere, and says what is wrong with the shape. Findings have paths and no
/// resource yet.
pub(crate) fn shaped(kind: Kind, document: &mut Node, found: &mut Found<'_>) {
    aliases::moved(kind, document, found);
    walk::document(kind, document, found);
}

pub(crate) use found::{Found, place};
pub(crate) use meant::nearest;
#[cfg(feature = "kubernetes")]
pub(crate) use schema::of as schema_of;
#[cfg(feature = "kubernetes")]
pub(crate) fn is_duration(text: &str) -> bool {
    walk::is_duration(text)
}

/// Whether something of it is an error.
pub(crate) fn broken(findings: &[Finding]) -> bool {
    use crate::finding::Severity;
    findings.iter().any(|it| it.severity == Severity::Error)
}
