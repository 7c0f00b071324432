//! What is shown: of which components, and what of them.

use std::collections::HashMap;

use kaos_operator::local::Stage;
use kaos_operator::{Resources, Workloads};

/// What is to be shown.
pub(super) enum Entry {
    Line {
        name: String,
        text: String,
    },
    /// What a program tells of its spans.
    Report {
        name: String,
        text: String,
    },
    Stage {
        name: String,
        stage: Stage,
        /// A line, where it is news.
        line: Option<String>,
    },
    /// What the command itself says.
    Ours(String),
}

/// What is shown.
pub(in crate::team) struct Look {
    pub(in crate::team) components: Vec<Shown>,
    pub(in crate::team) workloads: Workloads,
    pub(in crate::team) resources: Resources,
}

/// A component, in the order of the workloads.
pub(in crate::team) struct Shown {
    pub(in crate::team) name: String,
    /// What it is called in front of its lines.
    pub(in crate::team) label: String,
    pub(in crate::team) port: u16,
    /// Whether it is a program of ours, which tells of its spans.
    pub(in crate::team) reports: bool,
}

impl Look {
    pub(super) fn label<'l>(&'l self, name: &'l str) -> &'l str {
        let found = self.components.iter().find(|it| it.name == name);
        found.map_or(name, |it| &it.label)
    }

    /// The letters of the longest label.
    pub(super) fn wide(&self) -> usize {
        let all = self.components.iter().map(|it| it.label.chars().count());
        all.max().unwrap_or(0)
    }

    /// Where it stands among all, by its name.
    pub(super) fn place(&self) -> HashMap<&str, usize> {
        let all = self.components.iter().enumerate();
        all.map(|(at, it)| (it.name.as_str(), at)).collect()
    }
}
