//! Texts become resources.

mod held;
mod keys;
mod reader;

use std::sync::Arc;

use crate::finding::Finding;
use crate::sources::Source;
pub(crate) use held::{Keys, Resource};
pub use held::{Located, Resources};
use reader::Reader;

/// How resources are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The namespace of a resource that says none.
    pub namespace: Arc<str>,
    /// Whether fields that are not known are errors, not warnings.
    pub strict: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            namespace: "default".into(),
            strict: false,
        }
    }
}

/// Reads resources from texts: YAML, or JSON, which is YAML, with any number of documents, or lists as
/// `kubectl get -o yaml` prints them. All that is wrong is found at once; what is right is read all the same.
#[must_use]
pub fn read(sources: &[Source], reading: &Reading) -> (Resources, Vec<Finding>) {
    let mut reader = Reader::new(Arc::clone(&reading.namespace));
    for source in sources {
        reader.source(source);
    }
    let Reader {
        resources,
        mut findings,
        ..
    } = reader;
    if reading.strict {
        findings = findings.into_iter().map(Finding::strictly).collect();
    }
    (resources, findings)
}

/// Reads resources that an API server has.
#[cfg(feature = "kubernetes")]
pub(crate) fn read_objects(
    objects: impl IntoIterator<Item = serde_json::Value>,
) -> (Resources, Vec<Finding>) {
    let mut reader = Reader::new(Reading::default().namespace);
    for object in objects {
        reader.document(
            &"cluster".into(),
            crate::yaml::Node::from_json(object),
            false,
        );
    }
    (reader.resources, reader.findings)
}
