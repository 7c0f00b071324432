//! What was applied last, and whether what is seen is still that.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::time::{Duration, Instant};

/// How long a watch may be late. After that, what it shows is what is there.
const MAX_LATENESS: Duration = Duration::from_secs(10);

/// What was applied last: what was wanted, and how the object looked before and after.
#[derive(Debug, Clone)]
pub(super) struct LastApplied {
    wanted: String,
    /// How it looked before: none, if it was not there.
    before: Option<String>,
    after: String,
    /// Whether the watch has shown what came after.
    shown: bool,
    at: Instant,
}

/// Whether something is to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// All is as it was applied.
    Current,
    /// The watch has not shown yet what was applied; or somebody has undone it.
    Unseen,
    /// Something else is wanted, or somebody changed it.
    Stale,
}

impl LastApplied {
    pub(super) fn new(wanted: String, before: Option<String>, after: String) -> Self {
        Self {
            wanted,
            before,
            after,
            shown: false,
            at: Instant::now(),
        }
    }

    /// Compares it with what is wanted and seen now.
    pub(super) fn standing(&mut self, wanted: &str, seen: Option<&str>) -> Standing {
        if self.wanted != wanted {
            return Standing::Stale;
        }
        if seen == Some(self.after.as_str()) {
            self.shown = true;
            return Standing::Current;
        }
        let is_late = !self.shown && self.before.as_deref() == seen;
        if is_late && self.at.elapsed() < MAX_LATENESS {
            return Standing::Unseen;
        }
        Standing::Stale
    }
}

/// How an object looks, but for what others say of how it is.
pub(super) fn look(object: &ObjectMeta) -> String {
    let Some(generation) = object.generation else {
        return object.resource_version.clone().unwrap_or_default();
    };
    let annotations = object.annotations.iter().flatten();
    let annotations: Vec<_> = annotations
        .filter(|(name, _)| !name.starts_with("deployment.kubernetes.io/"))
        .collect();
    let owners = object.owner_references.iter().flatten();
    let owners: Vec<_> = owners.map(|it| (&it.uid, it.controller)).collect();
    format!(
        "{:?} {generation} {:?} {annotations:?} {owners:?}",
        object.uid, object.labels
    )
}
