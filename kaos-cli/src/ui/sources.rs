//! Where trails are: directories that are named, and folders of them.

use std::fs;
use std::path::{Path, PathBuf};

use kaos_hooks::audit::Trail;

use crate::output::Failed;
use crate::team::state::{Place, Record};

/// The most trails that are shown together.
const MAX_TRAILS: usize = 1000;

pub(super) struct Sources {
    named: Vec<PathBuf>,
    /// The team whose trails are shown where none is named; none where a cluster's agents are.
    team: Option<String>,
}

impl Sources {
    /// What is named must be there.
    pub(super) fn of(named: &[PathBuf], team: Option<&str>) -> Result<Self, Failed> {
        for path in named {
            let there = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()));
            if !there?.is_dir() {
                return Err(format!("{}: it is no directory", path.display()).into());
            }
        }
        if let Some(team) = team.filter(|_| named.is_empty()) {
            Place::of(team)?;
        }
        Ok(Self {
            named: named.to_vec(),
            team: team.map(str::to_owned),
        })
    }

    /// The trails that are there now: each name, and its directory.
    pub(super) fn trails(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for path in self.roots() {
            if is_trail(&path) {
                found.push((name(&path), path));
                continue;
            }
            let Ok(entries) = fs::read_dir(&path) else {
                continue;
            };
            let inside = entries.filter_map(|it| Some(it.ok()?.path()));
            let mut inside: Vec<_> = inside.filter(|it| is_trail(it)).collect();
            inside.sort();
            found.extend(inside.into_iter().map(|it| (name(&it), it)));
        }
        found.truncate(MAX_TRAILS);
        found
    }

    /// Why there is nothing to show yet, if there is nothing.
    pub(super) fn nothing(&self) -> Option<String> {
        if !self.trails().is_empty() {
            return None;
        }
        let places: Vec<_> = self
            .named
            .iter()
            .map(|it| it.display().to_string())
            .collect();
        if !places.is_empty() {
            let places = places.join(", ");
            return Some(format!(
                "there is no trail in {places} yet; it goes on looking"
            ));
        }
        let Some(team) = &self.team else {
            return Some(
                "no trail is named: what the cluster's agents do is not shown, only how they are"
                    .to_owned(),
            );
        };
        let record = Place::of(team).ok().map(|it| it.running(team));
        match record {
            // It records once it is asked.
            Some(Ok(record)) if record.trail.is_some() => None,
            Some(Ok(_)) => Some(format!(
                "the team {team} was started without --trail: there is nothing to show"
            )),
            _ => Some(format!(
                "no team called {team} runs, and no trail is named; it goes on looking"
            )),
        }
    }

    /// Whether trails are named, or a team runs.
    #[cfg(feature = "operator")]
    pub(super) fn are_known(&self) -> bool {
        !self.named.is_empty() || self.running().is_some()
    }

    fn roots(&self) -> Vec<PathBuf> {
        if !self.named.is_empty() {
            return self.named.clone();
        }
        let record = self.running();
        record.and_then(|it| it.trail).into_iter().collect()
    }

    fn running(&self) -> Option<Record> {
        let team = self.team.as_deref()?;
        Place::of(team).ok()?.running(team).ok()
    }
}

fn is_trail(path: &Path) -> bool {
    path.is_dir() && Trail::open_read(path).is_ok()
}

fn name(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
