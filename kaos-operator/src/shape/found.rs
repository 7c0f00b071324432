//! What is found in one document.

use std::sync::Arc;

use crate::finding::{Finding, Place, Rule};
use crate::yaml::Mark;

/// What is found in one document.
#[derive(Debug)]
pub(crate) struct Found<'s> {
    pub(crate) source: &'s Arc<str>,
    pub(crate) findings: Vec<Finding>,
}

impl<'s> Found<'s> {
    pub(crate) fn new(source: &'s Arc<str>) -> Self {
        Self {
            source,
            findings: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, rule: Rule, mark: Mark, path: &str, message: impl Into<String>) {
        let place = place(self.source, mark);
        let finding = Finding::new(rule, Some(place), message).path(path);
        self.findings.push(finding);
    }
}

pub(crate) fn place(source: &Arc<str>, mark: Mark) -> Place {
    Place {
        source: Arc::clone(source),
        line: mark.line,
        column: mark.column,
    }
}
