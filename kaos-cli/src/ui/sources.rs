//! Where trails are: directories that are named, and folders of them.

use std::fs;
use std::path::{Path, PathBuf};

use kaos_hooks::audit::Trail;

use crate::output::Failed;
use crate::team::state::Place;

/// The most trails that are shown together.
const MAX_TRAILS: usize = 1000;

pub(super) struct Sources {
    named: Vec<PathBuf>,
    /// The team whose trails are shown where none is named.
    team: String,
}

impl Sources {
    /// What is named must be there.
    pub(super) fn of(named: &[PathBuf], team: &str) -> Result<Self, Failed> {
        for path in named {
            let there = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()));
            if !there?.is_dir() {
                return Err(format!("{}: it is no directory", path.display()).into());
            }
        }
        if named.is_empty() {
            Place::of(team)?;
        }
        Ok(Self {
            named: named.to_vec(),
            team: team.to_owned(),
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
        let team = &self.team;
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
        !self.named.is_empty()
            || Place::of(&self.team).is_ok_and(|it| it.running(&self.team).is_ok())
    }

    fn roots(&self) -> Vec<PathBuf> {
        if !self.named.is_empty() {
            return self.named.clone();
        }
        let place = Place::of(&self.team).ok();
        let record = place.and_then(|it| it.running(&self.team).ok());
        record.and_then(|it| it.trail).into_iter().collect()
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
