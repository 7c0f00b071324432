//! What policies let out of a content.

use super::json::{self, Rules};
use super::{Class, ContentPolicies, ContentPolicy, Field, Redacted, Redactor, Report, sentinel};

impl ContentPolicy {
    /// What may leave of `content`; nothing under [`ContentPolicy::None`].
    pub fn apply<'t>(&self, redactor: &Redactor, content: &'t str) -> Option<Redacted<'t>> {
        match self {
            Self::None => None,
            Self::Hash(key) => {
                let mut report = Report::default();
                report.add(&Class::Content, "policy", 0..content.len());
                let mut text = String::new();
                sentinel::write(&mut text, &Class::Content, content, Some(key));
                Some(Redacted::new(text.into(), report))
            }
            Self::Redacted => Some(redactor.any(content)),
            Self::Full => Some(Redacted::new(content.into(), Report::default())),
        }
    }
}

impl ContentPolicies {
    /// What may leave of `content`.
    ///
    /// A content that paths are given for and that is no JSON has no such values: it leaves only
    /// as an `INVALID_JSON` sentinel, since what the paths keep in could stand anywhere in it.
    pub fn apply<'t>(
        &self,
        redactor: &Redactor,
        field: Field,
        tool: Option<&str>,
        content: &'t str,
    ) -> Option<Redacted<'t>> {
        let policy = self.policy(field, tool);
        let paths = self.of_paths(tool);
        if paths.is_empty() {
            return policy.apply(redactor, content);
        }
        Some(json::redact(
            redactor.of_text(),
            content,
            Rules {
                everything: policy,
                paths: &paths,
            },
        ))
    }
}
