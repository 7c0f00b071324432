//! What all requests and the threads that read share.

use std::iter;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kaos_hooks::audit::Trail;
use kaos_hooks::{IdSource as _, RandomIds};
use kaos_otel_hook::Prices;
use tokio::sync::watch;

use super::agents::Agents;
use super::sources::Sources;
use super::verdict::Expected;
use super::watched::Watched;
use crate::output::Failed;
use crate::runs::Index;

pub(super) struct Shared {
    pub(super) sources: Sources,
    pub(super) expected: Expected,
    pub(super) agents: Agents,
    /// Where a span is found elsewhere.
    pub(super) elsewhere: Option<String>,
    index: RwLock<Index>,
    trails: RwLock<Vec<Arc<Watched>>>,
    /// Counts changes; pages wait for the next one.
    changes: watch::Sender<u64>,
    ending: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(
        sources: Sources,
        expected: Expected,
        agents: Agents,
        elsewhere: Option<String>,
        prices: Option<Prices>,
    ) -> Self {
        Self {
            sources,
            expected,
            agents,
            elsewhere,
            index: RwLock::new(Index::new(prices)),
            trails: RwLock::default(),
            changes: watch::Sender::new(1),
            ending: watch::Sender::new(false),
        }
    }

    /// It is waited for: who answers asks for it in `reading`.
    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change_index(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trails so far, by their numbers.
    pub(super) fn trails(&self) -> Vec<Arc<Watched>> {
        let trails = self.trails.read();
        trails.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes one more. Of several that are called the same, the later ones get numbers to their names.
    pub(super) fn add_trail(&self, name: &str, path: PathBuf, trail: Trail) {
        let number = self.change_index().add_trail();
        let trails = self.trails.write();
        let mut trails = trails.unwrap_or_else(PoisonError::into_inner);
        let is_free = |name: &String| trails.iter().all(|it| it.name != *name);
        let others = (2..).map(|count: u32| format!("{name} ({count})"));
        let mut names = iter::once(name.to_owned()).chain(others);
        let name = names.find(is_free).unwrap_or_default();
        trails.push(Arc::new(Watched::new(number, name, path, trail)));
    }

    /// Something is different: pages look again.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn version(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Waits until something is different from then, or the server ends.
    pub(super) async fn after(&self, version: u64) {
        let (mut changes, mut ending) = (self.changes.subscribe(), self.ending.subscribe());
        // It cannot fail: both senders are here.
        tokio::select! {
            _changed = changes.wait_for(|now| *now != version) => {}
            _ended = ending.wait_for(|ends| *ends) => {}
        }
    }

    /// Nobody waits any more.
    pub(super) fn end(&self) {
        self.ending.send_replace(true);
    }
}

/// A token nobody guesses.
pub(super) fn token() -> String {
    let ids = RandomIds;
    format!("{:016x}{:016x}", ids.next(), ids.next())
}

/// The fewest bytes of a token that somebody chose: what is shorter is guessed.
const LEAST_TOKEN: usize = 16;

/// A token that somebody chose.
pub(super) fn given_token(token: String) -> Result<String, Failed> {
    if token.len() < LEAST_TOKEN {
        return Err(format!(
            "KAOS_UI_TOKEN: expected {LEAST_TOKEN} characters or more, which nobody guesses"
        )
        .into());
    }
    // Browsers send it in a header.
    if !token.bytes().all(|it| it.is_ascii_graphic()) {
        return Err("KAOS_UI_TOKEN: expected ASCII without spaces".into());
    }
    Ok(token)
}

/// A token as it stands in an address.
pub(super) fn in_address(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A URL with `{trace}` and perhaps `{span}` in it.
pub(super) fn template(text: &str) -> Result<String, Failed> {
    let filled = text.replace("{trace}", "0").replace("{span}", "0");
    let url = reqwest::Url::parse(&filled);
    let is_web = url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_web && text.contains("{trace}") {
        Ok(text.to_owned())
    } else {
        Err("KAOS_TRACE_URL: expected http:// or https:// and {trace} in it".into())
    }
}
